"""The plan for warping a reference raster into a window: the parts of it that are needed, and their scale.

GDAL's warper takes the bounding box of what it needs in the source. For a window across the antimeridian of a world
raster that box is a strip around the whole world, and for a window beyond the raster's own circle of longitude (web-map
x above 20037508) it is empty. This module finds the (few, small) pieces really needed instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, osr

from astroloc_qgis.engine.geometry.projection import transform_points

Array = NDArray[np.float64]

GRID = 33
"""Points a side of the grid over a window at which its source pixels are computed."""


@dataclass(frozen=True)
class Piece:
    """A strip of columns of the source, read as if it were ``turns`` full circles of longitude further east.

    Attributes:
        first: first column.
        last: column after the last one.
        turns: full circles of longitude from the raster's own position to the window's.
        whole: True when the piece is simply the raster itself, with no need to cut.
    """

    first: int
    last: int
    turns: int
    whole: bool


@dataclass(frozen=True)
class Plan:
    """What to read for a window.

    Attributes:
        pieces: the parts of the source.
        scale: source pixels per window pixel (median over the window, geometric mean of both directions).
        scale_x: source columns per window pixel (median over the window).
        scale_y: source rows per window pixel.
    """

    pieces: tuple[Piece, ...]
    scale: float
    scale_x: float
    scale_y: float


@dataclass(frozen=True)
class SourceGrid:
    """The pixel grid of a raster: its CRS, geotransform, size, and the pixels in a full circle of longitude.

    Attributes:
        crs: WKT.
        geotransform: GDAL's six numbers.
        width: columns.
        height: rows.
        period: columns of a full circle of longitude (not necessarily all in the raster) where a circle is a shift
            along the rows (geographic and cylindrical CRSs, north-up), else None.
    """

    crs: str
    geotransform: tuple[float, float, float, float, float, float]
    width: int
    height: int
    period: float | None

    @classmethod
    def of(cls, dataset: gdal.Dataset) -> SourceGrid:
        """Read the grid of an open raster that has a CRS and a geotransform."""
        srs = dataset.GetSpatialRef()
        geotransform = tuple(dataset.GetGeoTransform())
        crs = srs.ExportToWkt(["FORMAT=WKT2"])
        return cls(crs, geotransform, dataset.RasterXSize, dataset.RasterYSize, _period(srs, crs, geotransform))

    def to_pixels(self, xy: Array) -> Array:
        """(N, 2) in the raster's CRS -> (N, 2) column, row (continuous, corner convention)."""
        inverse = gdal.InvGeoTransform(self.geotransform)
        return np.column_stack(
            (
                inverse[0] + inverse[1] * xy[:, 0] + inverse[2] * xy[:, 1],
                inverse[3] + inverse[4] * xy[:, 0] + inverse[5] * xy[:, 1],
            )
        )

    def to_crs(self, pixels: Array) -> Array:
        """(N, 2) column, row -> (N, 2) in the raster's CRS."""
        gt = self.geotransform
        return np.column_stack(
            (
                gt[0] + gt[1] * pixels[:, 0] + gt[2] * pixels[:, 1],
                gt[3] + gt[4] * pixels[:, 0] + gt[5] * pixels[:, 1],
            )
        )

    def shifted(self, turns: int, first: int) -> list[float]:
        """The geotransform of a piece from column ``first`` on, ``turns`` full circles of longitude further east."""
        gt = list(self.geotransform)
        columns = first + turns * (self.period or 0.0)
        return [gt[0] + columns * gt[1], gt[1], gt[2], gt[3] + columns * gt[4], gt[4], gt[5]]


