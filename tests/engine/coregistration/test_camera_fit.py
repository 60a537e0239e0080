"""A photo as a camera made it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.camera_fit import fit_camera
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points, scaling, translation
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

SIZE = (1024, 683)
HEIGHT = 420_000.0


def camera(tilt: float, azimuth: float, turn: float, focal: float, moved: tuple[float, float, float]) -> Array:
    """Plane (metres) -> photo pixels of a camera; focal length in half diagonals, ``moved`` in metres off the nadir."""
    down, around, roll = np.radians([tilt, azimuth, turn])
    axis = np.array([math.sin(down) * math.sin(around), math.sin(down) * math.cos(around), -math.cos(down)])
    right = np.array([math.cos(around), -math.sin(around), 0.0])
    rotation = np.stack([right, np.cross(axis, right), axis])
    cosine, sine = math.cos(roll), math.sin(roll)
    rotation = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]]) @ rotation
    half = math.hypot(*SIZE) / 2
    lens = np.array([[focal * half, 0, SIZE[0] / 2], [0, focal * half, SIZE[1] / 2], [0, 0, 1.0]])
    east, north, up = moved
    return lens @ rotation @ np.array([[1.0, 0, -east], [0, 1.0, -north], [0, 0, -(HEIGHT + up)]])


def corner_error(to_plane: Array, truth: Array) -> float:
    """Worst corner, photo pixels."""
    corners = photo_corners(*SIZE)
    return float(np.linalg.norm(apply_homography(truth, apply_homography(to_plane, corners)) - corners, axis=1).max())


@pytest.mark.parametrize("tilt", [0, 20, 40, 55])
@pytest.mark.parametrize("focal", [3.0, 8.0, 30.0])
def test_a_camera_holds_the_far_corners_where_tie_points_fill_one_corner_only(tilt: float, focal: float) -> None:
    truth = camera(tilt, 130, 77, focal, (5000.0, -7000.0, 8000.0))
    random = np.random.default_rng(7)
    free_errors, errors = [], []
    for _ in range(8):
        seen = random.uniform((0, 0), (SIZE[0] * 0.45, SIZE[1] * 0.6), (80, 2))
        ground = apply_homography(np.linalg.inv(truth), seen)
        noisy = seen + random.normal(0, 1.0, seen.shape)
        free = np.linalg.inv(homography_from_points(ground, noisy))
        fit = fit_camera(free, noisy, ground, SIZE, HEIGHT, 1.0)
        assert fit is not None
        assert fit.agrees
        free_errors.append(corner_error(free, truth))
        errors.append(corner_error(fit.homography, truth))
    assert np.median(errors) < 0.8 * np.median(free_errors)


def test_exact_tie_points_are_followed_exactly() -> None:
    truth = camera(35, 200, -20, 6.0, (0.0, 0.0, 0.0))
    seen = np.random.default_rng(1).uniform((0, 0), SIZE, (60, 2))
    ground = apply_homography(np.linalg.inv(truth), seen)
    fit = fit_camera(np.linalg.inv(truth), seen, ground, SIZE, HEIGHT, 1.0)
    assert fit is not None
    assert corner_error(fit.homography, truth) < 1e-3


def test_a_photo_with_squeezed_pixels_contradicts_the_camera() -> None:
    truth = scaling(1.0) @ np.diag([1.0, 0.6, 1.0]) @ camera(30, 10, 0, 6.0, (0.0, 0.0, 0.0))
    seen = np.random.default_rng(1).uniform((0, 0), (SIZE[0], SIZE[1] * 0.6), (60, 2))
    ground = apply_homography(np.linalg.inv(truth), seen)
    noisy = seen + np.random.default_rng(2).normal(0, 1.0, seen.shape)
    fit = fit_camera(np.linalg.inv(homography_from_points(ground, noisy)), noisy, ground, SIZE, HEIGHT, 1.0)
    assert fit is None or not fit.agrees


def test_a_mirrored_photo_is_no_cameras() -> None:
    mirror = translation(SIZE[0], 0) @ np.diag([-1.0, 1.0, 1.0])
    truth = mirror @ camera(30, 10, 0, 6.0, (0.0, 0.0, 0.0))
    seen = np.random.default_rng(1).uniform((0, 0), SIZE, (60, 2))
    ground = apply_homography(np.linalg.inv(truth), seen)
    assert fit_camera(np.linalg.inv(truth), seen, ground, SIZE, HEIGHT, 1.0) is None


def test_only_a_near_sided_plane_has_a_camera() -> None:
    assert WorkingPlane.near_sided(10.0, 20.0, 415_000.0).camera_height_m == 415_000.0
    assert WorkingPlane.local(10.0, 20.0).camera_height_m is None
