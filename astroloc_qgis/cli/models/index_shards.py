"""``index shard`` and ``index export``: an index in shards, and its blocks for other programs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.shared_arguments import add_out
from astroloc_qgis.cli.values import positive


def add_shards(actions: Any) -> None:
    """Add the grammar of both to the actions of ``index``."""
    shard: ArgumentParser = actions.add_parser("shard", help="divide an index into shards by zoom and region")
    shard.add_argument("folder", type=Path, metavar="DIR")
    shard.add_argument("--kind", default="", metavar="KIND", help="vector store: Flat, SQ8, ... (default: as it is)")
    shard.add_argument(
        "--coarse", action="store_true", help="keep coarse codes too (32 bytes a block), for the whole world at once"
    )
    shard.add_argument("--rows", type=positive, metavar="N", help="blocks in a shard, at most (200000)")
    add_out(shard)
    export: ArgumentParser = actions.add_parser(
        "export", help="write the blocks as GeoParquet, with a STAC collection, for other programs"
    )
    export.add_argument("folder", type=Path, metavar="DIR")
    export.add_argument("--descriptors", action="store_true", help="with the descriptors, as lists of float32")
    add_out(export)


def run_shard(options: Namespace) -> Any:
    """Divide the index, and return it.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.index.sharded.split import MOST_ROWS, shard_index

    with progress_bar(options.out.name) as progress:
        return shard_index(
            options.folder, options.out, kind=options.kind, coarse=options.coarse, rows=options.rows or MOST_ROWS,
            progress=progress,
        )  # fmt: skip


def run_export(options: Namespace) -> str:
    """Export the index; returns what to print.

    Raises:
        InputError: an input is wrong, or pyarrow is not installed.
    """
    from astroloc_qgis.engine.index.sharded.export import export_index

    with progress_bar(options.out.name) as progress:
        written = export_index(options.folder, options.out, descriptors=options.descriptors, progress=progress)
    size = sum(path.stat().st_size for path in written)
    return f"{options.out}: {len(written)} files, {size / 1e6:,.1f} MB; begin with {options.out / 'collection.json'}"
