"""What a polygon is like: its area, its direction, whether it is convex."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.geometry.projection import Array


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
