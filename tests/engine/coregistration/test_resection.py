"""The nadir of a photo, from its tie points alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.plane_of_registration import in_plane_of_camera
from astroloc_qgis.engine.coregistration.resection import find_camera
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.plane_choice import fit_plane
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.registration import Registration, TiePoints
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera

SIZE = (1000, 667)
NADIR = (179.5, 45.0)


def tie_points(focal_mm: float, tilt: float, *, squeezed: float = 1.0, noise_px: float = 1.0) -> tuple[Array, Array]:
    """120 points of a photo that see the ground well, and their longitude, latitude."""
    random = np.random.default_rng(round(focal_mm + tilt))
    camera = PinholeCamera(*NADIR, 408_000.0, focal_mm, tilt, *random.uniform(0, 360, 2), SIZE)
    photo_xy = random.uniform((0, 0), SIZE, (120, 2))
    lonlat = camera.to_lonlat(photo_xy)
    with np.errstate(invalid="ignore"):
        seen = np.isfinite(lonlat).all(axis=1) & (camera.elevation_deg(lonlat) > 8)
    return (photo_xy[seen] + random.normal(0, noise_px, (seen.sum(), 2))) * (1.0, squeezed), lonlat[seen]


@pytest.mark.parametrize(("focal_mm", "tilt"), [(8, 15), (16, 0), (24, 30), (24, 55), (50, 0), (50, 30), (50, 55)])
def test_a_wide_photo_tells_its_nadir_across_the_antimeridian_too(focal_mm: float, tilt: float) -> None:
    camera = find_camera(*tie_points(focal_mm, tilt), SIZE, 1.0)
    assert camera is not None
    error_km = great_circle_km(np.array(NADIR), np.array([camera.longitude, camera.latitude]))[0]
    assert error_km < 25
    assert error_km < 4 * camera.deviation_m / 1000
    assert camera.height_m == pytest.approx(408_000, abs=40_000)


@pytest.mark.parametrize(("focal_mm", "tilt", "moves"), [(24, 30, True), (400, 10, False)])
def test_the_plane_of_a_wide_photo_moves_to_its_nadir_and_that_of_a_narrow_one_does_not(
    focal_mm: float, tilt: float, moves: bool
) -> None:
    photo_xy, lonlat = tie_points(focal_mm, tilt)
    fit = fit_plane(photo_xy, lonlat, WorkingPlane.local(*lonlat[0]))
    used = np.ones(len(photo_xy), bool)
    ties = TiePoints(photo_xy, fit.plane.from_lonlat(lonlat), used, used.astype(np.float32))
    bent = Registration(fit.plane, "", "sift", fit.homography, ties, converged=True)
    assert in_plane_of_camera(replace(bent, converged=False), SIZE, 1.0) is None
    found = in_plane_of_camera(bent, SIZE, 1.0)
    assert (found is not None) is moves
    if found is not None:
        assert found.camera is not None
        assert found.plane == found.camera.plane
        assert found.rmse_px < 0.7 * fit.rms_px * np.sqrt(2)
        assert found.rmse_px == pytest.approx(np.sqrt(2), rel=0.2)
        assert in_plane_of_camera(found, SIZE, 1.0) is None


def test_squeezed_pixels_and_few_tie_points_tell_none() -> None:
    photo_xy, lonlat = tie_points(24, 30, squeezed=0.7)
    assert find_camera(photo_xy, lonlat, SIZE, 1.0) is None
    photo_xy, lonlat = tie_points(24, 30)
    assert find_camera(photo_xy[:29], lonlat[:29], SIZE, 1.0) is None
