"""A photo at the sizes and turns that matching needs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoViews
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
def test_a_view_keeps_the_corners_of_the_photo_at_its_own_corners(w: int, h: int, long_side: int, turn: int) -> None:
    view = PhotoViews(photo_of(w, h)).view(long_side, turn)
    assert max(view.size) == min(long_side, max(w, h))  # shrunk to that side, never enlarged
    expected = np.roll(photo_corners(*view.size), turn, axis=0)
    np.testing.assert_allclose(apply_homography(view.from_photo, photo_corners(w, h)), expected, atol=1e-9)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_bright_spot_of_the_photo_is_where_the_view_says(turn: int) -> None:
    pixels = np.full((400, 600, 3), 90, np.uint8)
    pixels[90:100, 450:460] = 255  # about (455, 95)
    view = PhotoViews(pixels).view(300, turn)
    rows, columns = np.nonzero(view.image[..., 0] == view.image[..., 0].max())
    spot = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
    np.testing.assert_allclose(apply_homography(view.from_photo, np.array([[455.0, 95.0]]))[0], spot, atol=0.01)


def test_the_scale_of_a_view_is_its_pixels_a_photo_pixel() -> None:
    views = PhotoViews(photo_of(*SIZE))
    assert views.view(300).scale == pytest.approx(0.5)
    assert views.view(300, 1).scale == pytest.approx(0.5)
    assert views.view(5000).scale == pytest.approx(1.0)


def test_a_view_of_a_photo_without_holes_has_no_mask() -> None:
    opaque = np.full((400, 600), 255, np.uint8)
    assert PhotoViews(photo_of(*SIZE)).view(300).mask is None
    assert PhotoViews(photo_of(*SIZE), opaque).view(300).mask is None


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_the_mask_turns_with_the_picture(turn: int) -> None:
    alpha = np.zeros((400, 600), np.uint8)
    alpha[:200, :300] = 255  # only the top-left quarter has pixels
    view = PhotoViews(photo_of(*SIZE), alpha).view(300, turn)
    assert view.mask is not None
    assert view.mask.shape == view.image.shape[:2]
    assert view.mask.mean() == pytest.approx(0.25)
    inside = apply_homography(view.from_photo, np.array([[150.0, 100.0], [450.0, 300.0]])).astype(int)
    assert [bool(view.mask[row, column]) for column, row in inside] == [True, False]


def test_contrast_is_equalised(world: World) -> None:
    hazy = (world.pixels[:400, :600] * 0.2 + 150).astype(np.uint8)
    assert PhotoViews(hazy).view(600).image.std() > 1.3 * hazy.std()


def test_features_are_found_once_for_each_size_turn_and_matcher() -> None:
    views, first, second = PhotoViews(photo_of(*SIZE)), Recorder(), Recorder()
    for _ in range(3):
        found = [views.features(first, 300, 0), views.features(first, 300, 1), views.features(second, 300, 0)]
    assert [shape for shape, _ in first.shown] == [(200, 300, 3), (300, 200, 3)]
    assert len(second.shown) == 1
    assert views.features(first, 300, 4) is found[0]
    assert views.features(first, 9999) is views.features(first, 600)
    assert len(first.shown) == 3


def test_the_matcher_is_given_the_mask_of_the_view() -> None:
    alpha = np.full((400, 600), 255, np.uint8)
    alpha[:, :300] = 0
    recorder = Recorder()
    PhotoViews(photo_of(*SIZE), alpha).features(recorder, 300, 2)
    mask = recorder.shown[0][1]
    assert mask is not None
    assert mask[:, :149].all()  # turned by a half: the hole is on the right now
    assert not mask[:, 151:].any()
