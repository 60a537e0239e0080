"""``index import``: a published index becomes one of ours."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.shared_arguments import add_out


def add_import(actions: Any) -> None:
    """Add the grammar of ``index import`` to the actions of ``index``."""
    parser: ArgumentParser = actions.add_parser(
        "import", help="make an index of a published one (a faiss IndexFlatL2 in four turns, and a CSV of its tiles)"
    )
    parser.add_argument("vectors", type=Path, metavar="FAISS", help="the published index")
    parser.add_argument("table", type=Path, metavar="CSV", help="the tiles' paths, in the order of the index")
    parser.add_argument("--model", required=True, metavar="NAME", help="descriptor that made it, such as earthloc2")
    parser.add_argument(
        "--imagery", default="", metavar="URI", help="that the tiles show (default: EOX's Sentinel-2 cloudless)"
    )
    parser.add_argument("--kind", metavar="KIND", help="vector store: Flat, SQfp16, SQ8, ... (default Flat: exact)")
    parser.add_argument("--title", default="")
    add_out(parser)


def run_import(options: Namespace) -> Any:
    """Import the index, and return it.

    Raises:
        InputError: an input is wrong.
    """
    from astroloc_qgis.engine.index.plan import EXACT
    from astroloc_qgis.engine.index.published_index import import_index

    with progress_bar(options.out.name) as progress:
        return import_index(
            options.vectors, options.table, options.out, model=options.model, imagery=options.imagery,
            kind=options.kind or EXACT, title=options.title, progress=progress,
        )  # fmt: skip
