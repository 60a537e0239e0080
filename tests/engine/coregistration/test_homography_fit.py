"""Robust homographies, and the solutions that no camera could have made."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.coregistration.homography_fit import (
    MIN_INLIERS,
    fit_homography,
    fit_similarity,
    why_impossible,
)
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, scaling, translation
from astroloc_qgis.engine.geometry.polygons import is_convex, signed_area
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.matchers.base import Matches

SIZE = (600, 400)
MIRROR = np.array([[-1.0, 0, 600], [0, 1, 0], [0, 0, 1]])


def seen(*, turn_deg: float = 0.0, tilt_deg: float = 0.0, focal: float = 1200.0, scale: float = 1.0) -> Array:
    """Photo pixels -> ground, y down on both sides, of a camera tilted towards the top of the photo.

    ``focal`` is in pixels: 1200 of a photo 600 wide is a lens of 72 mm.
    """
    turn, tilt = math.radians(turn_deg), math.radians(tilt_deg)
    intrinsic = np.array([[focal, 0, SIZE[0] / 2], [0, focal, SIZE[1] / 2], [0, 0, 1]])
    # Looking down the axis (0, 0, 1) at a ground one unit away; tilting turns the axis towards -y.
    lean = np.array([[1, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]])
    about = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    return scaling(focal * scale) @ about @ lean @ np.linalg.inv(intrinsic)


def paired(camera: Array, count: int, *, noise: float, outliers: float, seed: int) -> tuple[Matches, np.ndarray]:
    """Matches of a camera, and which of them are true; the others go anywhere in the picture."""
    rng = np.random.default_rng(seed)
    a = rng.uniform((0, 0), SIZE, (count, 2))
    b = apply_homography(camera, a)
    low, high = b.min(axis=0), b.max(axis=0)
    b += rng.normal(0, noise, b.shape)
    true = rng.permutation(count) >= round(count * outliers)
    b[~true] = rng.uniform(low, high, (int((~true).sum()), 2))
    return Matches(a, b, np.ones(count, np.float32)), true


@given(
    st.floats(-180, 180),
    st.floats(0, 50),
    st.floats(0.5, 1.5),
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.3, 0.6]),
)
def test_a_camera_is_recovered_from_noisy_matches_of_which_most_are_wrong(
    turn_deg: float, tilt_deg: float, scale: float, seed: int, outliers: float
) -> None:
    camera = seen(turn_deg=turn_deg, tilt_deg=tilt_deg, scale=scale)
    matches, true = paired(camera, 200, noise=0.5, outliers=outliers, seed=seed)
    fit = fit_homography(matches, 3.0)
    assert fit is not None
    inside = np.array([[150.0, 100], [450, 100], [450, 300], [150, 300]])
    error = apply_homography(fit.homography, inside) - apply_homography(camera, inside)
    assert np.linalg.norm(error, axis=1).max() < 1.0
    assert (fit.inlier & true).sum() > 0.98 * true.sum()
    assert fit.inliers < true.sum() + 8
    assert 0.4 < fit.rmse < 1.0  # half a pixel of noise in x and in y


@pytest.mark.parametrize("seed", range(12))
def test_pure_noise_gives_no_more_than_a_handful_of_inliers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matches = Matches(rng.uniform(0, 600, (80, 2)), rng.uniform(0, 600, (80, 2)), np.ones(80, np.float32))
    assert fit_homography(matches, 3.0) is None


def test_too_few_pairs_are_no_evidence_however_well_they_agree() -> None:
    matches, _ = paired(seen(), MIN_INLIERS - 1, noise=0.0, outliers=0.0, seed=0)
    assert fit_homography(matches, 3.0) is None
    matches, _ = paired(seen(), MIN_INLIERS, noise=0.0, outliers=0.0, seed=0)
    fit = fit_homography(matches, 3.0)
    assert fit is not None
    assert fit.inliers == MIN_INLIERS


def test_the_same_matches_give_the_same_fit() -> None:
    matches, _ = paired(seen(tilt_deg=20), 200, noise=0.5, outliers=0.6, seed=4)
    first, second = fit_homography(matches, 3.0), fit_homography(matches, 3.0)
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.homography, second.homography)


def test_pairs_that_are_all_the_same_point_are_refused_without_a_crash() -> None:
    point = np.full((40, 2), 77.0)
    fit = fit_homography(Matches(point, point, np.ones(40, np.float32)), 3.0)
    assert fit is None or why_impossible(fit.homography, SIZE)


def test_pairs_on_one_line_are_refused_without_a_crash() -> None:
    along = np.linspace(0, 400, 40)
    line = np.column_stack((along, along * 0.5 + 20))
    fit = fit_homography(Matches(line, line, np.ones(40, np.float32)), 3.0)
    assert fit is None or why_impossible(fit.homography, SIZE)


# What no camera makes


@given(st.floats(-180, 180), st.floats(0, 60), st.floats(0.05, 20), st.floats(-3000, 3000))
def test_a_real_camera_tilted_up_to_sixty_degrees_is_possible(
    turn_deg: float, tilt_deg: float, scale: float, x: float
) -> None:
    camera = translation(x, -x) @ seen(turn_deg=turn_deg, tilt_deg=tilt_deg, scale=scale)
    assert why_impossible(camera, SIZE) == ""
    assert why_impossible(-3.0 * camera, SIZE) == ""  # the same camera: a homography has no scale of its own


@given(st.floats(-180, 180), st.floats(0, 40), st.floats(0.1, 10))
def test_a_mirrored_solution_is_named(turn_deg: float, tilt_deg: float, scale: float) -> None:
    camera = seen(turn_deg=turn_deg, tilt_deg=tilt_deg, scale=scale)
    assert "mirrored" in why_impossible(camera @ MIRROR, SIZE)
    assert "mirrored" in why_impossible(np.diag([1.0, -1, 1]) @ camera, SIZE)


def beyond(*corners: int) -> Array:
    """A homography whose vanishing line cuts these neighbouring corners (0 to 3, TL, TR, BR, BL) off the photo."""
    outside = np.isin(range(4), corners)
    # The line w = 0 of the third row: 0.2 at the corners inside, -0.1 at those outside, as near as a plane comes.
    places = np.column_stack((photo_corners(*SIZE), np.ones(4)))
    depth = np.linalg.lstsq(places, np.where(outside, -0.1, 0.2), rcond=None)[0]
    assert ((places @ depth < 0) == outside).all()
    return np.vstack((translation(-300, -200)[:2], depth))  # upright at the middle


@pytest.mark.parametrize("corners", [(0,), (1,), (2,), (3,), (0, 1), (1, 2), (2, 3), (0, 3)])
def test_a_solution_that_folds_the_photo_is_not_convex(corners: tuple[int, ...]) -> None:
    folded = beyond(*corners)
    assert not is_convex(apply_homography(folded, photo_corners(*SIZE)))
    assert "not convex" in why_impossible(folded, SIZE)


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=8))
def test_no_possible_solution_has_an_outline_that_is_mirrored_or_not_convex(entries: list[float]) -> None:
    spans = np.array([2, 2, 600, 2, 2, 400, 4e-3, 6e-3])
    anything = np.append(np.array(entries) * spans, 1.0).reshape(3, 3)
    if why_impossible(anything, SIZE) == "":
        outline = apply_homography(anything, photo_corners(*SIZE))
        assert is_convex(outline)
        assert signed_area(outline) > 0


@pytest.mark.parametrize("squeeze", [0.0, 1e-9, 0.01, 0.1])
def test_a_collapsed_solution_is_named(squeeze: float) -> None:
    assert "collapsed" in why_impossible(scaling(1.0, squeeze), SIZE)


def test_a_solution_whose_scale_grows_beyond_reason_across_the_photo_is_exploding() -> None:
    # The bottom is six times nearer to the vanishing line than the top: scales there are as 6 to the power of 1.5.
    assert "exploding" in why_impossible(np.array([[1.0, 0, -300], [0, 1, 0], [0, -5 / 6 / 400, 1]]), SIZE)
    assert why_impossible(np.array([[1.0, 0, -300], [0, 1, 0], [0, -3 / 4 / 400, 1]]), SIZE) == ""


@pytest.mark.parametrize(
    "broken", [np.full((3, 3), np.nan), np.zeros((3, 3)), np.full((3, 3), np.inf), np.ones((3, 3))]
)
def test_what_is_no_homography_at_all_has_collapsed(broken: Array) -> None:
    assert "collapsed" in why_impossible(broken, SIZE)


def test_the_verdict_does_not_depend_on_where_the_picture_is() -> None:
    far = translation(3e6, -5e6) @ scaling(50.0)
    assert why_impossible(far @ seen(tilt_deg=30), SIZE) == ""
    assert "mirrored" in why_impossible(far @ seen(tilt_deg=30) @ MIRROR, SIZE)
    assert np.isfinite(apply_homography(far @ seen(tilt_deg=30), photo_corners(*SIZE))).all()


@given(st.floats(-180, 180), st.floats(0.5, 2.0), st.integers(0, 10_000))
def test_a_similarity_is_found_among_so_many_wrong_matches_that_a_homography_is_not(
    turn_deg: float, scale: float, seed: int
) -> None:
    camera = seen(turn_deg=turn_deg, tilt_deg=3.0, scale=scale)
    matches, true = paired(camera, 240, noise=1.0, outliers=0.95, seed=seed)
    fit = fit_similarity(matches, 8.0 * scale, 6)
    assert fit is not None
    assert (fit.inlier & true).sum() >= 9
    corners = photo_corners(*SIZE)
    error = np.linalg.norm(apply_homography(fit.homography, corners) - apply_homography(camera, corners), axis=1)
    assert error.max() < 0.06 * scale * math.hypot(*SIZE)


def test_no_similarity_of_chance_matches_nor_of_another_scale() -> None:
    chance, _ = paired(seen(), 240, noise=1.0, outliers=1.0, seed=1)
    assert fit_similarity(chance, 8.0, 9) is None
    small, _ = paired(seen(scale=0.2), 240, noise=0.1, outliers=0.0, seed=1)
    assert fit_similarity(small, 8.0, 9) is None
