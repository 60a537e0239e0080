"""A photo from orbit is a homography of the near-sided plane: rays of a camera above the ellipsoid, cut with WGS84."""

from __future__ import annotations

import math

import numpy as np
import pytest

from astroloc_qgis.engine.geometry.homography import (
    apply_homography,
    homography_from_points,
)
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from tests.engine.geometry.ellipsoid import E2, A, F


def see_from_orbit(
    lon: float, lat: float, *, focal_mm: float, tilt: float, azimuth: float, height_m: float = ISS_ALTITUDE_M
) -> tuple[Array, Array]:
    """Grids of (N, 2) photo pixels and of the longitudes, latitudes they see.

    The photo has 3000 x 2000 pixels on a sensor of 36 x 24 mm; ``tilt`` degrees off the nadir towards ``azimuth``.
    Longitude, latitude are NaN for pixels that see the sky.
    """
    phi, lam = math.radians(lat), math.radians(lon)
    east = np.array([-math.sin(lam), math.cos(lam), 0.0])
    up = np.array([math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)])
    north = np.cross(up, east)
    normal = A / math.sqrt(1 - E2 * math.sin(phi) ** 2)
    foot = np.array([normal, normal, normal * (1 - E2)]) * up
    camera = foot + height_m * up

    ahead = math.sin(math.radians(azimuth)) * east + math.cos(math.radians(azimuth)) * north
    axis = math.sin(math.radians(tilt)) * ahead - math.cos(math.radians(tilt)) * up
    top = math.cos(math.radians(tilt)) * ahead + math.sin(math.radians(tilt)) * up
    right = np.cross(axis, top)
    columns, rows = np.meshgrid(np.linspace(0, 3000, 13), np.linspace(0, 2000, 9))
    pixels = np.column_stack((columns.ravel(), rows.ravel()))
    across, down = ((pixels - (1500, 1000)) * 36 / 3000 / focal_mm).T
    rays = axis + across[:, None] * right - down[:, None] * top

    # |camera + s * ray| = 1 where the axes are measured in radii; the nearer of both solutions.
    radii = np.array([A, A, A * (1 - F)])
    origin, direction = camera / radii, rays / radii
    a, b, c = (direction**2).sum(axis=1), direction @ origin, origin @ origin - 1
    with np.errstate(invalid="ignore"):
        distance = (-b - np.sqrt(b**2 - a * c)) / a
    x, y, z = (camera + distance[:, None] * rays).T
    latitude = np.arctan2(z, (1 - E2) * np.hypot(x, y))  # exact on the surface itself
    return pixels, np.degrees(np.column_stack((np.arctan2(y, x), latitude)))


def bend(pixels: Array, ground: Array) -> float:
    """How far the best homography from ground to photo is off, at worst, photo pixels."""
    fitted = apply_homography(homography_from_points(ground, pixels), ground)
    return float(np.linalg.norm(fitted - pixels, axis=1).max())


@pytest.mark.parametrize(("lon", "lat"), [(11.0, 46.0), (179.0, -17.0), (25.0, 60.0), (-60.0, 0.0)])
@pytest.mark.parametrize("focal_mm", [24, 50, 100, 200, 400])
def test_a_photo_is_a_homography_of_the_near_sided_plane_and_of_no_other(
    lon: float, lat: float, focal_mm: float
) -> None:
    for tilt in (0, 20, 40, 50):
        for azimuth in (0, 60, 240):
            pixels, lonlat = see_from_orbit(lon, lat, focal_mm=focal_mm, tilt=tilt, azimuth=azimuth)
            if not np.isfinite(lonlat).all():
                continue  # the horizon is in view
            near = bend(pixels, WorkingPlane.near_sided(lon, lat).from_lonlat(lonlat))
            local = bend(pixels, WorkingPlane.local(*lonlat[len(lonlat) // 2]).from_lonlat(lonlat))
            # PROJ's plane is that of a sphere: what remains is the flattening, well below a pixel of 3000.
            assert near < 0.5
            if local > 1:
                assert near < local / 20


def test_degrees_taken_as_a_plane_bend_an_oblique_photo_most() -> None:
    pixels, lonlat = see_from_orbit(11.0, 46.0, focal_mm=50, tilt=40, azimuth=60)
    local = bend(pixels, WorkingPlane.local(*lonlat[len(lonlat) // 2]).from_lonlat(lonlat))
    assert 10 < local < bend(pixels, lonlat)


def test_a_nadir_off_by_ten_kilometres_and_a_height_by_twenty_are_still_better_than_none() -> None:
    pixels, lonlat = see_from_orbit(11.0, 46.0, focal_mm=50, tilt=40, azimuth=60, height_m=400_000)
    guessed = bend(pixels, WorkingPlane.near_sided(11.0, 46.09).from_lonlat(lonlat))
    local = bend(pixels, WorkingPlane.local(*lonlat[len(lonlat) // 2]).from_lonlat(lonlat))
    assert guessed < local / 4


def test_the_horizon_in_a_photo_is_the_horizon_of_the_near_sided_plane() -> None:
    pixels, lonlat = see_from_orbit(11.0, 46.0, focal_mm=24, tilt=50, azimuth=0)
    sees_ground = np.isfinite(lonlat).all(axis=1)
    assert 0 < sees_ground.sum() < len(pixels)
    # What the camera sees, the plane shows, the pixels next to the horizon included.
    assert np.isfinite(WorkingPlane.near_sided(11.0, 46.0).from_lonlat(lonlat[sees_ground])).mean() > 0.97
