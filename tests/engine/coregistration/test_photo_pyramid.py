"""A photo at the sizes and rotations that matching needs."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.coregistration import photo_pyramid
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, pair_up
from tests.engine.synthetic import World

SIZE = (600, 400)


class Recorder(Matcher):
    """Finds nothing, and remembers what it was shown."""

    name = "recorder"
    licence = ""

    def __init__(self) -> None:
        self.shown: list[tuple[tuple[int, ...], Mask | None]] = []

    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        self.shown.append((image.shape, mask))
        return Features(np.zeros((0, 2), np.float32), (image.shape[1], image.shape[0]))

    def match(self, a: Features, b: Features) -> Matches:
        return pair_up(a, b, np.zeros((0, 2), np.int64), np.zeros(0, np.float32))


def photo_of(width: int, height: int) -> Image:
    return np.random.default_rng(width * height).integers(0, 255, (height, width, 3), dtype=np.uint8)


@given(st.integers(32, 300), st.integers(32, 300), st.integers(32, 400), st.integers(-4, 7))
def test_a_level_keeps_the_corners_of_the_photo_at_its_own_corners(
    w: int, h: int, long_side: int, quarter_turns: int
) -> None:
    level = PhotoPyramid(photo_of(w, h)).level(long_side, quarter_turns)
    assert max(level.size) == min(long_side, max(w, h))  # shrunk to that side, never enlarged
    expected = np.roll(photo_corners(*level.size), quarter_turns, axis=0)
    np.testing.assert_allclose(apply_homography(level.from_photo, photo_corners(w, h)), expected, atol=1e-9)


@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
def test_a_bright_spot_of_the_photo_is_where_the_level_says(quarter_turns: int) -> None:
    pixels = np.full((400, 600, 3), 90, np.uint8)
    pixels[90:100, 450:460] = 255  # about (455, 95)
    level = PhotoPyramid(pixels).level(300, quarter_turns)
    rows, columns = np.nonzero(level.image[..., 0] == level.image[..., 0].max())
    spot = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
    np.testing.assert_allclose(apply_homography(level.from_photo, np.array([[455.0, 95.0]]))[0], spot, atol=0.01)


def test_the_scale_of_a_level_is_its_pixels_in_one_photo_pixel() -> None:
    pyramid = PhotoPyramid(photo_of(*SIZE))
    assert pyramid.level(300).scale == pytest.approx(0.5)
    assert pyramid.level(300, 1).scale == pytest.approx(0.5)
    assert pyramid.level(5000).scale == pytest.approx(1.0)


def test_a_level_of_a_photo_without_holes_has_no_mask() -> None:
    opaque = np.full((400, 600), 255, np.uint8)
    assert PhotoPyramid(photo_of(*SIZE)).level(300).mask is None
    assert PhotoPyramid(photo_of(*SIZE), opaque).level(300).mask is None


@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
def test_the_mask_rotates_with_the_picture(quarter_turns: int) -> None:
    alpha = np.zeros((400, 600), np.uint8)
    alpha[:200, :300] = 255  # only the top-left quarter has pixels
    level = PhotoPyramid(photo_of(*SIZE), alpha).level(300, quarter_turns)
    assert level.mask is not None
    assert level.mask.shape == level.image.shape[:2]
    assert level.mask.mean() == pytest.approx(0.25)
    inside = apply_homography(level.from_photo, np.array([[150.0, 100.0], [450.0, 300.0]])).astype(int)
    assert [bool(level.mask[row, column]) for column, row in inside] == [True, False]


def test_contrast_is_equalised(world: World) -> None:
    hazy = (world.pixels[:400, :600] * 0.2 + 150).astype(np.uint8)
    assert PhotoPyramid(hazy).level(600).image.std() > 1.3 * hazy.std()


def test_features_are_found_once_for_each_size_rotation_and_matcher() -> None:
    pyramid, first, second = PhotoPyramid(photo_of(*SIZE)), Recorder(), Recorder()
    for _ in range(3):
        found = [pyramid.features(first, 300, 0), pyramid.features(first, 300, 1), pyramid.features(second, 300, 0)]
    assert [shape for shape, _ in first.shown] == [(200, 300, 3), (300, 200, 3)]
    assert len(second.shown) == 1
    assert pyramid.features(first, 300, 4) is found[0]
    assert pyramid.features(first, 9999) is pyramid.features(first, 600)
    assert len(first.shown) == 3


def test_the_matcher_is_given_the_mask_of_the_level() -> None:
    alpha = np.full((400, 600), 255, np.uint8)
    alpha[:, :300] = 0
    recorder = Recorder()
    PhotoPyramid(photo_of(*SIZE), alpha).features(recorder, 300, 2)
    mask = recorder.shown[0][1]
    assert mask is not None
    assert mask[:, :149].all()  # rotated by a half turn: the hole is on the right now
    assert not mask[:, 151:].any()


def test_levels_and_features_of_a_whole_search_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    level_bytes = 200 * 300 * 3
    monkeypatch.setattr(photo_pyramid, "MOST_BYTES", 5 * level_bytes)
    pyramid, recorder = PhotoPyramid(photo_of(*SIZE)), Recorder()
    made: list[weakref.ref[Image]] = []
    for long_side in range(200, 300):
        made.append(weakref.ref(pyramid.level(long_side).image))
        pyramid.features(recorder, long_side)
        pyramid.features(recorder, 300)  # of all candidates: it is used time and again
    gc.collect()
    kept = [image() for image in made if image() is not None]
    assert sum(image.nbytes for image in kept if image is not None) <= 5 * level_bytes
    assert [shape for shape, _ in recorder.shown].count((200, 300, 3)) == 1


def test_a_level_is_the_same_when_it_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pyramid = PhotoPyramid(photo_of(*SIZE))
    kept = pyramid.level(300, 1)
    monkeypatch.setattr(photo_pyramid, "MOST_BYTES", 1)
    pyramid.level(200)
    again = pyramid.level(300, 1)
    assert again is not kept
    np.testing.assert_array_equal(again.image, kept.image)
    np.testing.assert_array_equal(again.from_photo, kept.from_photo)
