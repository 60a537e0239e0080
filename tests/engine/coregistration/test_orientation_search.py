"""Coregistration by orientation correlation, on generated ground: also of photos whose contrast is inverted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration import candidate_search, orientation_search
from astroloc_qgis.engine.coregistration.candidate_search import Renderings
from astroloc_qgis.engine.coregistration.iterative_coregistration import coregister
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import area_about_block, area_closer_to_block
from astroloc_qgis.engine.geometry.homography import scaling
from astroloc_qgis.engine.imagery.rendering import render
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Image
from astroloc_qgis.engine.registration import Hypothesis, Step
from astroloc_qgis.engine.tiles import block_around
from astroloc_qgis.engine.verification import verify
from tests.engine.coregistration.ground import GSD, LIMIT_PX, WIDE, Scene, corner_error, start_off
from tests.engine.synthetic import make_world, shot

BLOCK = 11
"""Zoom of a block about as wide as the photos."""


def window_in(photo: Image, part: float) -> Image:
    """The photo through a round window, black around it."""
    height, width = photo.shape[:2]
    y, x = np.mgrid[:height, :width] + 0.5
    seen = photo.copy()
    seen[np.hypot(x - width / 2, y - height / 2) > part * height / 2] = 0
    return seen


@pytest.mark.parametrize(("turn_deg", "off"), [(0.0, (0.4, -0.3)), (155.0, (-0.4, 0.2))])
def test_a_photo_is_found_at_any_rotation(scene: Scene, turn_deg: float, off: tuple[float, float]) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=turn_deg, tilt=0.1)
    area = area_about_block(scene.block(BLOCK, off=off), scene.reference)
    found = scene.find(scene.world.photo(truth, WIDE, seed=4), area, "orientation")
    assert corner_error(found, truth, scene.world.plane, WIDE) < LIMIT_PX
    assert found.converged
    assert verify(found, WIDE).located


def test_a_negative_which_sift_cannot_place_is_found(scene: Scene) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=70.0, tilt=0.1)
    photo = 255 - scene.world.photo(truth, WIDE, seed=5)
    area = area_about_block(scene.block(BLOCK), scene.reference)
    assert not verify(scene.find(photo, area, "sift"), WIDE).located
    found = scene.find(photo, area, "orientation")
    assert corner_error(found, truth, scene.world.plane, WIDE) < LIMIT_PX
    assert verify(found, WIDE).located


def test_a_photo_through_a_round_window_is_found_by_what_is_in_it(scene: Scene) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=200.0)
    photo = window_in(scene.world.photo(truth, WIDE, seed=6), 0.96)
    area = area_about_block(scene.block(BLOCK), scene.reference)
    found = scene.find(photo, area, "orientation")
    assert found.content_share < 0.7
    assert corner_error(found, truth, scene.world.plane, WIDE) < 2 * LIMIT_PX  # the corners are beyond the window
    assert found.tie_points is not None
    away = np.linalg.norm(found.tie_points.photo_xy - np.array(WIDE) / 2, axis=1)
    assert away.max() < WIDE[1] / 2


def test_a_rough_footprint_is_enough(scene: Scene) -> None:
    truth, area = start_off(scene, shift=0.3, scale=1.4, turn=100)
    found = scene.find(scene.world.photo(truth, WIDE, seed=1), area, "orientation")
    assert corner_error(found, truth, scene.world.plane, WIDE) < LIMIT_PX
    assert verify(found, WIDE).located


@pytest.mark.parametrize("negative", [False, True])
def test_a_photo_of_another_place_is_refused(scene: Scene, negative: bool) -> None:
    elsewhere = make_world(seed=9)
    photo = elsewhere.photo(shot(elsewhere, WIDE, gsd=GSD), WIDE, seed=1)
    area = area_about_block(scene.block(BLOCK), scene.reference)
    found = scene.find(255 - photo if negative else photo, area, "orientation")
    verdict = verify(found, WIDE)
    assert not verdict.located
    assert verdict.reason


def test_a_mirrored_photo_is_refused(scene: Scene) -> None:
    truth, area = start_off(scene)
    photo = np.ascontiguousarray(scene.world.photo(truth, WIDE)[:, ::-1])
    assert not verify(scene.find(photo, area, "orientation"), WIDE).located


def test_a_place_where_the_reference_has_nothing_is_refused(scene: Scene) -> None:
    truth, _ = start_off(scene)
    area = area_about_block(block_around(40.0, 10.0, BLOCK), scene.reference)
    found = scene.find(scene.world.photo(truth, WIDE), area, "orientation")
    assert found.homography is None
    assert "shows nothing" in found.reason


@pytest.mark.parametrize("kind", ["closer", "without trials"])
def test_where_it_is_not_to_search_nothing_is_drawn(scene: Scene, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=30.0)
    wide, closer = (make(scene.block(BLOCK), scene.reference) for make in (area_about_block, area_closer_to_block))
    assert closer.trials
    area = closer if kind == "closer" else replace(wide, trials=())
    drawn = []
    monkeypatch.setattr(candidate_search, "render", lambda *given: drawn.append(given) or render(*given))
    photo = scene.world.photo(truth, WIDE, seed=2)
    assert scene.find(photo, area, "orientation").homography is None
    assert drawn == []


def test_without_a_search_it_follows_what_another_matcher_suspected(scene: Scene) -> None:
    truth, area = start_off(scene)
    pyramid = PhotoPyramid(scene.world.photo(truth, WIDE, seed=2))
    right, wrong = (Hypothesis(each, 0, Step(50, 9, 1.0, 1.0)) for each in (truth, truth @ scaling(0.2)))
    matcher, without_trials = matchers.create("orientation"), replace(area, trials=())
    found = coregister(pyramid, scene.reference, without_trials, matcher, suspected=[wrong, right])
    assert verify(found, pyramid.size).located
    assert corner_error(found, truth, scene.world.plane, WIDE) < LIMIT_PX
    assert coregister(pyramid, scene.reference, without_trials, matcher, suspected=[wrong]).homography is None


def test_it_uses_the_picture_that_another_matcher_has_drawn_and_leaves_the_cache_as_it_is(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=30.0)
    pyramid = PhotoPyramid(scene.world.photo(truth, WIDE, seed=2))
    area = area_about_block(scene.block(BLOCK), scene.reference)
    rendered: Renderings = {}
    matcher = matchers.create("orientation")
    alone = coregister(pyramid, scene.reference, area, matcher, rendered=rendered)
    assert rendered == {}
    candidate_search.picture_of_frame(scene.reference, area.frames[0], 0, rendered)
    monkeypatch.setattr(candidate_search, "render", lambda *_: pytest.fail("the picture is drawn again"))
    after = coregister(pyramid, scene.reference, area, matcher, rendered=rendered)
    assert list(rendered) == [0]
    for found in (alone, after):
        assert corner_error(found, truth, scene.world.plane, WIDE) < LIMIT_PX


def test_the_likeliest_peak_is_followed_first(scene: Scene) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=110.0)
    pyramid = PhotoPyramid(scene.world.photo(truth, WIDE, seed=7))
    area = area_about_block(scene.block(BLOCK), scene.reference)
    settings = orientation_search.CoregistrationSettings()
    matcher = matchers.create("orientation")
    search = orientation_search.OrientationSearch(pyramid, scene.reference, area, matcher, settings)
    found = list(search.hypotheses(lambda *_: None))
    assert found == search.found
    inliers = [hypothesis.step.inliers for hypothesis in found]
    assert inliers == sorted(inliers, reverse=True)
    assert inliers[0] >= settings.promising_inliers
