"""``refine``: georeference a photo whose place is roughly known."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.each_photo import each_photo
from astroloc_qgis.cli.report import prepare
from astroloc_qgis.cli.shared_arguments import add_nadir, add_photo, add_registration, registration
from astroloc_qgis.engine.progress import Progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.pipeline import Localization


def add_refine(commands: Any) -> None:
    """Add the grammar of ``refine`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser("refine", help="georeference a photo whose place is roughly known")
    add_photo(parser)
    parser.add_argument("--imagery", required=True, metavar="URI", help="reference to register to")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--block", metavar="ZOOM/ROW/COL", help="top-left tile of a 4 x 4 block about the photo")
    place.add_argument("--footprint", type=Path, metavar="FILE", help="polygon of the photo's four corners")
    add_nadir(parser)
    add_registration(parser)


def run_refine(options: Namespace) -> int:
    """Register the photo to the imagery about its place.

    Raises:
        InputError: an input is wrong.
    """
    prepare(options)
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.tiles import Block

    block = None if options.block is None else Block.parse(options.block)

    def refine(photo: Path, progress: Progress) -> Localization:
        place: dict[str, Any] = {"block": block, "footprint": options.footprint, "nadir": options.nadir}
        return pipeline.refine(
            photo, options.imagery, options.out, progress=progress, **place, **registration(options)
        )  # fmt: skip

    return each_photo(options, lambda _photos: (refine, {}))
