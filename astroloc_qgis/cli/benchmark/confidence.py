"""``benchmark simulated``, ``benchmark pairs`` and ``benchmark calibrate``: confidence measured and calibrated."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import check_output_folder, check_writable, publish
from astroloc_qgis.cli.shared_arguments import add_json, add_plot
from astroloc_qgis.cli.values import positive
from astroloc_qgis.engine.errors import InputError


def add_confidence(actions: Any) -> None:
    """Add the grammar of the three commands to the subparsers of ``benchmark``."""
    simulated: ArgumentParser = actions.add_parser(
        "simulated", help="register photos simulated at real footprints, and hard false pairs, by the whole cascade"
    )
    simulated.add_argument("footprints", type=Path, metavar="FOOTPRINTS.csv")
    simulated.add_argument("--imagery", required=True, metavar="URI", help="to render the photos from and register to")
    simulated.add_argument("--split", default="test", metavar="NAME", help="rows of the table to take (test)")
    simulated.add_argument("--photos", type=positive, default=300, metavar="N")
    simulated.add_argument("--false", type=positive, default=3, metavar="N", help="false pairs a photo (3)")
    simulated.add_argument("--matcher", default="auto", metavar="NAME")
    _add_rows(simulated)
    add_plot(simulated, "draw the reliability diagram")
    add_json(simulated)

    pairs: ArgumentParser = actions.add_parser(
        "pairs", help="register photos of known footprints to right and wrong places, to calibrate from"
    )
    pairs.add_argument("folder", type=Path, metavar="FOLDER", help="with photos.csv")
    pairs.add_argument("--imagery", required=True, metavar="URI")
    pairs.add_argument("--matcher", required=True, metavar="NAME")
    pairs.add_argument("--kinds", default="true,veiled,neighbour,scale,mirrored", metavar="KIND,...")
    pairs.add_argument("--photos", type=positive, default=10**6, metavar="N", help="number of photos (all)")
    pairs.add_argument("--strangers", type=positive, default=40, metavar="N", help="places of the kind 'stranger'")
    _add_rows(pairs)
    add_json(pairs)

    fit: ArgumentParser = actions.add_parser(
        "calibrate", help="fit a matcher's confidence to what 'benchmark pairs' found"
    )
    fit.add_argument("rows", nargs="+", type=Path, metavar="FILE.jsonl")
    fit.add_argument("--source", required=True, metavar="TEXT", help="what the pairs were made of, for the file")
    fit.add_argument("--out", type=Path, metavar="DIR", help="write <matcher>.json there (default: into the package)")
    add_plot(fit, "draw the reliability diagram")
    add_json(fit)


def _add_rows(parser: ArgumentParser) -> None:
    parser.add_argument("--rows", type=Path, required=True, metavar="FILE.jsonl", help="written, or continued")


def run_simulated(options: Namespace) -> None:
    """Measure the cascade on simulated photos, and publish the rates.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.benchmark.reports.simulated import evidence, reliability_plot, summary, tables
    from astroloc_qgis.engine.benchmark.simulated import run_simulated
    from astroloc_qgis.engine.benchmark.simulated_photos import read_footprints
    from astroloc_qgis.engine.imagery.reference import Reference

    footprints = read_footprints(options.footprints, options.split)
    check_writable(options.rows, "table of rows")
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
    title = "confidence of auto, simulated photos"
    publish(options, summary(rows), lambda: tables(rows), lambda: reliability_plot(*evidence(rows), title))


def run_pairs(options: Namespace) -> None:
    """Register pairs of a folder of photos, and publish their counts.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.benchmark.pairs import (
        KINDS,
        make_pairs,
        read_photos,
        run_pairs,
        run_strangers,
        shuffled,
        stranger_places,
    )
    from astroloc_qgis.engine.benchmark.rows import read_rows
    from astroloc_qgis.engine.confidence.calibrate import counts_table
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.matchers.registry import check_name

    check_name(options.matcher)
    kinds = options.kinds.split(",")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise InputError(f"There is no kind of pair '{unknown[0]}': choose of {', '.join(KINDS)}.")
    photos = shuffled(read_photos(options.folder))[: options.photos]
    check_writable(options.rows, "table of rows")
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
    publish(options, rows, lambda: counts_table(rows))


def run_calibrate(options: Namespace) -> None:
    """Fit a matcher's confidence, write it, and publish its quality.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.benchmark.reports.simulated import reliability_plot
    from astroloc_qgis.engine.benchmark.rows import read_rows
    from astroloc_qgis.engine.confidence.calibrate import calibrate, describe
    from astroloc_qgis.engine.confidence.model import FOLDER, write_weights

    if options.out is not None:
        check_output_folder(options.out)
    rows = [row for path in options.rows for row in read_rows(path)]
    names = {row["matcher"] for row in rows}
    if len(names) != 1:
        raise InputError(f"The rows are of {len(names)} matchers ({', '.join(sorted(names))}): give those of one.")
    (matcher,) = names
    found = calibrate(rows, options.source)
    path = write_weights(found.weights, matcher, found.made, options.out or FOLDER)
    right, title = found.right.astype(float), f"{matcher}, photos held out"
    publish(
        options,
        found.made,
        lambda: describe(found, matcher, path),
        lambda: reliability_plot(found.held_out, right, title),
    )
