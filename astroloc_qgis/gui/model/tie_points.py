"""Tie points of a photo, and the placement that they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, relative_depth
from astroloc_qgis.engine.geometry.projection import WGS84, transform_points
from astroloc_qgis.engine.geometry.tie_point_fits import fits_to_points
from astroloc_qgis.gui.model.placement import Placement, is_sound

OWN_WEIGHT = 10**0.5
"""A tie point set by hand counts as much as ten that the machine found (this is the weight of its residual)."""
TAMEST_DEPTH = 0.12
"""Depth of a corner, relative to the photo's centre, below which a fit is refused."""
MOST_STRETCHED = 6.0
"""Stretch of a photo's middle above which a fit is refused (reached at about 80 degrees off the nadir)."""


@dataclass(frozen=True)
class TiePoint:
    """A point of the photo whose place on the ground is known.

    Attributes:
        x, y: photo pixels.
        lon, lat: degrees.
        on: whether it takes part.
        by_hand: whether an analyst set it, not the machine.
    """

    x: float
    y: float
    lon: float
    lat: float
    on: bool = True
    by_hand: bool = True


def fit_placement(placement: Placement, points: tuple[TiePoint, ...]) -> Placement | None:
    """The placement that fits the tie points that are on; None where no sound placement fits them."""
    used = [point for point in points if point.on]
    if not used:
        return None
    photo = np.array([[point.x, point.y] for point in used])
    plane = transform_points(np.array([[point.lon, point.lat] for point in used]), WGS84, placement.plane)
    weights = np.array([OWN_WEIGHT if point.by_hand else 1.0 for point in used])
    if not np.isfinite(plane).all():
        return None
    try:
        matrices = fits_to_points(placement.matrix, photo, plane, weights)
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    for matrix in matrices:
        fitted = Placement.of(matrix, placement.plane, placement.size, "tie points")
        if np.isfinite(matrix).all() and is_sound(fitted) and _is_tame(fitted):
            return fitted
    return None


def _is_tame(placement: Placement) -> bool:
    """Whether a fit looks like a photo: no corner near the horizon, no side squeezed."""
    if relative_depth(placement.matrix, photo_corners(*placement.size), placement.centre).min() < TAMEST_DEPTH:
        return False
    steps = placement.centre + np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, -0.5], [0.0, 0.5]])
    ends = apply_homography(placement.matrix, steps)
    long, short = np.linalg.svd(np.column_stack([ends[1] - ends[0], ends[3] - ends[2]]), compute_uv=False)
    return bool(short > 0 and long / short < MOST_STRETCHED)