def _period(srs: osr.SpatialReference, crs: str, geotransform: tuple[float, ...]) -> float | None:
    """Columns in a full circle of longitude, where longitude runs evenly along the rows; else None."""
    if geotransform[2] or geotransform[4]:
        return None
    if srs.IsGeographic():
        return abs(360.0 / (geotransform[1] * np.degrees(srs.GetAngularUnits())))
    latitude = 20.0  # not the equator: there other projections run evenly too
    longitudes = np.array([-179.0, -90.0, -1.0, 1.0, 90.0, 179.0])
    places = transform_points(np.column_stack((longitudes, np.full(6, latitude))), "EPSG:4326", crs)
    if not np.isfinite(places).all() or np.ptp(places[:, 1]) > 1e-6 * np.ptp(places[:, 0]):
        return None
    steps = np.diff(places[:, 0]) / np.diff(longitudes)
    step = float(np.median(steps))
    # One of the steps may jump back by a full circle, where the projection's own seam is.
    even = np.abs(steps - step) < 1e-6 * abs(step)
    return abs(360.0 * step / geotransform[1]) if step and even.sum() >= len(steps) - 1 else None


def plan(source: SourceGrid, crs: str, to_crs: Array, width: int, height: int) -> Plan:
    """Find the pieces of a raster that a window needs.

    Args:
        source: the raster's grid.
        crs: the window's CRS, anything PROJ understands.
        to_crs: (3, 3) affine map, window pixels -> its CRS.
        width: columns of the window.
        height: rows of the window.

    Returns:
        The plan; without pieces where the window shows nothing of the raster.
    """
    columns, rows = np.meshgrid(np.linspace(0, width, GRID), np.linspace(0, height, GRID))
    grid = np.column_stack((columns.ravel(), rows.ravel(), np.ones(GRID * GRID))) @ to_crs[:2].T
    pixels = source.to_pixels(transform_points(grid, crs, source.crs)).reshape(GRID, GRID, 2)
    scales = _scales(pixels, width / (GRID - 1), height / (GRID - 1))
    if scales is None:
        return Plan((), 1.0, 1.0, 1.0)
    scale = scales[0]
    flat = pixels.reshape(-1, 2)
    flat = flat[np.isfinite(flat).all(axis=1)]
    step = scale * max(width, height) / (GRID - 1)
    margin = step + 8 * max(scale, 1.0)  # one step of the grid, and the reach of the resampling kernel
    flat = flat[(flat[:, 1] > -margin) & (flat[:, 1] < source.height + margin)]
    pieces: list[Piece] = []
    turns = (0,) if source.period is None else (0, -1, 1)
    for turn in turns:
        # A place `turn` full circles east of the raster is in its columns less that shift.
        wanted = flat[:, 0] - turn * (source.period or 0.0)
        wanted = np.sort(wanted[(wanted > -margin) & (wanted < source.width + margin)])
        for group in _groups(wanted, max(4 * margin, source.width / 8)):
            if turn and not ((group > 0) & (group < source.width)).any():
                continue  # only the margin reaches over the seam
            first = max(int(np.floor(group[0] - margin)), 0)
            last = min(int(np.ceil(group[-1] + margin)), source.width)
            if first < last:
                pieces.append(Piece(first, last, turn, whole=False))
    if len(pieces) == 1 and pieces[0].turns == 0:
        pieces = [Piece(0, source.width, 0, whole=True)]
    return Plan(tuple(pieces), *scales)


def _scales(pixels: Array, step_x: float, step_y: float) -> tuple[float, float, float] | None:
    """Source pixels per window pixel: overall, columns, rows; medians over the window; None where nothing projects."""
    along_x = np.diff(pixels, axis=1)[:-1] / step_x
    along_y = np.diff(pixels, axis=0)[:, :-1] / step_y
    areas = np.abs(along_x[..., 0] * along_y[..., 1] - along_x[..., 1] * along_y[..., 0])
    usable = np.isfinite(areas) & (areas > 0)
    if not usable.any():
        return None
    columns, rows = np.median(np.hypot(along_x, along_y)[usable], axis=0)
    return float(np.sqrt(np.median(areas[usable]))), float(columns), float(rows)


def _groups(values: Array, gap: float) -> list[Array]:
    """Split sorted values wherever neighbours are more than ``gap`` apart."""
    if values.size == 0:
        return []
    return np.split(values, np.flatnonzero(np.diff(values) > gap) + 1)
