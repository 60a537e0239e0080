"""A folder of rasters as one reference: a virtual mosaic (VRT) of them, the finest on top."""

from __future__ import annotations

import logging
from pathlib import Path

from osgeo import gdal

from astroloc_qgis.engine.errors import InputError

log = logging.getLogger(__name__)

gdal.UseExceptions()

_SIDE_FILES = frozenset({".xml", ".ovr", ".msk", ".json", ".csv", ".txt", ".md", ".html", ".prj", ".gpkg-wal"})
"""Endings of files that accompany rasters, and of texts that GDAL might take for grids."""
_VIRTUAL = "VRT_VIRTUAL_OVERVIEWS"
_LEVELS, _LEAST_SIDE = tuple(2**power for power in range(1, 9)), 64
"""Overviews of a mosaic: how much coarser they are than its finest raster, and how small they get."""


def is_folder(uri: str) -> bool:
    """Whether a source is a folder of this computer."""
    try:
        return "<" not in uri and Path(uri).is_dir()
    except (OSError, ValueError):  # a name that is too long for a path
        return False


def rasters_in(folder: Path) -> list[Path]:
    """The files of a folder that GDAL opens as rasters with a position, by name; others are left out."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() in _SIDE_FILES or not path.is_file():
            continue
        try:
            dataset = gdal.OpenEx(str(path), gdal.OF_RASTER | gdal.OF_READONLY)
        except RuntimeError:
            continue
        if dataset.RasterCount and dataset.GetSpatialRef() and dataset.GetGeoTransform(can_return_null=True):
            found.append(path)
        else:
            log.warning("%s has no position on Earth: it is not a part of the imagery", path)
    return found


def folder_stamp(folder: Path) -> str:
    """What changes when a raster of a folder does: number, sizes and the last modification."""
    states = [path.stat() for path in rasters_in(folder)]
    latest = max((state.st_mtime_ns for state in states), default=0)
    return f"{len(states)} {sum(state.st_size for state in states)} {latest}"


def open_folder(folder: Path) -> gdal.Dataset:
    """Open the rasters of a folder as one; what no raster covers has no data.

    Raises:
        InputError: there is none, or they differ in CRS, bands or data type.
    """
    files = rasters_in(folder)
    if not files:
        raise InputError(
            f"The folder {folder} has neither a raster with a position on Earth nor tiles ZOOM/COLUMN/ROW.png of the "
            "web map: name one with georeferenced images."
        )
    names = [str(path) for path in sorted(files, key=_pixel, reverse=True)]
    first = gdal.Open(names[0])
    plain = first.RasterCount in (1, 3) and first.GetRasterBand(1).GetNoDataValue() is None
    try:
        mosaic = gdal.BuildVRT("", names, strict=True, resolution="highest", addAlpha=plain)
    except RuntimeError as error:
        raise InputError(
            f"The rasters of the folder {folder} cannot be one image: they must have the same CRS, bands and data type "
            "(gdalwarp makes them so).",
            str(error),
        ) from error
    _give_overviews(mosaic)
    return mosaic


def _give_overviews(mosaic: gdal.Dataset) -> None:
    """Let a virtual raster have overviews that are computed when they are read.

    A window of a coarse raster is then read as it is, not enlarged to the finest raster's pixels first.
    """
    before = gdal.GetThreadLocalConfigOption(_VIRTUAL)
    gdal.SetThreadLocalConfigOption(_VIRTUAL, "YES")
    try:
        side = min(mosaic.RasterXSize, mosaic.RasterYSize)
        mosaic.BuildOverviews("AVERAGE", [level for level in _LEVELS if side // level >= _LEAST_SIDE])
    finally:
        gdal.SetThreadLocalConfigOption(_VIRTUAL, before)


def _pixel(path: Path) -> float:
    """Size of a raster's pixels in units of its CRS."""
    _, across, skew_x, _, skew_y, down = gdal.Open(str(path)).GetGeoTransform()
    return float(abs(across * down - skew_x * skew_y) ** 0.5)
