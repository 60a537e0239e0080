"""``benchmark aims``: EarthMatch's benchmark of real photos, each with its retrieved candidates."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import publish
from astroloc_qgis.cli.shared_arguments import add_device, add_json


def add_aims(actions: Any) -> None:
    """Add the grammar of ``benchmark aims`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "aims", help="register photos to their retrieved candidates, in EarthMatch's layout"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder for each photo, and outlines.csv")
    parser.add_argument("--matcher", default="auto", metavar="NAME,...")
    parser.add_argument(
        "--work", type=Path, default=Path("aims.jsonl"), metavar="FILE", help="rows so far; continued when run again"
    )
    add_device(parser)
    add_json(parser)


def run_aims(options: Namespace) -> None:
    """Measure, and publish the tables.

    Raises:
        InputError: a folder in another layout, or an unknown matcher or device.
    """
    from astroloc_qgis.engine.benchmark.aims import read_aims, run
    from astroloc_qgis.engine.benchmark.reports.aims import table

    photos = read_aims(options.folder)
    with progress_bar("benchmark") as progress:
        rows = run(photos, options.matcher.split(","), options.work, device=options.device, progress=progress)
    publish(options, rows, lambda: table(rows))
