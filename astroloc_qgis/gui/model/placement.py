"""Where a photo lies on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from astroloc_qgis.engine.geometry.distances import wrap_lon
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points, relative_depth
from astroloc_qgis.engine.geometry.polygons import signed_area
from astroloc_qgis.engine.geometry.projection import WGS84, Array, transform_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

NEAREST_HORIZON = 0.08
"""Depth of a photo point, relative to the photo's centre, below which it is too near to the horizon to be a corner."""


@dataclass(frozen=True)
class Placement:
    """Where a photo lies.

    Attributes:
        homography: photo pixels -> metres of the plane, row by row.
        plane: the working plane, a PROJ string.
        size: width and height of the photo, pixels.
        basis: "machine", "hand" or "tie points": what it follows from.
    """

    homography: tuple[tuple[float, ...], ...]
    plane: str
    size: tuple[int, int]
    basis: str = "machine"

    @classmethod
    def of(cls, matrix: Array, plane: str, size: tuple[int, int], basis: str) -> Placement:
        """Make one from a (3, 3) array."""
        return cls(tuple(tuple(float(value) for value in row) for row in matrix), plane, size, basis)

    @property
    def matrix(self) -> Array:
        """The homography as a (3, 3) array."""
        return np.array(self.homography)

    @property
    def centre(self) -> Array:
        """(2,) the photo's centre, pixels."""
        return np.array(self.size) / 2

    def moved(self, change: Array, basis: str = "hand") -> Placement:
        """The placement after a (3, 3) change of the plane, metres -> metres."""
        return Placement.of(change @ self.matrix, self.plane, self.size, basis)

    def anchors(self) -> Array:
        """(4, 2) photo pixels: the corners; those beyond the horizon brought inwards until they see ground."""
        return np.array(_anchors(self))

    def to_lonlat(self, photo_xy: Array) -> Array:
        """(N, 2) photo pixels -> (N, 2) longitude, latitude; NaN where they see no ground."""
        mapped = apply_homography(self.matrix, photo_xy)
        mapped[relative_depth(self.matrix, photo_xy, self.centre) <= 0] = np.nan
        return transform_points(mapped, self.plane, WGS84)

    def to_photo(self, lonlat: Array) -> Array:
        """(N, 2) longitude, latitude -> (N, 2) photo pixels; NaN where the plane does not show the place."""
        return apply_homography(np.linalg.inv(self.matrix), transform_points(lonlat, WGS84, self.plane))

    def footprint(self) -> Array:
        """(4, 2) longitude, latitude of the anchors, in the photo's corner order."""
        return self.to_lonlat(self.anchors())

    def re_centred(self) -> Placement:
        """The same placement in a local plane about the photo's own centre (after a long drag or a new fit)."""
        anchors = self.anchors()
        lonlat = self.to_lonlat(anchors)
        middle = self.to_lonlat(self.centre[None])[0]
        if not (np.isfinite(lonlat).all() and np.isfinite(middle).all()):
            return self
        plane = WorkingPlane.local(float(middle[0]), float(middle[1]))
        matrix = homography_from_points(anchors, plane.from_lonlat(lonlat))
        return Placement.of(matrix, plane.proj, self.size, self.basis)


@lru_cache(maxsize=64)
def _anchors(placement: Placement) -> tuple[tuple[float, float], ...]:
    width, height = placement.size
    corners = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    if _seen(placement, corners).all():
        return tuple((float(x), float(y)) for x, y in corners)
    found = []
    for corner in corners:
        way = placement.centre + np.linspace(1.0, 0.05, 96)[:, None] * (corner - placement.centre)
        usable = np.flatnonzero(_seen(placement, way))
        x, y = way[usable[0]] if len(usable) else way[-1]
        found.append((float(x), float(y)))
    return tuple(found)


def _seen(placement: Placement, photo_xy: Array) -> np.ndarray:
    """Whether photo points see ground, and not too near to the horizon."""
    deep = relative_depth(placement.matrix, photo_xy, placement.centre) > NEAREST_HORIZON
    return np.asarray(deep & np.isfinite(placement.to_lonlat(photo_xy)).all(axis=1))


def is_sound(placement: Placement) -> bool:
    """Whether a placement can be drawn: finite, not mirrored, its middle on the ground."""
    if not np.isfinite(placement.matrix).all() or abs(np.linalg.det(placement.matrix)) < 1e-12:
        return False
    middle, size = placement.centre, min(placement.size) / 20
    around = middle + np.array([[-size, -size], [size, -size], [size, size], [-size, size]])
    if (relative_depth(placement.matrix, around, middle) <= 0).any():
        return False
    if not np.isfinite(placement.to_lonlat(around)).all():
        return False
    return signed_area(apply_homography(placement.matrix, around)) < 0


def wrapped(lonlat: Array) -> list[list[float]]:
    """(N, 2) longitude, latitude as a list, longitude within 180 degrees."""
    return np.column_stack([wrap_lon(lonlat[:, 0]), lonlat[:, 1]]).round(9).tolist()
