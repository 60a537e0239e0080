"""``benchmark coregistration``: photos of known footprints, registered to their references."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import publish
from astroloc_qgis.cli.shared_arguments import add_device, add_json, add_plot


def add_coregistration(actions: Any) -> None:
    """Add the grammar of ``benchmark coregistration`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "coregistration", help="register photos of known footprints to their references"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with cases.json")
    parser.add_argument("--matcher", default="auto", metavar="NAME,...")
    parser.add_argument("--cross", action="store_true", help="also register each photo to the other cases' references")
    add_plot(parser, "draw photos found against seconds taken")
    add_device(parser)
    add_json(parser)


def run_coregistration(options: Namespace) -> None:
    """Measure, and publish the tables.

    Raises:
        InputError: bad cases, or an unknown matcher or device.
    """
    from astroloc_qgis.engine.benchmark.coregistration import run
    from astroloc_qgis.engine.benchmark.reports.coregistration import plot, table

    names = options.matcher.split(",")
    with progress_bar("benchmark") as progress:
        results = run(options.folder, names, cross=options.cross, device=options.device, progress=progress)
    publish(options, results, lambda: table(results), lambda: plot(results))
