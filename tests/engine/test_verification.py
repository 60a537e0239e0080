"""Located or not: what the evidence of a registration is worth."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.confidence.evidence import Evidence, evidence_of
from astroloc_qgis.engine.confidence.real_pairs import accepted_from
from astroloc_qgis.engine.geometry.homography import apply_homography, scaling, translation
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.registration import Registration, Step, TiePoints
from astroloc_qgis.engine.verification import verify

SIZE = (600, 400)
CAMERA = translation(-30_000, 20_000) @ scaling(100.0, -100.0)


def registered(photo_xy: Array, *, wrong: int = 0, shift: float = 0.001, rmse_px: float = 0.8) -> Registration:
    """A registration with these inliers and so many wrong matches."""
    rng = np.random.default_rng(1)
    everywhere = np.concatenate((photo_xy, rng.uniform((0, 0), SIZE, (wrong, 2))))
    inlier = np.arange(len(everywhere)) < len(photo_xy)
    ties = TiePoints(everywhere, apply_homography(CAMERA, everywhere), inlier, np.ones(len(everywhere), np.float32))
    return Registration(
        WorkingPlane.local(11.0, 46.0),
        "converged after 2 iterations" if shift <= 0.005 else "it still moved after 4 iterations",
        "sift",
        homography=CAMERA,
        tie_points=ties,
        history=(
            Step(len(everywhere), len(photo_xy), math.inf, rmse_px),
            Step(len(everywhere), len(photo_xy), shift, rmse_px),
        ),
        converged=shift <= 0.005,
        rmse_px=rmse_px,
        rmse_m=rmse_px * 100,
        frame_scale=0.5,
    )


def spread(count: int, seed: int = 0) -> Array:
    """So many points all over the photo."""
    return np.random.default_rng(seed).uniform((0, 0), SIZE, (count, 2))


def confidence(registration: Registration) -> float:
    return verify(registration, SIZE).confidence


# Verdicts


def test_many_inliers_all_over_the_photo_are_believed() -> None:
    verdict = verify(registered(spread(200), wrong=60), SIZE)
    assert verdict.located
    assert verdict.confidence > 0.99
    assert verdict.reason == "converged after 2 iterations"


def test_without_a_homography_a_photo_is_not_located_for_the_reason_given() -> None:
    failed = Registration(WorkingPlane.local(11.0, 46.0), "the reference shows nothing there", "sift")
    verdict = verify(failed, SIZE)
    assert not verdict.located
    assert verdict.confidence == 0
    assert verdict.reason == "the reference shows nothing there"


@pytest.mark.parametrize("count", [8, 12, 24, 48])
@pytest.mark.parametrize("wrong", [100, 400])
def test_inliers_on_one_patch_of_the_photo_are_not_believed(count: int, wrong: int) -> None:
    # What repeated fields and clouds give: the published count alone once accepted 48 of them, 10 km off.
    patch = np.array([320.0, 170]) + np.random.default_rng(2).uniform(0, 70, (count, 2))
    verdict = verify(registered(patch, wrong=wrong), SIZE)
    assert not verdict.located
    assert verdict.reason


def test_a_handful_of_inliers_is_not_believed_and_the_count_is_said() -> None:
    verdict = verify(registered(spread(9), wrong=90), SIZE)
    assert not verdict.located
    assert "only 9 tie points" in verdict.reason


def test_noise_is_not_believed() -> None:
    # MAGSAC finds up to a dozen inliers among a few hundred random pairs, and the solution jumps each time.
    assert not verify(registered(spread(12), wrong=300, shift=0.4), SIZE).located


def test_a_solution_that_jumps_is_not_believed_and_the_jump_is_said() -> None:
    verdict = verify(registered(spread(60), wrong=60, shift=0.3), SIZE)
    assert not verdict.located
    assert "unstable" in verdict.reason
    assert "30%" in verdict.reason


def test_the_weakest_part_of_the_evidence_is_the_reason() -> None:
    patch = np.array([0.0, 0]) + np.random.default_rng(2).uniform(0, 70, (40, 2))
    assert "cover only" in verify(registered(patch, wrong=200), SIZE).reason
    assert "of the matches agree" in verify(registered(spread(26), wrong=2000), SIZE).reason


@pytest.mark.parametrize("size", [(600, 400), (400, 600), (1200, 200), (32, 32)])
def test_a_photo_of_any_shape_can_be_judged(size: tuple[int, int]) -> None:
    everywhere = np.random.default_rng(0).uniform((0, 0), size, (300, 2))
    evidence = evidence_of(registered(everywhere), size)
    assert evidence.coverage > 0.7
    assert evidence.inliers == 300
    assert verify(registered(everywhere), size).located


def test_the_evidence_is_measured_as_it_says() -> None:
    left = np.random.default_rng(0).uniform((0, 0), (300, 400), (400, 2))  # half of the photo, densely
    evidence = evidence_of(registered(left, wrong=100, shift=0.003, rmse_px=0.8), SIZE)
    assert evidence.inliers == 400
    assert evidence.ratio == pytest.approx(0.8)
    assert evidence.coverage == pytest.approx(0.5, abs=0.08)  # 8 columns of cells, the middle edge cuts none
    assert evidence.rmse_frame_px == pytest.approx(0.4)
    assert evidence.shift == 0.003


def test_points_on_the_very_edge_of_the_photo_count_in_its_last_cells() -> None:
    corners = np.array([[0.0, 0], [600, 0], [600, 400], [0, 400]] * 3)
    assert evidence_of(registered(corners), SIZE).coverage == pytest.approx(4 / 40)


def test_without_tie_points_there_is_no_evidence() -> None:
    bare = replace(registered(spread(30)), tie_points=None)
    assert evidence_of(bare, SIZE) == Evidence(0, 0.0, 0.0, math.inf, math.inf)
    assert not verify(bare, SIZE).located


# More evidence is never worth less


@given(st.integers(8, 300), st.integers(0, 300), st.integers(0, 500), st.integers(0, 50))
def test_more_inliers_never_lower_the_confidence(count: int, more: int, wrong: int, seed: int) -> None:
    points = spread(count + more, seed)
    few, many = registered(points[:count], wrong=wrong), registered(points, wrong=wrong)
    assert confidence(many) >= confidence(few)


@given(st.integers(8, 200), st.floats(0.05, 1), st.floats(0.05, 1), st.integers(0, 300), st.integers(0, 50))
def test_a_wider_spread_never_lowers_the_confidence(count: int, a: float, b: float, wrong: int, seed: int) -> None:
    # A photo whose cells are halved again and again: nested boxes hold nested sets of cells.
    points = spread(count, seed)
    narrow, wide = sorted((a, b))
    cells = [evidence_of(registered(points * part, wrong=wrong), SIZE).coverage for part in (narrow, wide)]
    order = [confidence(registered(points * part, wrong=wrong)) for part in (narrow, wide)]
    assert (order[1] >= order[0]) == (cells[1] >= cells[0])


@given(st.integers(8, 300), st.floats(0, 1.5), st.floats(0, 1.5), st.integers(0, 300))
def test_less_movement_never_lowers_the_confidence(count: int, a: float, b: float, wrong: int) -> None:
    calm, restless = sorted((a, b))
    points = spread(count)
    assert confidence(registered(points, wrong=wrong, shift=calm)) >= confidence(
        registered(points, wrong=wrong, shift=restless)
    )


@given(st.integers(8, 300), st.integers(0, 300), st.integers(0, 300))
def test_fewer_wrong_matches_never_lower_the_confidence(count: int, a: int, b: int) -> None:
    few, many = sorted((a, b))
    points = spread(count)
    assert confidence(registered(points, wrong=few)) >= confidence(registered(points, wrong=many))


@given(st.integers(1, 3000), st.integers(0, 3000), st.floats(0, 2), st.floats(0.05, 1))
def test_a_confidence_is_between_nothing_and_certainty_and_decides(
    count: int, wrong: int, shift: float, part: float
) -> None:
    verdict = verify(registered(spread(count) * part, wrong=wrong, shift=shift), SIZE)
    assert 0 <= verdict.confidence <= 1
    assert verdict.located == (verdict.confidence >= accepted_from("sift"))
    assert verdict.reason


@given(st.integers(8, 300), st.integers(0, 300), st.permutations(range(8)))
def test_the_order_of_the_tie_points_means_nothing(count: int, wrong: int, order: list[int]) -> None:
    points = spread(count)
    shuffled = np.concatenate((points[:8][order], points[8:]))
    assert confidence(registered(shuffled, wrong=wrong)) == confidence(registered(points, wrong=wrong))
