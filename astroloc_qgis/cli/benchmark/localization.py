"""``benchmark localization``: how many photos of known place are found, and in what time."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import check_writable, publish
from astroloc_qgis.cli.shared_arguments import add_device, add_index, add_json, add_limit
from astroloc_qgis.cli.values import distance


def add_localization(actions: Any) -> None:
    """Add the grammar of ``benchmark localization`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "localization", help="localize photos of known footprints with an index, from beginning to end"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with photos.csv, or cases.json")
    add_index(parser)
    parser.add_argument("--imagery", metavar="URI", help="to register to (default: the index's own)")
    parser.add_argument("--radius-km", type=distance, default=2500.0, help="about each nadir; 0: no nadir (2500)")
    parser.add_argument("--matcher", default="auto", metavar="NAME")
    add_limit(parser)
    parser.add_argument("--work", type=Path, required=True, metavar="FILE", help="takes a line a photo; resumable")
    add_device(parser)
    add_json(parser)


def run_localization(options: Namespace) -> None:
    """Measure, and publish the summary.

    Raises:
        InputError: the folder, the index or the imagery cannot be used.
    """
    check_writable(options.work, "work file")
    from astroloc_qgis.engine.benchmark.localization import describe, run, summary
    from astroloc_qgis.engine.benchmark.retrieval import read_queries

    with progress_bar("benchmark") as progress:
        entries = run(
            read_queries(options.folder, options.limit),
            options.index, options.work, imagery=options.imagery, radius_km=options.radius_km, matcher=options.matcher,
            device=options.device, progress=progress,
        )  # fmt: skip
    publish(options, {**summary(entries), "photos": entries}, lambda: describe(entries))
