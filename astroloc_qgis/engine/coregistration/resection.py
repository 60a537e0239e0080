"""Where the camera was, from the tie points of one photo (resection): the nadir of a photo whose nadir is not known.

A photo is exactly a homography of the near-sided perspective plane of its own nadir, and of no other (the curvature of
the Earth bends it); and only there do square pixels and an optical axis through the middle of the photo explain that
homography. Tie points all over a photo that is wide or tilted therefore determine the nadir to some kilometres. With
it the registration gains its horizon and its far corners.
"""

from __future__ import annotations

import math

import numpy as np

from astroloc_qgis.engine.coregistration.camera_fit import CameraFit, fit_camera
from astroloc_qgis.engine.geometry.camera_position import CameraPosition
from astroloc_qgis.engine.geometry.distances import EARTH_RADIUS_KM, wrap_lon
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M
from astroloc_qgis.engine.geometry.plane_choice import fit_plane
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

FEWEST_TIES = 30
"""Fewest tie points that a nadir is found from."""
FREE_M = 300_000.0
"""Standard deviation of the nadir in one round: so large that the tie points alone decide."""
ROUNDS = 10
"""Most rounds, each in the plane of the nadir that the round before has found."""
SETTLED_M = 3_000.0
"""Movement of the nadir below which no further round follows."""
STARTS_KM, STARTS = 600.0, 6
"""Distance from the middle of the tie points, and number of directions, of further starts where the middle fails."""
MOST_DEVIATION_M = 60_000.0
"""Greatest standard deviation of a nadir that is believed."""


def find_camera(photo_xy: Array, lonlat: Array, size: tuple[int, int], deviation_px: float) -> CameraPosition | None:
    """Find the position of the camera, at about the height of the ISS.

    Args:
        photo_xy: (N, 2) photo pixels of the tie points.
        lonlat: (N, 2) their longitude, latitude, degrees.
        size: width and height of the photo, pixels.
        deviation_px: standard deviation of a tie point along one axis, photo pixels.

    Returns:
        None where the tie points do not determine it, or agree with no camera at that height.
    """
    if len(photo_xy) < FEWEST_TIES:
        return None
    about = lonlat - lonlat[0]
    about[:, 0] = wrap_lon(about[:, 0])
    middle = lonlat[0] + np.median(about, axis=0)
    found = _settle(middle, photo_xy, lonlat, size, deviation_px)
    if found is None:
        angles = 2 * math.pi * np.arange(STARTS) / STARTS
        away = 1000 * STARTS_KM * np.column_stack([np.sin(angles), np.cos(angles)])
        others = (_settle(start, photo_xy, lonlat, size, deviation_px) for start in _moved(middle, away))
        found = min((one for one in others if one is not None), key=lambda one: one.rms_px, default=None)
    return found


def _settle(
    start: Array, photo_xy: Array, lonlat: Array, size: tuple[int, int], deviation_px: float
) -> CameraPosition | None:
    """The camera that the rounds from one nadir, (2,) longitude, latitude, end at; None where they do not end."""
    nadir, radius = start, 1000 * EARTH_RADIUS_KM
    for _ in range(ROUNDS):
        plane = WorkingPlane.near_sided(float(nadir[0]), float(nadir[1]))
        free = fit_plane(photo_xy, lonlat, plane)
        if not math.isfinite(free.rms_px):
            return None
        camera = fit_camera(
            free.homography, photo_xy, plane.from_lonlat(lonlat), size, ISS_ALTITUDE_M, deviation_px,
            nadir_deviation_m=FREE_M,
        )  # fmt: skip
        if camera is None:
            return None
        # A camera that moves in the plane is above the ground nearer to its origin by the ratio of the radii.
        movement = camera.position_m[:2] * radius / (radius + ISS_ALTITUDE_M)
        nadir = _moved(nadir, movement[None])[0]
        if math.hypot(*movement) < SETTLED_M:
            return _position(nadir, camera)
    return None


def _position(nadir: Array, camera: CameraFit) -> CameraPosition | None:
    deviation = float(camera.position_deviation_m[:2].max())
    if not camera.agrees or deviation > MOST_DEVIATION_M:
        return None
    return CameraPosition(float(nadir[0]), float(nadir[1]), float(camera.position_m[2]), deviation, camera.rms_px)


def _moved(lonlat: Array, away_m: Array) -> Array:
    """(N, 2) longitude, latitude of points that lie (N, 2) metres east and north of a place."""
    return WorkingPlane.local(float(lonlat[0]), float(lonlat[1])).to_lonlat(away_m)
