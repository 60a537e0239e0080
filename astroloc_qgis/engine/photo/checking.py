"""A quick look at a photo's file before hours of work on many: is it there, whole, and of a kind that can be read."""

from __future__ import annotations

from pathlib import Path

from osgeo import gdal

from astroloc_qgis.engine.photo.decoding.decode import check_decoded
from astroloc_qgis.engine.photo.kinds import kind_of
from astroloc_qgis.engine.photo.limits import MAX_PIXELS, MIN_SIDE_PX
from astroloc_qgis.engine.photo.raster import open_raster
from astroloc_qgis.engine.photo.reading import read_photo

TAIL_BYTES = 65536
ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}
"""What the last bytes of a whole file hold: JPEG's marker EOI (a camera may write more behind it), PNG's last chunk."""


def check_photo(path: Path) -> None:
    """Refuse a photo that cannot be read, in a few milliseconds where nothing is wrong with its file.

    A file that looks whole may hold damaged pixels, or nothing but one colour: ``read_photo`` tells.

    Raises:
        InputError: as ``read_photo``, which is asked where the file does not look whole.
    """
    kind = kind_of(path)
    if kind.is_decoded and path.stat().st_size:
        check_decoded(path, kind)
    elif not _looks_whole(path):
        read_photo(path)


def _looks_whole(path: Path) -> bool:
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        dataset = open_raster(path)
        width, height = dataset.RasterXSize, dataset.RasterYSize
        if min(width, height) < MIN_SIDE_PX or width * height > MAX_PIXELS:
            return False
        end = ENDS.get(dataset.GetDriver().ShortName)
        if end is not None:
            return end in _tail(path)
        rows = (0, height - 1)  # of a TIFF each strip is read by itself
        return all(dataset.ReadRaster(0, row, width, 1) is not None for row in rows)
    except (RuntimeError, OSError, ValueError):  # what GDAL's bindings raise, and nothing narrower
        return False
    finally:
        gdal.PopErrorHandler()


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return file.read()
