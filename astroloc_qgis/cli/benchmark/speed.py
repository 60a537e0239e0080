"""``benchmark speed``: time and memory of a search."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.report import publish
from astroloc_qgis.cli.shared_arguments import add_device, add_index, add_json
from astroloc_qgis.cli.values import distance, nadir, positive


def add_speed(actions: Any) -> None:
    """Add the grammar of ``benchmark speed`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "speed", help="time and memory of describing a photo and looking it up, beside an exact search"
    )
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    add_index(parser)
    parser.add_argument("--nadir", type=nadir, metavar="LAT,LON", help="measure the search about it, too")
    parser.add_argument("--radius-km", type=distance, default=2500.0, help="about the nadir (2500)")
    parser.add_argument("--repeat", type=positive, default=5, metavar="N", help="repetitions; the median counts (5)")
    add_device(parser)
    add_json(parser)


def run_speed(options: Namespace) -> None:
    """Measure, and publish the table.

    Raises:
        InputError: the photo or the index cannot be used.
    """
    from astroloc_qgis.engine.benchmark.speed import describe, run

    measured = run(
        options.photo,
        options.index,
        nadir=options.nadir,
        radius_km=options.radius_km,
        repeat=options.repeat,
        device=options.device,
    )
    publish(options, measured, lambda: describe(measured))
