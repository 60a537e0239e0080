"""Reading a photo: pixels, EXIF, NASA photo number."""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.copies import keep_copy
from astroloc_qgis.engine.photo.decoding.decode import decode
from astroloc_qgis.engine.photo.exif import Exif, read_exif
from astroloc_qgis.engine.photo.field_of_view import field_ratio
from astroloc_qgis.engine.photo.kinds import kind_of
from astroloc_qgis.engine.photo.limits import check_size, damaged
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.photo.raster import (
    not_an_image,
    open_raster,
    read_bands,
    split_alpha,
    stretch_range,
    stretch_table,
    upright,
)

gdal.UseExceptions()

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo, upright.

    Attributes:
        path: the file it came from.
        pixels: (H, W, 3) uint8 or uint16 RGB, turned upright by the EXIF orientation; grey is repeated. All photo
            coordinates refer to this raster.
        alpha: (H, W) uint8 opacity, or None where the file has none.
        grey: True when the file has one colour band.
        nasa_id: NASA's photo number ("ISS056-E-181034") from the file's name, or None.
        focal_length_mm: focal length from EXIF, or None.
        taken: time from EXIF as the camera's clock had it (no time zone; NASA sets them to UTC), or None.
        orientation: EXIF orientation of the file, 1 to 8; ``raster.to_stored`` leads to the pixels as it has them. 1
            for a raw file, HEIC, AVIF and JPEG XL, which whatever opens them turns.
        exif_nadir: the camera's position from EXIF, a proposal, or None.
        field_ratio: what its long side shows, as a part of the distance (``field_of_view``), or None.
    """

    path: Path
    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    alpha: NDArray[np.uint8] | None
    grey: bool
    nasa_id: str | None
    focal_length_mm: float | None
    taken: datetime | None
    orientation: int = 1
    exif_nadir: Nadir | None = None
    field_ratio: float | None = None

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.width, self.height

    @property
    def name(self) -> str:
        """NASA's photo number, or the file's name without its ending."""
        return self.nasa_id or self.path.stem

    def rgb8(self) -> NDArray[np.uint8]:
        """Return (H, W, 3) uint8; 16 bits are stretched between the darkest and brightest thousandth of all values.

        The range is that of all channels together, which keeps the colours, and of the whole photo: cameras of 12 or
        14 bits use a part of the 16.
        """
        if self.pixels.dtype == np.uint8:
            return self.pixels.astype(np.uint8, copy=False)
        return np.asarray(self._table[self.pixels])

    @cached_property
    def _table(self) -> NDArray[np.uint8]:
        return stretch_table(*stretch_range(self.pixels, self.alpha))


def read_photo(path: str | Path) -> Photo:
    """Read a photo of 8 or 16 bits, grey or colour, with or without alpha; of several pages of a TIFF the largest.

    JPEG, PNG, TIFF; WebP, JPEG 2000 and JPEG XL where GDAL can; HEIC and AVIF; cameras' raw files, which are developed.

    Args:
        path: the file.

    Raises:
        InputError: the file is missing, empty, truncated or no such image, a raw file without a picture, or several
            pictures; the engine has no library for it; the photo is below 32 pixels a side, above 400 megapixels (160
            of a raw file), or has one value all over.
    """
    path = Path(path)
    _check_name(path)
    if path.is_dir():
        raise InputError(f"The photo {path} is a folder; name an image file.")
    if not path.is_file():
        raise InputError(f"The photo {path} does not exist: check its name and folder.")
    if path.stat().st_size == 0:
        raise InputError(f"The photo {path} is empty (0 bytes): copy or download it again.")
    kind = kind_of(path)
    if kind.is_decoded:
        exif = read_exif(path)
        photo = _make_photo(path, *decode(path, kind), exif)
        keep_copy(photo)
        return photo
    with _gdal_messages() as messages:
        try:
            dataset = open_raster(path)
        except RuntimeError as error:
            raise not_an_image(path, str(error)) from error
        check_size(path, dataset.RasterXSize, dataset.RasterYSize)
        exif = read_exif(path)
        try:
            bands, grey, has_alpha = read_bands(path, dataset)
        except RuntimeError as error:
            raise damaged(path, str(error)) from error
    if any(_means_broken(message) for message in messages):
        raise damaged(path, "\n".join(messages))
    if messages:
        logger.info("%s is read, though GDAL says: %s", path, "; ".join(messages))
    return _make_photo(path, upright(bands, exif.orientation), grey, has_alpha, exif)


def _make_photo(path: Path, bands: NDArray[Any], grey: bool, has_alpha: bool, exif: Exif) -> Photo:
    """Split (H, W, bands) into colours and alpha, and refuse a photo that shows nothing."""
    bands, alpha = split_alpha(bands, has_alpha)
    if alpha is not None and not alpha.any():
        raise InputError(f"The photo {path} shows nothing: it is transparent all over; choose another.")
    if (bands[::64, ::64] == bands[0, 0]).all() and (bands == bands[0, 0]).all():
        raise InputError(f"The photo {path} shows nothing: all its pixels have the same value; choose another.")
    pixels = np.repeat(bands, 3, axis=2) if grey else np.ascontiguousarray(bands)
    return Photo(path, pixels, alpha, grey, nasa_photo_number(path.name), exif.focal_length_mm, exif.taken,
                 exif.orientation, exif.nadir, field_ratio(exif))  # fmt: skip


def _check_name(path: Path) -> None:
    """Refuse a name that no file of this system can have, or that GDAL cannot be given.

    Raises:
        InputError: it is too long, or not UTF-8 as file systems of older computers have it.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"The photo {path.name[:40]}... does not exist: its name or path is too long.") from error
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"The name of the photo {str(path)!a} is not valid UTF-8: rename it.") from error


@contextlib.contextmanager
def _gdal_messages() -> Iterator[list[str]]:
    """Collect GDAL's warnings instead of letting it write them to stderr: libjpeg only warns of a truncated file."""
    messages: list[str] = []

    def note(_kind: int, _number: int, message: str) -> None:
        messages.append(message)
        logger.debug("GDAL: %s", message)

    gdal.PushErrorHandler(note)
    try:
        yield messages
    finally:
        gdal.PopErrorHandler()


def _means_broken(message: str) -> bool:
    """Whether a warning says that pixels are lost.

    libjpeg calls any warning "corrupt"; bytes too many between two markers change no pixel. libtiff says "truncated" of
    a text in a tag, such as a copyright of two names.
    """
    lowered = message.lower()
    if "extraneous bytes before marker" in lowered or "tifffetchnormaltag" in lowered:
        return False
    return any(sign in lowered for sign in ("premature end", "corrupt jpeg data", "truncated", "unexpected end"))
