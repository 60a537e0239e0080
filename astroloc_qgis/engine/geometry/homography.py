"""Homographies: applying, composing and fitting them.

Photo pixels are continuous, in GDAL's corner convention: (0, 0) is the top-left corner of the top-left pixel. A
homography maps them to metres of a working plane (x east, y north).
"""

from __future__ import annotations

import math

import numpy as np

from astroloc_qgis.engine.geometry.projection import Array


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


def rotation_and_scaling(centre: Array, angle: float, scale: float) -> Array:
    """The (3, 3) rotation by an angle in radians (anticlockwise with y up) and scaling about a centre (2,)."""
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    about = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(translation(*centre) @ about @ translation(*(-np.asarray(centre))))


def quarter_rotation(width: float, height: float, quarter_turns: int) -> Array:
    """Where ``np.rot90(image, quarter_turns)`` puts the pixels of a width x height image, as a (3, 3) map."""
    rotations = {
        0: np.eye(3),
        1: np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, width], [0.0, 0.0, 1.0]]),
        2: np.array([[-1.0, 0.0, width], [0.0, -1.0, height], [0.0, 0.0, 1.0]]),
        3: np.array([[0.0, -1.0, height], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    }
    return rotations[quarter_turns % 4]


def in_front(homography: Array, xy: Array, reference_xy: tuple[float, float]) -> Array:
    """The sign of each point's depth relative to a point known to see the ground: positive is the same side.

    Points on the other side of the homography's vanishing line are beyond the horizon of the plane.
    """
    depth = np.asarray(xy, dtype=np.float64) @ homography[2, :2] + homography[2, 2]
    here = float(np.asarray(reference_xy) @ homography[2, :2] + homography[2, 2])
    return depth * math.copysign(1.0, here)


def relative_depth(homography: Array, xy: Array, reference_xy: Array) -> Array:
    """(N,) depth of (N, 2) points, 1 at the reference point (2,): at or below 0 a point sees no ground."""
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    depth = xy @ homography[2, :2] + homography[2, 2]
    return np.asarray(depth / (np.asarray(reference_xy, dtype=np.float64) @ homography[2, :2] + homography[2, 2]))


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
