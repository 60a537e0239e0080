"""``benchmark finer-index``: photos too narrow for the world's index, with an index of finer references."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import check_output_folder, publish
from astroloc_qgis.cli.shared_arguments import add_device, add_json, add_out
from astroloc_qgis.cli.values import positive, zooms
from astroloc_qgis.engine.descriptors.registry import DEFAULT

_ZOOMS = (10, 11, 12, 13, 14)


def add_finer_index(actions: Any) -> None:
    """Add the grammar of ``benchmark finer-index`` to the subparsers of ``benchmark``."""
    parser: ArgumentParser = actions.add_parser(
        "finer-index",
        help="index the references of photos of known place as one imagery, and localize all photos with it",
    )
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="with cases.json, or outlines.csv")
    parser.add_argument("--zooms", type=zooms, default=_ZOOMS, metavar="Z,Z,...", help="of the blocks (10,11,12,13,14)")
    parser.add_argument("--model", default=DEFAULT, metavar="NAME", help=f"descriptor (default {DEFAULT})")
    parser.add_argument("--no-nadir", action="store_true", help="keep the nadirs back: search the whole index")
    parser.add_argument("--matcher", default="auto", metavar="NAME")
    parser.add_argument(
        "--workers", type=positive, default=1, metavar="N", help="processes that describe blocks, then localize (1)"
    )
    add_device(parser)
    add_out(parser, "folder for the references, the index and the rows; the same command goes on with them")
    add_json(parser)


def run_finer_index(options: Namespace) -> None:
    """Build the index, localize the photos, and publish the tables.

    Raises:
        InputError: a folder or an option cannot be used.
    """
    check_output_folder(options.out)
    from astroloc_qgis.engine.benchmark.known import finer_index
    from astroloc_qgis.engine.benchmark.known.photos import read_known_photos
    from astroloc_qgis.engine.device import resolve_device
    from astroloc_qgis.engine.pipeline import check_options

    photos = [photo for folder in options.folders for photo in read_known_photos(folder)]
    chosen = {"matcher": options.matcher, "device": options.device}
    check_options(options.out, **chosen)
    finer_index.write_references(options.folders, options.out / finer_index.REFERENCES)
    with progress_bar("index") as progress:
        device = resolve_device(options.device)
        blocks = finer_index.build(
            options.out, options.zooms, options.model, device=device, workers=options.workers, progress=progress
        )
    with progress_bar("photos") as progress:
        rows = finer_index.run(
            photos, options.out, use_nadir=not options.no_nadir, workers=options.workers, progress=progress, **chosen
        )
    publish(
        options,
        {"blocks": blocks, **finer_index.summary(rows), "photos": rows},
        lambda: f"{blocks:,} blocks.\n\n{finer_index.table(rows)}",
    )
