"""The visible region of a photo: the part that sees ground worth drawing.

Towards the horizon a pixel covers more and more ground, and beyond it none. So the photo is cut off below the horizon,
where one pixel covers ``MAX_STRETCH`` times the length of ground of the central one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, in_front
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

MAX_STRETCH = 30.0
"""Ground length of a pixel relative to the central pixel's, beyond which the photo is cut off."""

MAX_REACH_M = 5_000_000.0
"""Nothing farther than this from the photo's centre is drawn; from the ISS the horizon is at about 2,300 km."""

_NODES = 65
_METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class Horizon:
    """The line, straight on a flat Earth and bent on a round one, along which a photo is cut off.

    Attributes:
        centre: (2,) of the photo, pixels.
        towards: (2,) unit vector from the centre towards the horizon.
        across: (K,) distances from the centre, at right angles to that, rising.
        reach: (K,) how far towards the horizon the photo is drawn at each of them.
    """

    centre: Array
    towards: Array
    across: Array
    reach: Array

    def below(self, xy: Array) -> NDArray[np.bool_]:
        """Whether photo points (..., 2) lie on the near side."""
        x, y = xy[..., 0] - self.centre[0], xy[..., 1] - self.centre[1]
        reach = np.interp(x * -self.towards[1] + y * self.towards[0], self.across, self.reach)
        return np.asarray(x * self.towards[0] + y * self.towards[1] <= reach)

    def points(self) -> Array:
        """(2048, 2) photo points along it."""
        normal = np.array([-self.towards[1], self.towards[0]])
        across = np.linspace(self.across[0], self.across[-1], 2048)
        reach = np.interp(across, self.across, self.reach)
        return self.centre + reach[:, None] * self.towards + across[:, None] * normal


@dataclass(frozen=True)
class VisibleRegion:
    """The part of a photo that sees ground.

    Attributes:
        width: of the photo, pixels.
        height: of the photo, pixels.
        horizon: where it is cut off, or None where every part of it sees ground.
        gsd_m: ground sample distance at the photo's centre, across the line of sight (the finer one), metres.
    """

    width: int
    height: int
    horizon: Horizon | None
    gsd_m: float

    @property
    def whole(self) -> bool:
        """Whether every part of the photo sees ground."""
        return self.horizon is None

    def seen(self, xy: Array) -> NDArray[np.bool_]:
        """Whether photo points (..., 2) lie in the photo and see ground that is drawn."""
        x, y = xy[..., 0], xy[..., 1]
        inside: NDArray[np.bool_] = (x >= 0) & (x <= self.width) & (y >= 0) & (y <= self.height)
        return inside if self.horizon is None else inside & self.horizon.below(xy)

    def node_points(self) -> Array:
        """(65 * 65, 2) points evenly over the photo, edges included, row by row."""
        return _node_points(self.width, self.height)

    def outline(self, points_per_edge: int = 1) -> Array:
        """The (N, 2) ring, in photo pixels, of the part that sees ground, from the top left on and clockwise.

        Args:
            points_per_edge: for a photo that sees ground everywhere: 1 gives its four corners (top-left, top-right,
                bottom-right, bottom-left), more put points evenly along the edges.
        """
        if self.horizon is None:
            return _edges(self.width, self.height, points_per_edge)
        edges, line = _edges(self.width, self.height, 2048), self.horizon.points()
        ring = np.concatenate([edges[self.horizon.below(edges)], line[_within(line, self.width, self.height)]])
        # What is seen is convex (a rectangle cut off by the rim of a disc), so its points can be put in order by angle.
        around = ring - ring.mean(axis=0)
        ring = ring[np.argsort(np.arctan2(around[:, 1], around[:, 0]))].astype(np.float32)
        ring = cv2.approxPolyDP(ring[:, None], 0.5, closed=True)[:, 0].astype(np.float64)
        return np.roll(ring, -int(np.argmin(ring.sum(axis=1))), axis=0)


def find_visible_region(homography: Array, plane: WorkingPlane, width: int, height: int) -> VisibleRegion:
    """Find the part of a photo that sees ground.

    Args:
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        width: of the photo, pixels.
        height: of the photo, pixels.

    Raises:
        InputError: the photo's centre sees no ground.
    """
    centre = np.array([width / 2, height / 2])
    least, greatest = _ground_per_pixel(homography, plane, centre[None], centre)
    if not np.isfinite(greatest[0]) or least[0] <= 0:
        raise InputError(
            "The centre of the photo sees no ground, so the photo cannot be georeferenced: crop the sky off, or give a "
            "homography that puts the centre on the ground."
        )
    points = _node_points(width, height)
    near = _near(homography, plane, points, centre, greatest[0])
    horizon = None if near.all() else _find_horizon(homography, plane, centre, points[near], greatest[0])
    return VisibleRegion(width, height, horizon, float(least[0]))


