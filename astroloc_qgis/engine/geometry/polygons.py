"""Polygons: area, direction, convexity, and clipping to a box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Points = list[tuple[float, float]]
"""A ring of x, y, without the first point again at the end."""


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


def clip_to_box(polygon: Points, bounds: tuple[float, float, float, float]) -> Points:
    """Clip a polygon to a box (Sutherland and Hodgman 1974, Reentrant polygon clipping, CACM 17).

    Args:
        polygon: the corners, in either direction.
        bounds: xmin, ymin, xmax, ymax.
    """
    xmin, ymin, xmax, ymax = bounds
    for axis, limit, sign in ((0, xmin, 1.0), (0, xmax, -1.0), (1, ymin, 1.0), (1, ymax, -1.0)):
        clipped: Points = []
        for start, end in zip(polygon[-1:] + polygon[:-1], polygon, strict=True):
            before, after = sign * (start[axis] - limit), sign * (end[axis] - limit)
            if (before < 0) != (after < 0):
                part = before / (before - after)
                clipped.append((start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])))
            if after >= 0:
                clipped.append(end)
        polygon = clipped
    return polygon


def polygon_area(polygon: Points) -> float:
    """Area of a simple polygon (the shoelace formula, relative to the first corner for precision)."""
    if len(polygon) < 3:
        return 0.0
    x0, y0 = polygon[0]
    relative = [(x - x0, y - y0) for x, y in polygon]
    return abs(
        sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(relative, relative[1:] + relative[:1], strict=True)) / 2
    )
