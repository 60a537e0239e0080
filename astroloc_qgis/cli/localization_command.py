"""``benchmark localization``: of photos whose place is known, how many are found, and in what time."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import write_json


def add_localization(actions: Any, distance: Callable[[str], float]) -> None:
    """Add the grammar of ``benchmark localization``.

    Args:
        actions: the subparsers of ``benchmark``.
        distance: reads kilometres.
    """
    parser: argparse.ArgumentParser = actions.add_parser(
        "localization", help="localize photos of known footprints with an index, from beginning to end"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with photos.csv, or cases.json")
    parser.add_argument("--index", type=Path, required=True, metavar="DIR")
    parser.add_argument("--imagery", metavar="URI", help="to register to (default: the index's own)")
    parser.add_argument("--radius-km", type=distance, default=2500.0, help="about each nadir; 0: no nadir (2500)")
    parser.add_argument("--matcher", default="auto", metavar="NAME")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N photos of each region")
    parser.add_argument("--work", type=Path, required=True, metavar="FILE", help="takes a line a photo; resumable")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run_localization(options: Namespace) -> None:
    """Measure, write what was asked for, and say how it went.

    Raises:
        InputError: the folder, the index or the imagery cannot be used.
    """
    from astroloc_qgis.engine.benchmark.localization import describe, run, summary
    from astroloc_qgis.engine.benchmark.retrieval import read_queries

    with progress_bar("benchmark") as progress:
        entries = run(
            read_queries(options.folder, options.limit),
            options.index,
            options.work,
            imagery=options.imagery,
            radius_km=options.radius_km,
            matcher=options.matcher,
            device=options.device,
            progress=progress,
        )
    if options.json:
        write_json(options.json, {**summary(entries), "photos": entries})
    print(describe(entries))
