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
        "calibrate", help="fit a matcher's confidence to what 'benchmark pairs' found, and check it on real photos"
    )
    fit.add_argument(
        "rows", nargs="+", type=Path, metavar="FILE", help="of 'pairs', 'aims', 'coregistration', 'photos-real'"
    )
    fit.add_argument("--matcher", metavar="NAME,...", help="only these (default: all that the rows are of)")
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
    """Calibrate the matchers that the rows are of, write their files, and publish their quality.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.benchmark.reports.simulated import reliability_plot
    from astroloc_qgis.engine.benchmark.trials import calibration_rows
    from astroloc_qgis.engine.confidence.calibrate import calibrate, check, describe
    from astroloc_qgis.engine.confidence.model import FOLDER, write_weights

    if options.out is not None:
        check_output_folder(options.out)
    rows = calibration_rows(options.rows)
    names = sorted({row["matcher"] for row in rows})
    if options.matcher is not None:
        names = [name for name in names if name in options.matcher.split(",")]
    if not names:
        raise InputError(f"The rows are not of {options.matcher}: name a matcher that they are of.")
    if options.plot and len(names) > 1:
        raise InputError(f"The plot is of one matcher, and the rows are of {', '.join(names)}: choose by --matcher.")
    results, said = {}, []
    for name in names:
        own = [row for row in rows if row["matcher"] == name]
        real = all(row.get("real") for row in own)
        found = check(own, name, options.source) if real else calibrate(own, options.source)
        path = write_weights(found.weights, name, found.made, options.out or FOLDER)
        results[name] = found
        said.append(describe(found, name, path))
    made = {name: found.made for name, found in results.items()}
    last, title = results[names[-1]], f"{names[-1]}, photos held out"
    publish(
        options,
        made if len(names) > 1 else made[names[0]],
        lambda: "\n\n".join(said),
        lambda: reliability_plot(last.held_out, last.right.astype(float), title),
    )
