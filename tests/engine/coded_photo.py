"""Photos whose colours are their own coordinates, and outputs decoded with GDAL alone.

Red is 64 times the column and green 64 times the row of a pixel's centre, in 16 bits: wherever a pixel lands, it says
where it came from, to a sixty-fourth of a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from osgeo import gdal, osr

from astroloc_qgis.engine.geometry.homography import translation
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.photo.reading import Photo

PER_PIXEL = 64


def make_photo(pixels: np.ndarray, *, grey: bool = False, alpha: np.ndarray | None = None, name: str = "x") -> Photo:
    return Photo(Path(f"{name}.tif"), pixels, alpha, grey, None, None, None)


def coded_photo(width: int = 600, height: int = 400) -> Photo:
    x, y = np.meshgrid((np.arange(width) + 0.5) * PER_PIXEL, (np.arange(height) + 0.5) * PER_PIXEL)
    return make_photo(np.stack([x, y, np.full_like(x, 30_000)], axis=-1).astype(np.uint16))


def seen_from_above(
    width: int, height: int, gsd: float, *, turn_deg: float = 0.0, tilt: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """The homography of a photo whose centre is the plane's origin; tilt is the change of depth along x and y."""
    turn = math.radians(turn_deg)
    cos, sin = gsd * math.cos(turn), gsd * math.sin(turn)
    flat = np.array([[cos, sin, 0.0], [sin, -cos, 0.0], [tilt[0] / width, tilt[1] / height, 1.0]])
    return flat @ translation(-width / 2, -height / 2)


@dataclass(frozen=True)
class Decoded:
    """Every third pixel of a written GeoTIFF, both ways, as GDAL sees it, with its place by PROJ.

    Attributes:
        bands: (B, H, W).
        lonlat: (H, W, 2) of the pixel centres.
        dataset: open for reading.
    """

    bands: np.ndarray
    lonlat: np.ndarray
    dataset: gdal.Dataset

    @property
    def opaque(self) -> np.ndarray:
        return self.bands[-1] == np.iinfo(self.bands.dtype).max

    def origin_in_photo(self) -> np.ndarray:
        """(H, W, 2) photo coordinates that the colours of a coded photo name."""
        return np.stack([self.bands[0], self.bands[1]], axis=-1) / PER_PIXEL


def decode(path: Path, every: int = 3) -> Decoded:
    dataset = gdal.Open(str(path))
    width, height, count = dataset.RasterXSize, dataset.RasterYSize, dataset.RasterCount
    kind = {gdal.GDT_Byte: np.uint8, gdal.GDT_UInt16: np.uint16}[dataset.GetRasterBand(1).DataType]
    bands = np.frombuffer(dataset.ReadRaster(), kind).reshape(count, height, width)
    left, pixel_x, _, top, _, pixel_y = dataset.GetGeoTransform()
    columns, rows = np.arange(0, width, every) + 0.5, np.arange(0, height, every) + 0.5
    x, y = np.meshgrid(left + columns * pixel_x, top + rows * pixel_y)
    lonlat = to_lonlat(dataset.GetSpatialRef(), np.column_stack([x.ravel(), y.ravel()]))
    return Decoded(bands[:, ::every, ::every], lonlat.reshape(*x.shape, 2), dataset)


def to_lonlat(reference: osr.SpatialReference, xy: np.ndarray) -> np.ndarray:
    wgs84 = osr.SpatialReference()
    wgs84.ImportFromEPSG(4326)
    source = reference.Clone()
    for each in (wgs84, source):
        each.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    transformation = osr.CoordinateTransformation(source, wgs84)
    return np.array(transformation.TransformPoints(xy.tolist()))[:, :2]


def true_origin(decoded: Decoded, homography: np.ndarray, plane: WorkingPlane) -> np.ndarray:
    """(H, W, 2) photo coordinates that each pixel's place has by the homography; NaN beyond the horizon."""
    xy = plane.from_lonlat(decoded.lonlat.reshape(-1, 2))
    inverse = np.linalg.inv(homography)
    x, y, depth = inverse @ np.column_stack([xy, np.ones(len(xy))]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.where((depth > 0)[:, None], np.column_stack([x / depth, y / depth]), np.nan)
    return out.reshape(decoded.lonlat.shape)
