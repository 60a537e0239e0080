"""Homographies, working planes, footprints and distances on the ground.

Photo pixels are continuous, in GDAL's corner convention: (0, 0) is the top-left corner of the top-left pixel. A
homography maps them to metres of a working plane (x east, y north). Longitude always comes before latitude; degrees,
WGS84.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from osgeo import osr

from astroloc_qgis.engine.geometry.projection import Array as Array
from astroloc_qgis.engine.geometry.projection import spatial_reference
from astroloc_qgis.engine.geometry.projection import transform_points as transform_points

osr.UseExceptions()

ISS_ALTITUDE_M = 420_000.0
"""Height of the camera above the ellipsoid where nothing better is known, metres."""

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG), kilometres."""


@dataclass(frozen=True)
class WorkingPlane:
    """A projection in which a photo is a homography, or nearly one.

    Attributes:
        proj: PROJ string; units are metres, x east, y north.
    """

    proj: str

    @classmethod
    def local(cls, lon: float, lat: float) -> WorkingPlane:
        """Azimuthal equidistant about a place: for a photo of which nothing else is known."""
        return cls(f"+proj=aeqd +lat_0={lat:.9f} +lon_0={lon:.9f} +datum=WGS84 +units=m +no_defs")

    @classmethod
    def near_sided(cls, lon: float, lat: float, height_m: float = ISS_ALTITUDE_M) -> WorkingPlane:
        """Near-sided perspective, seen from above the nadir.

        A pinhole photo taken from that very point is exactly a homography of this plane, the Earth's curvature
        included: both are central projections from the same centre (Snyder, Map Projections: A Working Manual, 1987,
        p. 169). PROJ's is that of a sphere of the equatorial radius, which leaves at most 0.4 pixels of a
        photo 3000 pixels wide at any tilt up to 50 degrees (tests/engine/geometry/test_geometry.py measures it).

        Args:
            lon: longitude of the nadir.
            lat: latitude of the nadir.
            height_m: height of the camera above the ground, metres.
        """
        return cls(f"+proj=nsper +h={height_m:.3f} +lat_0={lat:.9f} +lon_0={lon:.9f} +datum=WGS84 +units=m +no_defs")

    @property
    def srs(self) -> osr.SpatialReference:
        """The plane as GDAL's spatial reference, longitude or x first."""
        return spatial_reference(self.proj)

    def to_lonlat(self, xy: Array) -> Array:
        """(N, 2) metres of the plane -> (N, 2) longitude, latitude; NaN where the point is off the Earth."""
        lonlat = transform_points(xy, self.proj, "EPSG:4326")
        beyond = np.abs(lonlat[:, 0]) > 180  # PROJ's rounding, at the antimeridian
        lonlat[beyond, 0] = wrap_lon(lonlat[beyond, 0])
        return lonlat

    def from_lonlat(self, lonlat: Array) -> Array:
        """(N, 2) longitude, latitude -> (N, 2) metres of the plane; NaN where the plane does not show the point."""
        return transform_points(lonlat, "EPSG:4326", self.proj)


