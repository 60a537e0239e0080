"""Coregistration on generated imagery: the photo's homography is known exactly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.iterative_coregistration import coregister
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import (
    area_about_block,
)
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.tiles import block_around
from astroloc_qgis.engine.verification import verify
from tests.engine.coregistration.ground import (
    GSD,
    LIMIT_PX,
    SQUARE,
    WIDE,
    XFEAT_LIMIT_PX,
    Scene,
    corner_error,
    start_off,
)
from tests.engine.synthetic import World, make_world, shot


@pytest.mark.parametrize(("turn_deg", "size"), [(0, WIDE), (90, SQUARE), (180, SQUARE), (270, WIDE), (45, WIDE)])
def test_a_photo_is_found_from_a_block_half_a_side_off(
    scene_of: Callable[..., Scene], anywhere: World, turn_deg: float, size: tuple[int, int]
) -> None:
    scene = scene_of(anywhere)
    truth = shot(anywhere, size, gsd=GSD, turn_deg=turn_deg, tilt=0.1)
    block = scene.block(off=(0.5, -0.5))
    found = scene.find(anywhere.photo(truth, size, seed=turn_deg), area_about_block(block, scene.reference))
    assert corner_error(found, truth, anywhere.plane, size) < LIMIT_PX
    assert found.converged
    assert verify(found, size).located


@pytest.mark.parametrize("turn_deg", [270, pytest.param(135, marks=pytest.mark.slow)])  # 135: the last of all trials
def test_xfeat_finds_a_photo_at_any_rotation(scene: Scene, turn_deg: float) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=turn_deg, tilt=0.1)
    area = area_about_block(scene.block(off=(-0.5, 0.5)), scene.reference)
    found = scene.find(scene.world.photo(truth, WIDE, seed=3), area, "xfeat-lighterglue")
    assert corner_error(found, truth, scene.world.plane, WIDE) < XFEAT_LIMIT_PX
    assert verify(found, WIDE).located


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:3035"])
def test_the_crs_of_the_reference_makes_no_difference(scene_of: Callable[..., Scene], world: World, crs: str) -> None:
    scene = scene_of(world, crs)
    truth = shot(world, WIDE, gsd=GSD, turn_deg=30, tilt=0.2, offset_m=(4000.0, -6000.0))
    found = scene.find(world.photo(truth, WIDE, seed=2), area_about_block(scene.block(), scene.reference))
    assert corner_error(found, truth, world.plane, WIDE) < LIMIT_PX
    assert verify(found, WIDE).located


def test_a_photo_with_holes_is_found_by_what_is_left_of_it(scene: Scene) -> None:
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=20)
    photo = scene.world.photo(truth, WIDE, seed=1)
    alpha = np.full(photo.shape[:2], 255, np.uint8)
    alpha[:, :200] = 0
    photo[:, :200] = (255, 0, 0)
    area = area_about_block(scene.block(), scene.reference)
    found = coregister(PhotoPyramid(photo, alpha), scene.reference, area, matchers.create("sift"))
    assert corner_error(found, truth, scene.world.plane, WIDE) < LIMIT_PX
    assert found.tie_points is not None
    assert (found.tie_points.photo_xy[:, 0] > 200).all()


@pytest.mark.parametrize(
    ("matcher", "shift", "scale", "turn"),
    [
        ("sift", 0.0, 1.0, 0),
        ("sift", 0.3, 1.8, 40),
        ("sift", -0.3, 1 / 1.8, -40),
        ("sift", 0.0, 1.0, 180),
        ("xfeat-lighterglue", 0.3, 1.0, 0),
        ("xfeat-lighterglue", 0.0, 1.0, 40),
        pytest.param("xfeat-lighterglue", 0.0, 1.8, 0, marks=pytest.mark.slow),
        pytest.param("xfeat-lighterglue", 0.0, 1 / 1.8, 0, marks=pytest.mark.slow),
        pytest.param("xfeat-lighterglue", 0.3, 1.8, 40, marks=pytest.mark.slow),
    ],
)
def test_a_rough_footprint_is_enough(scene: Scene, matcher: str, shift: float, scale: float, turn: float) -> None:
    truth, area = start_off(scene, shift=shift, scale=scale, turn=turn)
    found = scene.find(scene.world.photo(truth, WIDE, seed=1), area, matcher)
    assert corner_error(found, truth, scene.world.plane, WIDE) < (LIMIT_PX if matcher == "sift" else XFEAT_LIMIT_PX)
    assert verify(found, WIDE).located


@pytest.mark.parametrize("matcher", ["sift", pytest.param("xfeat-lighterglue", marks=pytest.mark.slow)])  # 8 turns
def test_a_photo_of_another_place_is_refused(scene: Scene, matcher: str) -> None:
    elsewhere = make_world(seed=9)
    photo = elsewhere.photo(shot(elsewhere, WIDE, gsd=GSD), WIDE, seed=1)
    found = scene.find(photo, area_about_block(scene.block(), scene.reference), matcher)
    verdict = verify(found, WIDE)
    assert not verdict.located
    assert verdict.reason


def test_a_mirrored_photo_is_refused(scene: Scene) -> None:
    truth, area = start_off(scene)
    photo = np.ascontiguousarray(scene.world.photo(truth, WIDE)[:, ::-1])
    assert not verify(scene.find(photo, area), WIDE).located


def test_a_place_where_the_reference_has_nothing_is_refused(scene: Scene) -> None:
    truth, _ = start_off(scene)
    area = area_about_block(block_around(40.0, 10.0, 12), scene.reference)
    found = scene.find(scene.world.photo(truth, WIDE), area)
    assert found.homography is None
    assert "shows nothing" in found.reason
    assert found.inliers == 0
