"""What part of a photo sees ground that is worth drawing.

Near the horizon a pixel covers ever more ground, and beyond it none at all. So the photo is cut off, along a line
parallel to the horizon, where one pixel covers ``MAX_STRETCH`` times the length of ground of the central one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry import Array, WorkingPlane, apply_homography, in_front, photo_corners

MAX_STRETCH = 30.0
"""Ground length of a pixel relative to the central pixel's, beyond which the photo is cut off."""

MAX_REACH_M = 5_000_000.0
"""Nothing farther than this from the photo's centre is drawn; from the ISS the horizon is at about 2,300 km."""

_NODES = 65
_METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True)
class Sight:
    """The part of a photo that sees ground.

    Attributes:
        width: of the photo, pixels.
        height: of the photo, pixels.
        nodes: (65, 65) nearness at evenly spaced points from corner to corner of the photo: 1 where a pixel covers as
            much ground as the central one, 1 / sqrt(stretch) elsewhere, 0 or less where it sees none. On flat ground
            this is the depth of the homography, hence linear, and its contours are straight.
        whole: every part of the photo sees ground.
        gsd_m: ground sample distance at the photo's centre, across the line of sight (the finer one), metres.
    """

    width: int
    height: int
    nodes: NDArray[np.float32]
    whole: bool
    gsd_m: float

    @property
    def limit(self) -> float:
        """The nearness below which the photo is cut off."""
        return float(MAX_STRETCH**-0.5)

    def seen(self, xy: Array) -> NDArray[np.bool_]:
        """Whether photo points (..., 2) lie in the photo and see ground that is drawn."""
        x, y = xy[..., 0], xy[..., 1]
        with np.errstate(invalid="ignore"):
            inside: NDArray[np.bool_] = (x >= 0) & (x <= self.width) & (y >= 0) & (y <= self.height)
        if self.whole or not inside.any():
            return inside
        scale = np.array([self.width, self.height]) / (_NODES - 1)
        at = (np.where(inside[..., None], xy, 0.0) / scale).astype(np.float32)
        flat = at.reshape(1, -1, 2) if at.ndim != 3 else at
        nearness = cv2.remap(self.nodes, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return inside & (nearness.reshape(inside.shape) >= self.limit)

    def node_points(self) -> Array:
        """The (65 * 65, 2) photo points of the nodes, row by row."""
        return _node_points(self.width, self.height)

    def outline(self, points_per_edge: int = 1) -> Array:
        """The (N, 2) ring, in photo pixels, of the part that sees ground.

        Args:
            points_per_edge: for a photo that sees ground everywhere: 1 gives its four corners (top-left, top-right,
                bottom-right, bottom-left), more put points evenly along the edges.
        """
        if self.whole:
            corners = photo_corners(self.width, self.height)
            along = np.arange(points_per_edge)[:, None] / points_per_edge
            edges = [a + along * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
            return np.concatenate(edges)
        fine = 16
        size = (_NODES - 1) * fine + 1
        steps = np.linspace(0, _NODES - 1, size, dtype=np.float32)
        x, y = np.meshgrid(steps, steps)
        drawn = cv2.remap(self.nodes, x, y, cv2.INTER_LINEAR) >= self.limit
        contours, _ = cv2.findContours(drawn.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        ring = cv2.approxPolyDP(max(contours, key=cv2.contourArea), 1.0, closed=True)[:, 0].astype(np.float64)
        # OpenCV goes round anticlockwise as drawn, y down; corners go clockwise: turn it, and begin near the top-left.
        ring = ring[::-1] / (size - 1) * [self.width, self.height]
        return np.roll(ring, -int(np.argmin(ring.sum(axis=1))), axis=0)


def find_sight(homography: Array, plane: WorkingPlane, width: int, height: int) -> Sight:
    """Find the part of a photo that sees ground.

    Args:
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        width: of the photo, pixels.
        height: of the photo, pixels.

    Raises:
        InputError: the photo's centre sees no ground.
    """
    centre = np.array([[width / 2, height / 2]])
    points = _node_points(width, height)
    least, gsd = _ground_per_pixel(homography, plane, centre, centre[0])
    if not np.isfinite(gsd[0]) or least[0] <= 0:
        raise InputError(
            "The centre of the photo sees no ground, so the photo cannot be georeferenced: crop the sky off, or give a "
            "homography that puts the centre on the ground."
        )
    _, lengths = _ground_per_pixel(homography, plane, points, centre[0])
    with np.errstate(invalid="ignore"):
        nearness = np.sqrt(gsd[0] / lengths)
    depth = in_front(homography, points, tuple(centre[0])) / abs(homography[2] @ [*centre[0], 1.0])
    nearness = np.where(np.isfinite(nearness), nearness, np.minimum(depth, 0.0))
    nodes = nearness.reshape(_NODES, _NODES).astype(np.float32)
    return Sight(width, height, nodes, bool((nodes >= MAX_STRETCH**-0.5).all()), float(least[0]))


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