def _find_horizon(homography: Array, plane: WorkingPlane, centre: Array, near: Array, central_m: float) -> Horizon:
    """Find the line by bisection, on many parallels towards the horizon.

    Args:
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        centre: (2,) of the photo.
        near: (N, 2) evenly spaced points of the photo that are drawn; their mean lies away from the horizon.
        central_m: greatest ground length of the central pixel.
    """
    diagonal = 2 * float(np.hypot(*centre))
    away = centre - near.mean(axis=0)
    towards = away / np.hypot(*away)
    for _ in range(3):  # the first direction is off where the photo's own shape pulls at the mean: turn to the line
        normal = np.array([-towards[1], towards[0]])
        across = np.linspace(-diagonal / 2, diagonal / 2, _NODES)
        low, high = np.full(_NODES, -diagonal / 2), np.full(_NODES, diagonal / 2)
        for _ in range(14):
            middle = (low + high) / 2
            points = centre + middle[:, None] * towards + across[:, None] * normal
            good = _near(homography, plane, points, centre, central_m)
            low, high = np.where(good, middle, low), np.where(good, high, middle)
        found = Horizon(centre, towards, across, low)
        cut = np.abs(low) < 0.49 * diagonal
        if cut.sum() < 2:
            break
        slope = np.polyfit(across[cut], low[cut], 1)[0]
        towards = towards - slope * normal
        towards = towards / np.hypot(*towards)
    return found


def _near(homography: Array, plane: WorkingPlane, points: Array, centre: Array, central_m: float) -> NDArray[np.bool_]:
    """Whether (N, 2) photo points see ground, and not too much of it a pixel."""
    _, greatest = _ground_per_pixel(homography, plane, points, centre)
    with np.errstate(invalid="ignore"):
        return np.asarray(greatest <= MAX_STRETCH * central_m)


def _edges(width: int, height: int, points_per_edge: int) -> Array:
    """(4 * points_per_edge, 2) points round the photo, from the top-left corner on and clockwise."""
    corners = photo_corners(width, height)
    along = np.arange(points_per_edge)[:, None] / points_per_edge
    return np.concatenate([a + along * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])


def _within(xy: Array, width: int, height: int) -> NDArray[np.bool_]:
    return np.asarray((xy >= 0).all(axis=1) & (xy <= (width, height)).all(axis=1))


def _node_points(width: int, height: int) -> Array:
    x, y = np.meshgrid(np.linspace(0, width, _NODES), np.linspace(0, height, _NODES))
    return np.column_stack([x.ravel(), y.ravel()])


def _ground_per_pixel(homography: Array, plane: WorkingPlane, points: Array, centre: Array) -> tuple[Array, Array]:
    """The least and greatest length of ground, metres, that a pixel covers at (N, 2) photo points; NaN for none."""
    offsets = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, -0.5], [0.0, 0.5]])
    around = (points[:, None] + offsets).reshape(-1, 2)
    on_plane = apply_homography(homography, around)
    middle = apply_homography(homography, centre[None])[0]
    away = np.hypot(*(on_plane - middle).T)
    with np.errstate(invalid="ignore"):
        on_plane[(in_front(homography, around, (centre[0], centre[1])) <= 0) | ~(away < MAX_REACH_M)] = np.nan
    lonlat = plane.to_lonlat(on_plane).reshape(-1, 4, 2)
    step = np.stack([lonlat[:, 1] - lonlat[:, 0], lonlat[:, 3] - lonlat[:, 2]], axis=-1)  # (N, lon and lat, x and y)
    step[:, 0] = (step[:, 0] + 180.0) % 360.0 - 180.0
    step[:, 0] *= np.cos(np.radians(lonlat[:, 0, 1]))[:, None]
    step *= _METRES_PER_DEGREE
    # Singular values of a 2 x 2 matrix in closed form (NaN passes through, which LAPACK refuses).
    total = (step**2).sum(axis=(1, 2))
    determinant = np.abs(step[:, 0, 0] * step[:, 1, 1] - step[:, 0, 1] * step[:, 1, 0])
    root = np.sqrt(np.maximum(total**2 - 4 * determinant**2, 0.0))
    greatest = np.sqrt((total + root) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return determinant / greatest, greatest
