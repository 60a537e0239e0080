"""Which page of a TIFF is the photo: the largest, be it a page or inside one; and whether it is a raw file's."""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from pathlib import Path

from astroloc_qgis.engine.photo.tiff import COMPRESSION, PHOTOMETRIC, SAMPLES, Directory, Tiff

logger = logging.getLogger(__name__)

_COLOUR_FILTER_ARRAY, _LINEAR_RAW = 32803, 34892  # PhotometricInterpretation (TIFF/EP, ISO 12234-2; DNG 1.6)
_RAW_COMPRESSIONS = {32767, 34713}  # Sony's and Nikon's
_DNG_VERSION = 0xC612


def read_pages(path: Path) -> list[Directory]:
    """All directories of a TIFF; none of another file, or of a damaged one."""
    try:
        with path.open("rb") as file:
            tiff = Tiff.of(file)
            return [] if tiff is None else list(tiff.directories())
    except (OSError, struct.error, ValueError) as error:
        logger.info("The directories of %s could not be read: %s", path, error)
        return []


def picture_of(pages: Sequence[Directory]) -> Directory:
    """The directory of the picture: the largest that is neither a mask nor a reduced version, colour before grey."""
    whole = [page for page in pages if page.area and not page.is_mask] or list(pages)
    candidates = [page for page in whole if not page.is_reduced] or whole
    return max(candidates, key=lambda page: (page.area, page.number(SAMPLES, 1)))


def rivals_of(picture: Directory, pages: Sequence[Directory]) -> list[Directory]:
    """Other pages large enough to be meant: at least half as wide and high, in as many colours."""
    return [
        page
        for page in pages
        if page is not picture
        and not (page.is_mask or page.is_reduced)
        and all(2 * side >= of_picture for side, of_picture in zip(page.size, picture.size, strict=True))
        and page.number(SAMPLES, 1) >= picture.number(SAMPLES, 1)
    ]


def has_raw_page(pages: Sequence[Directory]) -> bool:
    """Whether one of the directories of a TIFF is a camera's raw picture, or calls the file a DNG."""
    return any(_is_raw(page) for page in pages)


def _is_raw(page: Directory) -> bool:
    return (
        page.number(PHOTOMETRIC) in (_COLOUR_FILTER_ARRAY, _LINEAR_RAW)
        or page.number(COMPRESSION) in _RAW_COMPRESSIONS
        or _DNG_VERSION in page.entries
    )
