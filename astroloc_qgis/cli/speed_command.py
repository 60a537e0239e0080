"""``benchmark speed``: what looking a photo up costs in time and memory."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.report import write_json
from astroloc_qgis.engine.geometry.nadir import Nadir


def add_speed(
    actions: Any,
    nadir: Callable[[str], Nadir],
    distance: Callable[[str], float],
    positive: Callable[[str], int],
) -> None:
    """Add the grammar of ``benchmark speed``.

    Args:
        actions: the subparsers of ``benchmark``.
        nadir: reads LAT,LON.
        distance: reads kilometres.
        positive: reads a whole number of at least 1.
    """
    parser: argparse.ArgumentParser = actions.add_parser(
        "speed", help="time and memory of describing a photo and looking it up, beside an exact search"
    )
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    parser.add_argument("--index", type=Path, required=True, metavar="DIR")
    parser.add_argument("--nadir", type=nadir, metavar="LAT,LON", help="measure the search about it, too")
    parser.add_argument("--radius-km", type=distance, default=2500.0, help="about the nadir (2500)")
    parser.add_argument("--repeat", type=positive, default=5, metavar="N", help="the median of so many counts (5)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run_speed(options: Namespace) -> None:
    """Measure, write what was asked for, and print the table.

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
    if options.json:
        write_json(options.json, measured)
    print(describe(measured))
