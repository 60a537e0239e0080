"""The grid of output pixels that a photo fills in a target CRS."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import numpy as np
from osgeo import osr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.crs import x_period
from astroloc_qgis.engine.exports.visible_region import VisibleRegion
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array, transform_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

log = logging.getLogger(__name__)

MAX_PIXELS = 200_000_000
"""The most pixels of an output by default."""


@dataclass(frozen=True)
class OutputGrid:
    """North-up pixels of a CRS.

    Attributes:
        crs_wkt: the CRS.
        left: x of the left edge; where x has a period, the right one may lie beyond the antimeridian.
        top: y of the upper edge.
        pixel_x: width of a pixel, CRS units.
        pixel_y: height of a pixel, CRS units (positive).
        width: pixels.
        height: pixels.
        period: (x of the CRS's middle, period of x) where x has one, else None.
        coarseness: size of a pixel relative to the photo's own at its centre.
    """

    crs_wkt: str
    left: float
    top: float
    pixel_x: float
    pixel_y: float
    width: int
    height: int
    period: tuple[float, float] | None
    coarseness: float

    @property
    def geotransform(self) -> tuple[float, float, float, float, float, float]:
        """GDAL's six numbers."""
        return (self.left, self.pixel_x, 0.0, self.top, 0.0, -self.pixel_y)

    def to_plane(self, pixels: Array, plane: WorkingPlane) -> Array:
        """(N, 2) pixels of the grid (corner convention) -> (N, 2) metres of the plane; NaN where it shows none."""
        x = self.left + pixels[:, 0] * self.pixel_x
        if self.period is not None:
            middle, period = self.period
            x = (x - middle + period / 2) % period + middle - period / 2
        y = self.top - pixels[:, 1] * self.pixel_y
        return transform_points(np.column_stack([x, y]), self.crs_wkt, plane.proj)


def plan_grid(
    homography: Array,
    plane: WorkingPlane,
    visible: VisibleRegion,
    reference: osr.SpatialReference,
    *,
    resolution: float | tuple[float, float] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> OutputGrid:
    """Find the smallest grid that holds the photo.

    Args:
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        visible: the part of the photo that sees ground.
        reference: the target CRS, x or longitude first.
        resolution: size of a pixel in CRS units, or its width and height. By default the photo's own ground sample
            distance at its centre, so that no detail is lost: square pixels in a projected CRS, in a geographic one
            pixels that are square on the ground.
        max_pixels: the default resolution is coarsened to stay below it; an explicit one is refused.

    Raises:
        InputError: the photo lies where the CRS is torn or undefined, or the output would be too large.
    """
    wkt = reference.ExportToWkt()
    period = x_period(reference)
    centre_xy = np.array([[visible.width / 2, visible.height / 2]])
    centre = _project(homography, plane, wkt, centre_xy)[0]
    nodes = _unwrapped(_project(homography, plane, wkt, visible.node_points()), centre[0], period)
    drawn = visible.seen(visible.node_points())
    edge = _unwrapped(_project(homography, plane, wkt, _densified(visible.outline())), centre[0], period)
    points = np.concatenate([nodes[drawn], edge])
    _refuse_torn(nodes, drawn, points, reference.GetName() or "this CRS")

    left, bottom = points.min(axis=0)
    right, top = points.max(axis=0)
    if period is not None:  # across the antimeridian a photo runs past 180 degrees, never below -180
        west = period[0] - period[1] / 2
        right -= left
        left = (left - west) % period[1] + west
        right += left
    native = _native_pixel(homography, plane, wkt, centre_xy, bool(reference.IsGeographic()), period)
    pixel_x, pixel_y = _pixel_size(
        resolution, native, float(np.prod(points.max(axis=0) - points.min(axis=0))), max_pixels
    )
    coarseness = min(pixel_x / native[0], pixel_y / native[1])
    width = max(1, math.ceil((right - left) / pixel_x - 1e-6))
    height = max(1, math.ceil((top - bottom) / pixel_y - 1e-6))
    return OutputGrid(wkt, float(left), float(top), pixel_x, pixel_y, width, height, period, coarseness)


def _pixel_size(
    resolution: float | tuple[float, float] | None, native: tuple[float, float], area: float, max_pixels: int
) -> tuple[float, float]:
    """The size asked for, or the native one, coarsened where ``area`` would need too many pixels of it."""
    if resolution is None:
        coarser = math.sqrt(max(1.0, area / (native[0] * native[1] * max_pixels)))
        if coarser > 1.0:
            log.warning(
                "The photo's own resolution would need more than %.0f megapixels: written %.2f times coarser.",
                max_pixels / 1e6,
                coarser,
            )
        return native[0] * coarser, native[1] * coarser
    pixel_x, pixel_y = resolution if isinstance(resolution, tuple) else (resolution, resolution)
    if not (pixel_x > 0 and pixel_y > 0 and math.isfinite(pixel_x) and math.isfinite(pixel_y)):
        raise InputError(f"A resolution of {resolution} makes no pixels: give a positive size in units of the CRS.")
    megapixels = area / (pixel_x * pixel_y) / 1e6
    if megapixels > max_pixels / 1e6:
        raise InputError(
            f"A resolution of {pixel_x:g} CRS units gives {megapixels:,.0f} megapixels, more than "
            f"{max_pixels / 1e6:,.0f}: choose a coarser one."
        )
    return pixel_x, pixel_y


def _project(homography: Array, plane: WorkingPlane, wkt: str, photo_xy: Array) -> Array:
    """(N, 2) photo points -> (N, 2) points of the CRS; NaN where they do not project."""
    return transform_points(apply_homography(homography, photo_xy), plane.proj, wkt)


def _unwrapped(xy: Array, centre_x: float, period: tuple[float, float] | None) -> Array:
    """Points brought to within half a period of the photo's centre, so that they are contiguous."""
    if period is None:
        return xy
    around = period[1]
    x = (xy[:, 0] - centre_x + around / 2) % around + centre_x - around / 2
    return np.column_stack([x, xy[:, 1]])


def _densified(ring: Array, points_per_edge: int = 128) -> Array:
    along = np.arange(points_per_edge)[:, None] / points_per_edge
    return np.concatenate([a + along * (b - a) for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)])


def _refuse_torn(nodes: Array, drawn: np.ndarray, points: Array, name: str) -> None:
    """Raise where neighbouring photo points end up far apart or nowhere: a pole, or the seam of a world projection."""
    advice = "choose another CRS, e.g. the UTM zone of the photo"
    if not np.isfinite(points).all():
        raise InputError(f'Part of the photo lies where "{name}" is not defined: {advice}.')
    side = round(math.sqrt(len(nodes)))
    grid = np.where(drawn[:, None], nodes, np.nan).reshape(side, side, 2)
    extent = np.maximum(np.ptp(points, axis=0), 1e-12)
    for axis in (0, 1):
        jumps = np.abs(np.diff(grid, axis=axis)) / extent
        if np.nanmax(jumps, initial=0.0) > 0.5:
            raise InputError(f'The photo lies across the seam of "{name}" and does not fit in one piece: {advice}.')


def _native_pixel(
    homography: Array,
    plane: WorkingPlane,
    wkt: str,
    centre_xy: Array,
    geographic: bool,
    period: tuple[float, float] | None,
) -> tuple[float, float]:
    """Width and height, in CRS units, of a pixel as fine as the photo's at its centre."""
    offsets = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, -0.5], [0.0, 0.5]])
    around = _project(homography, plane, wkt, centre_xy + offsets)
    around = _unwrapped(around, float(around[0, 0]), period)
    jacobian = np.column_stack([around[1] - around[0], around[3] - around[2]])
    shrink = 1.0
    if geographic:
        lat = float(transform_points(around[:1], wkt, "EPSG:4326")[0, 1])
        shrink = math.cos(math.radians(lat))
        jacobian[0] *= shrink
    finest = float(np.linalg.svd(jacobian, compute_uv=False)[-1])
    return finest / shrink, finest
