"""``benchmark photos``: simulated photos of known place, as queries of ``benchmark retrieval``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import check_output_folder
from astroloc_qgis.cli.shared_arguments import add_out
from astroloc_qgis.cli.values import positive


def add_photos(actions: Any) -> None:
    """Add the grammar of ``benchmark photos`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "photos", help="simulate photos at test footprints of EarthLoc's six regions, for 'benchmark retrieval'"
    )
    parser.add_argument("--imagery", required=True, metavar="URI")
    parser.add_argument("--footprints", type=Path, required=True, metavar="CSV", help="split 'test' is used")
    parser.add_argument("--per-region", type=positive, default=50, metavar="N")
    parser.add_argument("--seed", type=int, default=7)
    add_out(parser)
    parser.set_defaults(json=None)


def run_photos(options: Namespace) -> None:
    """Write the photos, and say how many.

    Raises:
        InputError: as ``write_query_photos``.
    """
    check_output_folder(options.out)
    from astroloc_qgis.engine.benchmark.query_photos import write_query_photos

    with progress_bar(options.out.name) as progress:
        count = write_query_photos(
            options.imagery,
            options.footprints,
            options.out,
            per_region=options.per_region,
            seed=options.seed,
            progress=progress,
        )
    print(f"{options.out}: {count} photos")
