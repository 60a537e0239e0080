"""The choice of a working plane: the one of which the photo is most nearly a homography.

A nadir that is known exactly makes the near-sided perspective plane exact. A nadir that is badly wrong (a typing error,
another photo's) makes it worse than a local plane. The tie points decide: all planes have the same eight free
parameters, so the least residual wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

CLEARLY_BETTER = 0.9
"""A later plane is chosen only if its residual is below this part of an earlier one's, more than noise explains."""


@dataclass(frozen=True)
class PlaneFit:
    """A plane and the photo's best homography in it.

    Attributes:
        plane: the working plane.
        homography: (3, 3) photo pixels -> metres of the plane.
        rms_px: residual of the tie points in photo pixels, axis mean; infinite where the plane does not show them all.
    """

    plane: WorkingPlane
    homography: Array
    rms_px: float


def fit_in_photo(photo_xy: Array, plane_xy: Array) -> Array:
    """The homography, plane -> photo, that leaves the least squares of photo pixels.

    The direct linear transformation weighs every pair by its depth; weights of the inverse depth undo that, and three
    rounds of it converge (Hartley and Zisserman, Multiple View Geometry, 2004, p. 95).

    Args:
        photo_xy: (N, 2) photo pixels, N >= 4.
        plane_xy: (N, 2) where they lie in the plane, metres, all finite.

    Returns:
        (3, 3).
    """
    homography = homography_from_points(plane_xy, photo_xy)
    for _ in range(3):
        depth = plane_xy @ homography[2, :2] + homography[2, 2]
        depth = np.abs(depth / np.abs(depth).mean())
        homography = homography_from_points(plane_xy, photo_xy, 1 / np.maximum(depth, 1e-3))
    return homography


def fit_plane(photo_xy: Array, lonlat: Array, plane: WorkingPlane) -> PlaneFit:
    """Fit a photo in one plane.

    Args:
        photo_xy: (N, 2) photo pixels of the tie points, N >= 4.
        lonlat: (N, 2) their longitude, latitude.
        plane: the plane.
    """
    on_plane = plane.from_lonlat(lonlat)
    if not np.isfinite(on_plane).all():
        return PlaneFit(plane, np.full((3, 3), np.nan), np.inf)
    to_photo = fit_in_photo(photo_xy, on_plane)
    residual = apply_homography(to_photo, on_plane) - photo_xy
    return PlaneFit(plane, np.linalg.inv(to_photo), float(np.sqrt((residual**2).mean())))


def choose_plane(photo_xy: Array, lonlat: Array, planes: Sequence[WorkingPlane]) -> PlaneFit:
    """The plane that fits best; of planes that are nearly level, the first.

    Args:
        photo_xy: (N, 2) photo pixels of the inlier tie points, N >= 4.
        lonlat: (N, 2) their longitude, latitude.
        planes: at least one, the most trusted first.
    """
    fits = [fit_plane(photo_xy, lonlat, plane) for plane in planes]
    best = fits[0]
    for fit in fits[1:]:
        if fit.rms_px < CLEARLY_BETTER * best.rms_px:
            best = fit
    return best
