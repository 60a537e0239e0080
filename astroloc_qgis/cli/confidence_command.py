"""``benchmark simulated``, ``benchmark pairs`` and ``benchmark calibrate``: what is confidence worth?"""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import check_plot, check_writable, write_json, write_plot
from astroloc_qgis.engine.errors import InputError


def add_confidence(actions: Any, positive: Any) -> None:
    """Add the grammar of the three.

    Args:
        actions: the subparsers of ``benchmark``.
        positive: parser of a whole number above 0.
    """
    simulated: argparse.ArgumentParser = actions.add_parser(
        "simulated", help="photos simulated at real footprints, and hard false pairs, through the whole cascade"
    )
    simulated.add_argument("footprints", type=Path, metavar="FOOTPRINTS.csv")
    simulated.add_argument("--imagery", required=True, metavar="URI", help="to render the photos from and register to")
    simulated.add_argument("--split", default="test", metavar="NAME", help="rows of the table to take (test)")
    simulated.add_argument("--photos", type=positive, default=300, metavar="N")
    simulated.add_argument("--false", type=positive, default=3, metavar="N", help="false pairs a photo (3)")
    simulated.add_argument("--matcher", default="auto", metavar="NAME")
    simulated.add_argument("--rows", type=Path, required=True, metavar="FILE.jsonl", help="made, or continued")
    simulated.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the reliability diagram")
    simulated.add_argument("--json", type=Path, metavar="FILE")

    pairs: argparse.ArgumentParser = actions.add_parser(
        "pairs", help="register photos of known footprints to right and wrong places, to calibrate from"
    )
    pairs.add_argument("folder", type=Path, metavar="FOLDER", help="with photos.csv")
    pairs.add_argument("--imagery", required=True, metavar="URI")
    pairs.add_argument("--matcher", required=True, metavar="NAME")
    pairs.add_argument("--kinds", default="true,veiled,neighbour,scale,mirrored", metavar="KIND,...")
    pairs.add_argument("--photos", type=positive, default=10**6, metavar="N", help="only so many of the photos")
    pairs.add_argument("--strangers", type=positive, default=40, metavar="N", help="places of the kind 'stranger'")
    pairs.add_argument("--rows", type=Path, required=True, metavar="FILE.jsonl", help="made, or continued")
    pairs.add_argument("--json", type=Path, metavar="FILE")

    fit: argparse.ArgumentParser = actions.add_parser(
        "calibrate", help="fit a matcher's confidence to what 'benchmark pairs' found"
    )
    fit.add_argument("rows", nargs="+", type=Path, metavar="FILE.jsonl")
    fit.add_argument("--source", required=True, metavar="TEXT", help="what the pairs were made of, for the file")
    fit.add_argument("--out", type=Path, metavar="DIR", help="write <matcher>.json there (default: into the package)")
    fit.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the reliability diagram")
    fit.add_argument("--json", type=Path, metavar="FILE")


def run_confidence(options: Namespace) -> None:
    """Do what was asked for and print it.

    Raises:
        InputError: something given is wrong.
    """
    if getattr(options, "plot", None):
        check_plot(options.plot)
    {"simulated": _simulated, "pairs": _pairs, "calibrate": _calibrate}[options.action](options)


def _simulated(options: Namespace) -> None:
    from astroloc_qgis.engine.benchmark.reports.simulated import evidence, reliability_plot, summary, tables
    from astroloc_qgis.engine.benchmark.simulated import read_footprints, run_simulated
    from astroloc_qgis.engine.imagery.reference import Reference

    footprints = read_footprints(options.footprints, options.split)
    check_writable(options.rows)
    reference = Reference.open(options.imagery)
    try:
        with progress_bar("simulated") as progress:
            rows = run_simulated(
                footprints,
                reference,
                options.rows,
                count=options.photos,
                false_pairs=options.false,
                matcher=options.matcher,
                progress=progress,
            )
    finally:
        reference.close()
    if options.json:
        write_json(options.json, summary(rows))
    if options.plot:
        write_plot(options.plot, reliability_plot(*evidence(rows), "confidence of auto, simulated photos"))
    print(tables(rows))


def _pairs(options: Namespace) -> None:
    from astroloc_qgis.engine.benchmark.pairs import (
        KINDS,
        make_pairs,
        read_photos,
        read_rows,
        run_pairs,
        run_strangers,
        shuffled,
        stranger_places,
    )
    from astroloc_qgis.engine.confidence.calibrate import counts_table
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.matchers.registry import check_name

    check_name(options.matcher)
    kinds = options.kinds.split(",")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise InputError(f"There is no kind of pair '{unknown[0]}': choose of {', '.join(KINDS)}.")
    photos = shuffled(read_photos(options.folder))[: options.photos]
    check_writable(options.rows)
    reference = Reference.open(options.imagery)
    try:
        for kind in kinds:
            with progress_bar(kind) as progress:
                if kind == "stranger":
                    places = stranger_places(photos, options.strangers)
                    run_strangers(photos, places, reference, options.matcher, options.rows, progress=progress)
                else:
                    pairs = list(make_pairs(photos, kind, 1))
                    run_pairs(pairs, reference, options.matcher, options.rows, use_nadir=False, progress=progress)
    finally:
        reference.close()
    rows = read_rows(options.rows)
    if options.json:
        write_json(options.json, rows)
    print(counts_table(rows))


def _calibrate(options: Namespace) -> None:
    from astroloc_qgis.engine.benchmark.pairs import read_rows
    from astroloc_qgis.engine.benchmark.reports.simulated import reliability_plot
    from astroloc_qgis.engine.confidence.calibrate import calibrate, describe
    from astroloc_qgis.engine.confidence.model import FOLDER, write_weights

    rows = [row for path in options.rows for row in read_rows(path)]
    names = {row["matcher"] for row in rows}
    if len(names) != 1:
        raise InputError(f"The rows are of {len(names)} matchers ({', '.join(sorted(names))}): give those of one.")
    (matcher,) = names
    found = calibrate(rows, options.source)
    path = write_weights(found.weights, matcher, found.made, options.out or FOLDER)
    if options.json:
        write_json(options.json, found.made)
    if options.plot:
        write_plot(
            options.plot, reliability_plot(found.held_out, found.right.astype(float), f"{matcher}, photos held out")
        )
    print(describe(found, matcher, path))
