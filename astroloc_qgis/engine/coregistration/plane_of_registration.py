"""The working plane of a registration: of the planes that may be right, the one that its tie points fit best."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.coregistration.resection import find_camera
from astroloc_qgis.engine.geometry.distances import wrap_lon
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, normalise
from astroloc_qgis.engine.geometry.plane_choice import PlaneFit, choose_plane, fit_plane
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.registration import Registration, coverage

COVERED = 0.3
"""Least coverage of the photo's content by tie points from which a camera is found."""
BENT = 0.01
"""Least distance between a corner's places in two planes, as a part of the photo's diagonal, that matters."""


def choose_working_plane(registration: Registration) -> Registration:
    """Move the tie points to a local plane if they fit one better: then the nadir given is not the photo's.

    Args:
        registration: in any plane.
    """
    ties = registration.tie_points
    if registration.homography is None or ties is None or not registration.plane.is_near_sided:
        return registration
    lonlat = registration.plane.to_lonlat(ties.plane_xy)
    inlier = ties.inlier & np.isfinite(lonlat).all(axis=1)
    about = lonlat[inlier] - lonlat[inlier][0]
    about[:, 0] = wrap_lon(about[:, 0])
    lon, lat = lonlat[inlier][0] + np.median(about, axis=0)
    local = WorkingPlane.local(float(wrap_lon(lon)), float(lat))
    chosen = choose_plane(ties.photo_xy[inlier], lonlat[inlier], [registration.plane, local])
    return registration if chosen.plane == registration.plane else _moved(registration, chosen, lonlat, inlier)


def in_plane_of_camera(
    registration: Registration, photo_size: tuple[int, int], deviation_px: float
) -> Registration | None:
    """A registration in a local plane, moved to the plane of the camera that its tie points tell.

    Args:
        registration: in any plane.
        photo_size: width and height of the photo, pixels.
        deviation_px: standard deviation of a tie point along one axis, photo pixels.

    Returns:
        None where its plane has a camera already, or its tie points tell none, or the photo is too narrow for that to
        matter. Tie points that disagreed in the local plane may agree in this one: it wants further iterations.
    """
    ties = registration.tie_points
    if registration.homography is None or ties is None or registration.plane.is_near_sided:
        return None
    lonlat = registration.plane.to_lonlat(ties.plane_xy)
    inlier = ties.inlier & np.isfinite(lonlat).all(axis=1)
    used = ties.photo_xy[inlier]
    if not registration.converged or coverage(used, photo_size) < COVERED * registration.content_share:
        return None
    camera = find_camera(used, lonlat[inlier], photo_size, deviation_px)
    if camera is None:
        return None
    corners = photo_corners(*photo_size)
    before = registration.plane.to_lonlat(apply_homography(registration.homography, corners))
    fit = fit_plane(used, lonlat[inlier], camera.plane)
    after = apply_homography(np.linalg.inv(fit.homography), camera.plane.from_lonlat(before))
    bent = np.linalg.norm(after - corners, axis=1).max() / math.hypot(*photo_size)
    return None if bent < BENT else replace(_moved(registration, fit, lonlat, inlier), camera=camera)


def rmse_m(homography: Array, photo_xy: Array, plane_xy: Array) -> float:
    """Root mean square distance of (N, 2) mapped photo points from their (N, 2) points of the plane, metres."""
    residual_m = apply_homography(homography, photo_xy) - plane_xy
    return float(np.sqrt((residual_m**2).sum(axis=1).mean()))


def _moved(registration: Registration, fit: PlaneFit, lonlat: Array, inlier: NDArray[np.bool_]) -> Registration:
    """A registration in another plane.

    Args:
        registration: with a homography and tie points.
        fit: the other plane, with the photo's homography in it.
        lonlat: (N, 2) longitude, latitude of its tie points.
        inlier: (N,) those that agree with its homography.
    """
    ties = registration.tie_points
    assert ties is not None  # noqa: S101 - by the callers
    plane_xy = fit.plane.from_lonlat(lonlat)
    return replace(
        registration,
        plane=fit.plane,
        homography=normalise(fit.homography),
        tie_points=replace(ties, plane_xy=plane_xy, inlier=inlier),
        rmse_px=fit.rms_px * math.sqrt(2),
        rmse_m=rmse_m(fit.homography, ties.photo_xy[inlier], plane_xy[inlier]),
    )
