"""``benchmark index-size``: what a search costs in indexes of millions of blocks, by storage."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import publish
from astroloc_qgis.cli.shared_arguments import add_json
from astroloc_qgis.cli.values import counts, positive


def add_index_size(actions: Any) -> None:
    """Add the grammar of ``benchmark index-size`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "index-size", help="disk, memory, time and recall of searches among millions of synthetic blocks, by storage"
    )
    parser.add_argument("--rows", type=counts, default=(1_000_000,), metavar="N,N,...", help="blocks (1000000)")
    parser.add_argument(
        "--storage",
        default="",
        metavar="KIND KIND ...",
        nargs="+",
        help="kinds of vector store, with +coarse for coarse codes (default: Flat SQfp16 SQ8 SQ8+coarse PQ64np "
        "PQ128x7np); Flat is measured in any case, as the exact search",
    )
    parser.add_argument(
        "--work", type=Path, required=True, metavar="DIR", help="for the indexes; resumed if it is there"
    )
    parser.add_argument("--world", type=Path, metavar="DIR", help="index that descriptors are drawn from (the world's)")
    parser.add_argument("--photos", type=positive, default=20, metavar="N", help="searches of each sort (20)")
    parser.add_argument("--seed", type=positive, default=1, metavar="N")
    parser.add_argument("--threads", type=counts, default=(1,), metavar="N,N,...", help="of a search (1)")
    parser.add_argument("--shard-rows", type=positive, metavar="N", help="blocks in a shard, at most (200000)")
    parser.add_argument("--keep", action="store_true", help="do not delete the indexes")
    add_json(parser)


def run_index_size(options: Namespace) -> None:
    """Measure, and publish the table.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.benchmark.index_size.measuring import STORAGES, check_work_folder, describe, run
    from astroloc_qgis.engine.index.sharded.split import MOST_ROWS
    from astroloc_qgis.engine.resources import shipped

    check_work_folder(options.work)
    with progress_bar(options.work.name) as progress:
        measured = run(
            options.world or shipped("index", "world"),
            options.work,
            options.rows,
            options.storage or STORAGES,
            photos=options.photos,
            seed=options.seed,
            threads=options.threads,
            most_rows=options.shard_rows or MOST_ROWS,
            keep=options.keep,
            progress=progress,
        )
    publish(options, measured, lambda: describe(measured))
