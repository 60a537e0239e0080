"""Orientation fields and their correlation: what inverts contrast does not matter to them, what shifts is measured."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.correlation import parts_of, rotated, turned
from astroloc_qgis.engine.coregistration.homography_fit import fit_homography
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Image, Matches
from astroloc_qgis.engine.matchers.orientation_correlation import REACH_PX, best_shift
from astroloc_qgis.engine.matchers.orientation_field import BORDER_PX, SECOND, orientation_field
from tests.engine.synthetic import World, degrade, make_world

SIDE = 320


def cut(world: World, left: int, top: int) -> Image:
    return np.ascontiguousarray(world.pixels[top : top + SIDE, left : left + SIDE])


def inverted(image: Image, seed: int) -> Image:
    """Its negative, through haze, blurred and noisy."""
    return degrade(255 - image, seed)


def match(first: Image, second: Image) -> Matches:
    matcher = matchers.create("orientation")
    return matcher.match(matcher.extract(first), matcher.extract(second))


@pytest.fixture(scope="module")
def picture(world: World) -> Image:
    return cut(world, 300, 200)


def test_the_field_of_a_negative_is_that_of_the_picture(picture: Image) -> None:
    field = orientation_field(picture)
    assert field.shape == (2, SIDE, SIDE)
    assert np.abs(orientation_field(255 - picture) - field).max() < 1e-3
    assert 0.2 < np.abs(field[0]).mean() < 0.8
    assert np.abs(field[0]).max() <= 1
    assert np.abs(field[1]).max() <= SECOND


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_the_field_turns_with_the_picture(picture: Image, quarter_turns: int) -> None:
    field = orientation_field(picture)
    found = orientation_field(np.ascontiguousarray(np.rot90(picture, quarter_turns)))
    # A quarter turn turns the doubled direction by half a turn, and the fourfold one by a whole turn.
    expected = np.rot90(field, quarter_turns, axes=(1, 2)) * np.array([(-1) ** quarter_turns, 1])[:, None, None]
    assert np.abs(found - expected).max() < 1e-3


@pytest.mark.parametrize("turn", [37.0, 200.0])
def test_the_parts_of_a_field_turn_with_the_picture(picture: Image, turn: float) -> None:
    across = turned(np.zeros((1, SIDE, SIDE), np.float32), turn).shape[1]
    rotation = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), -turn, 1.0)  # of OpenCV, anticlockwise
    rotation[:, 2] += (across - SIDE) / 2
    seen = parts_of(orientation_field(cv2.warpAffine(picture, rotation, (across, across)).astype(np.uint8)))
    found = rotated(parts_of(orientation_field(picture)), turn)
    middle = slice(across // 2 - 100, across // 2 + 100)
    here, there = found[:, middle, middle].ravel(), seen[:, middle, middle].ravel()
    assert here @ there > 0.85 * np.linalg.norm(here) * np.linalg.norm(there)


def test_the_field_is_empty_where_the_mask_shows_nothing_and_along_its_edge(picture: Image) -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, 100:] = True
    field = orientation_field(picture, mask)
    assert (field[:, :, : 100 + BORDER_PX] == 0).all()
    whole = orientation_field(picture)
    away = np.s_[:, 30:-30, 130:-30]
    assert np.allclose(field[away], whole[away], atol=0.02)
    assert np.abs(whole[away]).mean() > 0.2


def test_a_grey_picture_has_no_orientation() -> None:
    assert (orientation_field(np.full((60, 80, 3), 90, np.uint8)) == 0).all()


@pytest.mark.parametrize(("right", "down"), [(0, 0), (7, -12), (-60, 45), (110, 90)])
@pytest.mark.parametrize("negative", [False, True])
def test_a_shift_is_found_to_a_pixel(world: World, picture: Image, right: int, down: int, negative: bool) -> None:
    other = cut(world, 300 - right, 200 - down)
    matches = match(picture, inverted(other, seed=5) if negative else other)
    off = np.linalg.norm(matches.b - matches.a - (right, down), axis=1)
    # Patches that the other picture does not show are left out, or else are found anywhere.
    shown = ((matches.b >= 0) & (matches.b <= SIDE)).all(axis=1)
    assert shown.sum() > 0.5 * (SIDE - abs(right) - 64) * (SIDE - abs(down) - 64) / 24**2
    assert (off[shown] < 1).mean() > 0.9
    assert np.median(off) < 0.5


def test_the_shift_of_pictures_of_different_size_is_found(world: World, picture: Image) -> None:
    part = np.ascontiguousarray(picture[50:250, 90:300])
    assert best_shift(orientation_field(part), orientation_field(picture)) == (90, 50)
    assert best_shift(orientation_field(picture), orientation_field(part)) == (-90, -50)


def test_a_patch_moves_by_less_than_its_reach_from_the_shift_of_the_whole(world: World, picture: Image) -> None:
    other = cut(world, 310, 195)
    matches = match(picture, degrade(other, seed=1))
    shift = best_shift(orientation_field(picture), orientation_field(degrade(other, seed=1)))
    assert shift == (-10, 5)
    assert (np.abs(matches.b - matches.a - shift) < REACH_PX).all()
    assert (matches.score >= 4).all()


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_between_pictures_of_different_places_nothing_agrees(picture: Image, seed: int) -> None:
    elsewhere = cut(make_world(seed=seed), 300, 200)
    for other in (elsewhere, inverted(elsewhere, seed)):
        assert fit_homography(match(picture, other), 3.0, least=8) is None


def test_a_few_degrees_and_per_cent_are_borne(picture: Image) -> None:
    middle = ((SIDE - 1) / 2, (SIDE - 1) / 2)
    motion = cv2.getRotationMatrix2D(middle, 3.0, 1.03)
    moved = cv2.warpAffine(picture, motion, (SIDE, SIDE)).astype(np.uint8)
    fit = fit_homography(match(picture, inverted(moved, seed=2)), 3.0)
    assert fit is not None
    corners = np.array([[40.0, 40], [280, 40], [280, 280], [40, 280]])
    mapped = np.column_stack([corners, np.ones(4)]) @ fit.homography.T
    # OpenCV's motion is of pixels whose middles are whole numbers.
    expected = np.column_stack([corners - 0.5, np.ones(4)]) @ motion.T + 0.5
    assert np.linalg.norm(mapped[:, :2] / mapped[:, 2:] - expected, axis=1).max() < 1.5
