"""``localize``: find photos on Earth and georeference them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.each_photo import each_photo
from astroloc_qgis.cli.report import prepare
from astroloc_qgis.cli.shared_arguments import (
    add_index,
    add_registration,
    add_search_limits,
    registration,
    search_limits,
)
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.progress import Progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.pipeline import Localization


def add_localize(commands: Any) -> None:
    """Add the grammar of ``localize`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser("localize", help="find photos on Earth and georeference them")
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    add_index(parser, "index to search")
    parser.add_argument("--imagery", metavar="URI", help="reference to register to (default: the index's own)")
    add_search_limits(parser)
    add_registration(parser)


def run_localize(options: Namespace) -> int:
    """Localize each photo.

    Raises:
        InputError: an input is wrong, or two photos would have results of the same names.
    """
    prepare(options)
    from astroloc_qgis.engine import pipeline

    if len(options.photos) > 1:
        _check_names(options.photos)

    def localize(photo: Path, progress: Progress) -> Localization:
        limits = search_limits(options)
        return pipeline.localize(
            photo, options.index, options.out, imagery=options.imagery, progress=progress, **limits,
            **registration(options),
        )  # fmt: skip

    return each_photo(options, localize)


def _check_names(photos: list[Path]) -> None:
    """Read the photos and their names, so that a bad one is reported before hours of work.

    Raises:
        InputError: a photo cannot be read, or two photos would have results of the same names.
    """
    from astroloc_qgis.engine.photo.reading import read_photo

    names: dict[str, Path] = {}
    for photo in photos:
        name = read_photo(photo).name
        if name in names:
            raise InputError(
                f"The results of {names[name]} and {photo} would have the same names ({name}_...): localize them "
                "one by one, into different folders."
            )
        names[name] = photo
