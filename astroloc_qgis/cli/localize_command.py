"""``localize``: find photos on Earth and georeference them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.each_photo import Work, each_photo
from astroloc_qgis.cli.nadir_table import read_nadirs
from astroloc_qgis.cli.nasa.localize_nasa import NasaOfPhotos, add_nasa_option
from astroloc_qgis.cli.report import prepare
from astroloc_qgis.cli.shared_arguments import (
    add_index,
    add_proposed_nadir,
    add_registration,
    add_search_limits,
    proposed_nadir,
    registration,
    search_limits,
)
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.progress import Progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.pipeline import Localization

CASE_COUNTS_NOT = sys.platform in ("win32", "darwin")
"""Whether names that differ only in capital letters name the same file."""


def add_localize(commands: Any) -> None:
    """Add the grammar of ``localize`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser("localize", help="find photos on Earth and georeference them")
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    add_index(parser, "index to search")
    parser.add_argument("--imagery", metavar="URI", help="reference to register to (default: the index's own)")
    add_search_limits(parser, "search only as far from the nadir; 0: no limit (2500, then the whole index)")
    add_proposed_nadir(parser)
    add_nasa_option(parser)
    parser.add_argument(
        "--nadirs", type=Path, metavar="FILE.csv", help="the sub-satellite point of each photo: file, lat, lon[, km]"
    )
    parser.add_argument(
        "--sequence", action="store_true", help="the photos follow each other: what one finds places its neighbours"
    )
    add_registration(parser)


def run_localize(options: Namespace) -> int:
    """Localize each photo.

    Raises:
        InputError: an input is wrong.
    """
    prepare(options)
    from astroloc_qgis.engine import pipeline

    nasa = NasaOfPhotos(options, options.photos)
    proposed = {} if options.nadir is not None else nasa.nadirs()
    nadirs = proposed | ({} if options.nadirs is None else read_nadirs(options.nadirs, options.photos))

    def begin(photos: Sequence[Path]) -> tuple[Work, Mapping[Path, InputError]]:
        limits, common = {**search_limits(options), **proposed_nadir(options)}, registration(options)

        def localize(photo: Path, progress: Progress) -> Localization:
            nadir = nadirs.get(photo, limits["nadir"])
            if (found := nasa.verify(photo, options, nadir, common, progress)) is not None:
                return found
            own = limits | nasa.limits(photo) | {"nadir": nadir}
            return pipeline.localize(
                photo, options.index, options.out, imagery=options.imagery, progress=progress, **own, **common
            )

        if len(photos) == 1:
            return localize, {}
        check_inputs(options)
        pipeline.check_options(options.out, **common)
        return localize, bad_photos(photos, options.out)

    def together(results: Mapping[Path, Localization], progress: Progress) -> Iterator[Localization]:
        from astroloc_qgis.engine.sequence.localization import Search, localize_neighbours

        search = Search(options.index, options.out, options.imagery, nadirs, registration(options))
        return localize_neighbours(results, search, progress=progress)

    return each_photo(options, begin, together if options.sequence else None, nasa.entry)


def check_inputs(options: Namespace) -> None:
    """Check the index and the imagery, which all photos share.

    Raises:
        InputError: they cannot be used.
    """
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.retrieval.remote_index import imagery_of, open_index

    Reference.open(imagery_of(open_index(options.index), options.imagery)).close()


def bad_photos(photos: Sequence[Path], out: Path) -> dict[Path, InputError]:
    """What is wrong with each bad photo, as far as a quick look at its file and the names of its outputs tells."""
    from astroloc_qgis.engine.exports.files import check_outputs
    from astroloc_qgis.engine.georeference.outputs import output_names
    from astroloc_qgis.engine.photo.checking import check_photo
    from astroloc_qgis.engine.photo.number import photo_name

    def check(photo: Path) -> None:
        check_photo(photo)
        check_outputs(out, output_names(photo_name(photo)).values())

    bad = {photo: error for photo in photos if (error := _refusal(check, photo)) is not None}
    named: dict[str, list[Path]] = {}
    for photo in photos:
        if photo not in bad:
            name = photo_name(photo)
            named.setdefault(name.casefold() if CASE_COUNTS_NOT else name, []).append(photo)
    for name, same in named.items():
        if len(same) > 1:
            sentence = (
                f"The results of {' and '.join(map(str, same))} would have the same names ({name}_...): localize them "
                "one by one, into different folders."
            )
            bad |= dict.fromkeys(same, InputError(sentence))
    return bad


def _refusal(check: Callable[[Path], None], photo: Path) -> InputError | None:
    try:
        check(photo)
    except InputError as error:
        return error
    return None
