"""Photo to screen and back: a placement seen through the map canvas, and the photo warped to the screen's pixels.

Every pixel of the screen is looked up in the photo. Screen to map to working plane goes by PROJ at the nodes of a mesh
and linearly between them; plane to photo is exact everywhere, for what is interpolated are homogeneous coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsMapSettings
from qgis.PyQt.QtCore import QRect

from astroloc_qgis.engine.geometry.homography import apply_homography, relative_depth
from astroloc_qgis.engine.geometry.projection import Array, transform_points
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.qgis_adapters.desk_photo import Pixels, Pyramid

NODES = 17
"""Nodes of the mesh along each side of what is drawn."""
NEAREST = 0.02
"""Photo points less deep than this (1 at the photo's centre) are treated as beyond the horizon."""
WEB_MERCATOR_ROUND = 40075016.68557849


@dataclass(frozen=True, eq=False)
class Screen:
    """The view of a map canvas.

    Attributes:
        crs: of the map, WKT.
        to_pixel: (3, 3) map coordinates -> pixels of the canvas (logical ones, y down).
        size: width and height of the canvas, pixels.
        period: how far round the Earth is along x, in map units; None where x does not come round.
    """

    crs: str
    to_pixel: Array
    size: tuple[int, int]
    period: float | None

    @classmethod
    def of(cls, settings: QgsMapSettings) -> Screen:
        """Read a canvas's settings."""
        pixel = settings.mapToPixel()
        corners = [pixel.toMapCoordinates(x, y) for x, y in ((0, 0), (1000, 0), (0, 1000))]
        origin, right, down = (np.array([point.x(), point.y()]) for point in corners)
        to_map = np.eye(3)
        to_map[:2, 0], to_map[:2, 1], to_map[:2, 2] = (right - origin) / 1000, (down - origin) / 1000, origin
        crs = settings.destinationCrs()
        period = 360.0 if crs.isGeographic() else WEB_MERCATOR_ROUND if crs.authid() == "EPSG:3857" else None
        size = settings.outputSize()
        return cls(_definition(crs), np.linalg.inv(to_map), (size.width(), size.height()), period)

    @property
    def to_map(self) -> Array:
        """(3, 3) canvas pixels -> map coordinates."""
        return np.asarray(np.linalg.inv(self.to_pixel))

    def from_plane(self, xy: Array, plane: str) -> Array:
        """(N, 2) metres of a plane -> (N, 2) canvas pixels; NaN where the map does not show them."""
        on_map = transform_points(xy, plane, self.crs)
        if self.period is not None:
            middle = apply_homography(self.to_map, np.array([self.size], dtype=float) / 2)[0, 0]
            on_map[:, 0] = (on_map[:, 0] - middle + self.period / 2) % self.period + middle - self.period / 2
        return apply_homography(self.to_pixel, on_map)

    def from_lonlat(self, lonlat: Array) -> Array:
        """(N, 2) longitude, latitude -> (N, 2) canvas pixels."""
        return self.from_plane(lonlat, "EPSG:4326")

    def to_plane(self, pixels: Array, plane: str) -> Array:
        """(N, 2) canvas pixels -> (N, 2) metres of a plane; NaN where the plane does not show them."""
        on_map = apply_homography(self.to_map, pixels)
        if self.period is not None:
            on_map[:, 0] = (on_map[:, 0] + self.period / 2) % self.period - self.period / 2
        return transform_points(on_map, self.crs, plane)

    def to_lonlat(self, pixels: Array) -> Array:
        """(N, 2) canvas pixels -> (N, 2) longitude, latitude."""
        return self.to_plane(pixels, "EPSG:4326")

    def from_photo(self, placement: Placement, photo_xy: Array) -> Array:
        """(N, 2) photo pixels -> (N, 2) canvas pixels; NaN where they see no ground."""
        mapped = apply_homography(placement.matrix, photo_xy)
        mapped[relative_depth(placement.matrix, photo_xy, placement.centre) <= NEAREST] = np.nan
        return self.from_plane(mapped, placement.plane)

    def to_photo(self, placement: Placement, pixels: Array) -> Array:
        """(N, 2) canvas pixels -> (N, 2) photo pixels."""
        return apply_homography(np.linalg.inv(placement.matrix), self.to_plane(pixels, placement.plane))

    def outline(self, placement: Placement, points_per_edge: int = 24) -> Array:
        """(N, 2) canvas pixels round the photo; those beyond the horizon left out."""
        anchors = placement.anchors()
        along = np.arange(points_per_edge)[:, None] / points_per_edge
        ring = [a + along * (b - a) for a, b in zip(anchors, np.roll(anchors, -1, axis=0), strict=True)]
        pixels = self.from_photo(placement, np.concatenate(ring))
        return pixels[np.isfinite(pixels).all(axis=1)]


@dataclass(frozen=True, eq=False)
class Picture:
    """A part of the canvas with the photo in it.

    Attributes:
        pixels: (h, w) ARGB32, transparent outside the photo.
        rect: where it belongs on the canvas, logical pixels.
    """

    pixels: Pixels
    rect: QRect


def warp(pyramid: Pyramid, placement: Placement, screen: Screen, ratio: float = 1.0) -> Picture | None:
    """Draw the photo as the map shows it, at the resolution of the screen.

    Args:
        pyramid: the photo.
        placement: where it lies.
        screen: the canvas.
        ratio: device pixels a logical pixel; below 1 for a coarser, faster picture.

    Returns:
        The picture, or None where the photo is not in view.
    """
    ring = screen.outline(placement)
    if len(ring) < 3:
        return None
    width, height = screen.size
    low = np.maximum(np.floor(ring.min(axis=0)) - 1, 0).astype(int)
    high = np.minimum(np.ceil(ring.max(axis=0)) + 1, (width, height)).astype(int)
    if (high <= low).any():
        return None
    columns, rows = (max(1, round(float(side) * ratio)) for side in high - low)
    node_x, node_y = np.linspace(low[0], high[0], NODES), np.linspace(low[1], high[1], NODES)
    mesh = np.stack(np.meshgrid(node_x, node_y), axis=-1).reshape(-1, 2)
    on_plane = screen.to_plane(mesh, placement.plane)
    inverse = np.linalg.inv(placement.matrix)
    homogeneous = on_plane @ inverse[:, :2].T + inverse[:, 2]
    here = inverse[2] @ (*apply_homography(placement.matrix, placement.centre[None])[0], 1.0)  # 1 at the photo's centre
    homogeneous = np.nan_to_num(homogeneous / here, nan=-1e9)
    nodes = homogeneous.reshape(NODES, NODES, 3).astype(np.float32)
    down, across = _weights(rows), _weights(columns)
    x, y, w = (down @ nodes[..., axis] @ across.T for axis in range(3))
    source = pyramid.levels[pyramid.level_for(_photo_pixels_a_pixel(x, y, w))]
    return Picture(_sample(source, x, y, w, pyramid.size), QRect(int(low[0]), int(low[1]), *map(int, high - low)))


def _weights(count: int) -> NDArray[np.float32]:
    """(count, NODES) weights of linear interpolation from the nodes to pixel centres."""
    at = (np.arange(count) + 0.5) / count * (NODES - 1)
    left = np.minimum(at.astype(int), NODES - 2)
    part = at - left
    out = np.zeros((count, NODES), np.float32)
    out[np.arange(count), left], out[np.arange(count), left + 1] = 1 - part, part
    return out


def _photo_pixels_a_pixel(x: NDArray, y: NDArray, w: NDArray) -> float:
    """Photo pixels along a screen pixel, in the middle of the picture."""
    if min(x.shape) < 2:
        return 1.0
    row, column = x.shape[0] // 2 - 1, x.shape[1] // 2 - 1
    here, right, down = (row, column), (row, column + 1), (row + 1, column)
    with np.errstate(divide="ignore", invalid="ignore"):
        u, v = ([float(axis[at] / w[at]) for at in (here, right, down)] for axis in (x, y))
    area = abs((u[1] - u[0]) * (v[2] - v[0]) - (u[2] - u[0]) * (v[1] - v[0]))
    return float(np.sqrt(area)) if np.isfinite(area) else 1.0


def _sample(source: Pixels, x: NDArray, y: NDArray, w: NDArray, size: tuple[int, int]) -> Pixels:
    """Sample a level of the photo at every pixel (nearest neighbour)."""
    rows, columns = source.shape
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1 / w
        u = x * inverse * np.float32(columns / size[0])
        v = y * inverse * np.float32(rows / size[1])
        inside = (w > 0) & (w < 1 / NEAREST) & (u >= 0) & (u < columns) & (v >= 0) & (v < rows)
        index = v.astype(np.int32) * np.int32(columns) + u.astype(np.int32)
    index[~inside] = 0
    out = source.reshape(-1)[index]
    out[~inside] = 0
    return out


def _definition(crs: QgsCoordinateReferenceSystem) -> str:
    code = crs.authid()
    return str(code if code.startswith("EPSG:") else crs.toWkt(Qgis.CrsWktVariant.Preferred))
