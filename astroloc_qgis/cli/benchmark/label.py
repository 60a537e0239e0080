"""``benchmark label``: yield and precision of labels for photos of known place, whose centres are given roughly."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.batch.label_command import add_label_options, run_label
from astroloc_qgis.cli.report import check_output_folder, publish
from astroloc_qgis.cli.shared_arguments import add_json
from astroloc_qgis.cli.terminal import tell
from astroloc_qgis.cli.values import number, positive

_GIVEN, _REPORT = "given.csv", "report.json"
_MOST_OFF = 10.0


def add_label_benchmark(actions: Any) -> None:
    """Add the grammar of ``benchmark label`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "label", help="label photos of known place, whose centres are given roughly, and judge what is accepted"
    )
    parser.add_argument(
        "folders", type=Path, nargs="+", metavar="FOLDER", help="with photos.csv, cases.json, or outlines.csv"
    )
    parser.add_argument("--off-deg", type=degrees, default=2.0, metavar="D", help="centres are off by up to D (2)")
    parser.add_argument("--seed", type=int, default=25, metavar="N", help="of the photos' order and centres (25)")
    parser.add_argument("--no-nadir", action="store_true", help="keep the nadirs back")
    parser.add_argument("--photos", type=positive, metavar="N", help="only so many of each folder (default: all)")
    add_label_options(parser)
    add_json(parser)


def degrees(text: str) -> float:
    """How far off a centre may be, degrees."""
    return number(text, lambda value: 0 <= value <= _MOST_OFF, f"must be from 0 to {_MOST_OFF:g} degrees")


def run_label_benchmark(options: Namespace) -> None:
    """Write the table, label what is not labelled yet, judge what is done, and publish the tables.

    Raises:
        InputError: a folder, the index or the imagery cannot be used.
    """
    check_output_folder(options.out)
    from astroloc_qgis.engine.benchmark.known.labels import judged, summary, table, write_weak_labels
    from astroloc_qgis.engine.benchmark.known.photos import read_known_photos

    photos = [photo for folder in options.folders for photo in read_known_photos(folder)]
    given, report = options.out / _GIVEN, options.out / _REPORT
    options.out.mkdir(parents=True, exist_ok=True)
    count = write_weak_labels(
        photos, given, off_deg=options.off_deg, seed=options.seed, use_nadir=not options.no_nadir, most=options.photos
    )
    run_label(Namespace(**{**vars(options), "table": given, "json": report}))
    rows = judged(photos, json.loads(report.read_text(encoding="utf-8")))
    if len(rows) < count:
        tell(f"The numbers are those of {len(rows)} of {count} photos: the same command goes on.")
    publish(options, {**summary(rows), "photos": rows}, lambda: table(rows))