def apply_homography(homography: Array, xy: Array) -> Array:
    """Map (N, 2) points by a (3, 3) homography; NaN for points on the line at infinity."""
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    mapped = xy @ homography[:, :2].T + homography[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        result = mapped[:, :2] / mapped[:, 2:]
    result[~np.isfinite(result).all(axis=1)] = np.nan
    return result


def normalise(homography: Array) -> Array:
    """The same homography with its last entry 1 (or of unit norm where that entry vanishes)."""
    homography = np.asarray(homography, dtype=np.float64)
    last = homography[2, 2]
    return homography / (last if abs(last) > 1e-12 * np.abs(homography).max() else np.linalg.norm(homography))


def translation(x: float, y: float) -> Array:
    """The (3, 3) shift by (x, y)."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def scaling(x: float, y: float | None = None) -> Array:
    """The (3, 3) scaling by x and y (or x both ways)."""
    return np.diag([x, x if y is None else y, 1.0])


def quarter_turn(width: float, height: float, turn: int) -> Array:
    """Where ``np.rot90(image, turn)`` puts the pixels of a width x height image, as a (3, 3) map."""
    turns = {
        0: np.eye(3),
        1: np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, width], [0.0, 0.0, 1.0]]),
        2: np.array([[-1.0, 0.0, width], [0.0, -1.0, height], [0.0, 0.0, 1.0]]),
        3: np.array([[0.0, -1.0, height], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    }
    return turns[turn % 4]


def photo_corners(width: float, height: float) -> Array:
    """The (4, 2) corners of a photo in pixels: top-left, top-right, bottom-right, bottom-left."""
    return np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])


def footprint_lonlat(homography: Array, plane: WorkingPlane, width: float, height: float) -> Array:
    """The photo's outline on the ground.

    Returns:
        (4, 2) longitude, latitude in the photo's corner order, longitude in [-180, 180]; NaN for a corner that sees
        no ground (the horizon is in view).
    """
    corners = photo_corners(width, height)
    mapped = apply_homography(homography, corners)
    mapped[in_front(homography, corners, (width / 2, height / 2)) <= 0] = np.nan
    return plane.to_lonlat(mapped)


def in_front(homography: Array, xy: Array, reference_xy: tuple[float, float]) -> Array:
    """The sign of each point's depth relative to a point known to see the ground: positive is the same side.

    Points on the other side of the homography's vanishing line are beyond the horizon of the plane.
    """
    depth = np.asarray(xy, dtype=np.float64) @ homography[2, :2] + homography[2, 2]
    here = float(np.asarray(reference_xy) @ homography[2, :2] + homography[2, 2])
    return depth * math.copysign(1.0, here)


def homography_from_points(source: Array, target: Array, weights: Array | None = None) -> Array:
    """The homography through four point pairs ((4, 2) each), or the least-squares one through more of them.

    Args:
        source: (N, 2).
        target: (N, 2).
        weights: (N,) of the pairs' residuals, that is the inverse of their standard deviations; default all 1.
    """
    source, target = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    to_source, to_target = _conditioner(source), _conditioner(target)
    a, b = apply_homography(to_source, source), apply_homography(to_target, target)
    x, y, u, v = a[:, 0], a[:, 1], b[:, 0], b[:, 1]
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = np.stack(
        [
            np.stack([x, y, one, zero, zero, zero, -u * x, -u * y, -u], axis=1),
            np.stack([zero, zero, zero, x, y, one, -v * x, -v * y, -v], axis=1),
        ]
    )
    if weights is not None:
        rows = rows * np.asarray(weights, dtype=np.float64)[:, None]
    rows = rows.reshape(-1, 9)
    # The triangular factor has the same null vector: without it the decomposition makes a square of all pairs.
    solution = np.linalg.svd(np.linalg.qr(rows, mode="r"))[2][-1].reshape(3, 3)
    return normalise(np.linalg.inv(to_target) @ solution @ to_source)


def _conditioner(points: Array) -> Array:
    """The similarity that brings points to the origin at unit spread (Hartley 1997), for a well-conditioned fit."""
    centre = points.mean(axis=0)
    spread = float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean()))
    return scaling(1.0 / max(spread, 1e-12)) @ translation(-centre[0], -centre[1])


def signed_area(polygon: Array) -> float:
    """Twice-signed shoelace area of an (N, 2) polygon: positive when it runs anticlockwise with y up."""
    x, y = polygon[:, 0], polygon[:, 1]
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def is_convex(polygon: Array) -> bool:
    """Whether the (N, 2) polygon turns the same way at every corner."""
    edges = np.roll(polygon, -1, axis=0) - polygon
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    return bool(np.all(turns > 0) or np.all(turns < 0))


def warp_image(
    image: NDArray[np.generic],
    homography: Array,
    size: tuple[int, int],
    *,
    interpolation: int = cv2.INTER_LINEAR,
    border: int | tuple[int, ...] = 0,
) -> NDArray[np.generic]:
    """Warp an image by a homography of the corner convention.

    Args:
        image: (H, W) or (H, W, C).
        homography: (3, 3), source pixels -> target pixels.
        size: width and height of the target.
        interpolation: OpenCV's flag.
        border: value outside the source.

    Returns:
        The (height, width[, C]) target.
    """
    centres = translation(-0.5, -0.5) @ homography @ translation(0.5, 0.5)
    value = border if isinstance(border, tuple) else (border,) * 4
    warped: NDArray[np.generic] = cv2.warpPerspective(
        image, centres, size, flags=interpolation, borderMode=cv2.BORDER_CONSTANT, borderValue=value
    )
    return warped


def geodesic_km(a: Array, b: Array) -> Array:
    """Great-circle distance between (N, 2) and (N, 2) (or one and many) longitude, latitude points, kilometres."""
    lon_a, lat_a = np.radians(np.asarray(a, dtype=np.float64).reshape(-1, 2)).T
    lon_b, lat_b = np.radians(np.asarray(b, dtype=np.float64).reshape(-1, 2)).T
    half = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def wrap_lon(lon: Array | float) -> Array:
    """Longitude brought into [-180, 180)."""
    return np.asarray((np.asarray(lon, dtype=np.float64) + 180.0) % 360.0 - 180.0)


def unwrap_lons(lons: Array) -> Array:
    """Longitudes made contiguous (no jump above 180 degrees between neighbours), the first kept."""
    return np.asarray(np.unwrap(np.asarray(lons, dtype=np.float64), period=360.0))


def ground_area_km2(footprint: Array) -> float:
    """Area of a (4, 2) longitude, latitude footprint, square kilometres, in a local equal-area projection."""
    ring = np.column_stack([unwrap_lons(footprint[:, 0]), footprint[:, 1]])
    lon, lat = ring.mean(axis=0)
    plane = f"+proj=laea +lat_0={lat:.6f} +lon_0={lon:.6f} +datum=WGS84 +units=m +no_defs"
    return abs(signed_area(transform_points(ring, "EPSG:4326", plane))) / 1e6
