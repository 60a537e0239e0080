"""The correlation of a photo with a picture: the highest peak tells where it was cut from, how large and how turned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.correlation import APART, LARGEST, PEAKS, SMALLEST, Peak, find_peaks
from astroloc_qgis.engine.coregistration.orientation_search import placed
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, scaling
from astroloc_qgis.engine.matchers.base import Image
from astroloc_qgis.engine.matchers.preprocessing import equalise
from astroloc_qgis.engine.progress import no_progress
from tests.engine.synthetic import World, make_world

SIZE = (360, 240)
SIDE, EXPECTED = 200, 64.0
"""Side of the picture that is searched, and the expected long side of the photo in it, pixels."""


@pytest.fixture(scope="module")
def picture(world: World) -> Image:
    return equalise(cv2.resize(world.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA))


def photo_at(world: World, peak: Peak, seed: int | None = 3) -> Image:
    """The photo of a place in the picture of the world."""
    to_plane = world.to_plane @ scaling(world.pixels.shape[0] / SIDE)
    return world.photo(to_plane @ placed(peak, SIZE), SIZE, seed=seed)


def find(photo: Image, picture: Image, mask: np.ndarray | None = None) -> list[Peak]:
    shown = np.ones(picture.shape[:2], bool) if mask is None else mask
    return find_peaks(PhotoPyramid(photo), picture, shown, EXPECTED, no_progress)


def degrees_between(first: float, second: float) -> float:
    return abs((first - second + 180) % 360 - 180)


def check(found: Peak, truth: Peak) -> None:
    """The same place, as finely as sizes and rotations are tried."""
    assert np.hypot(found.x - truth.x, found.y - truth.y) < 2.5
    assert found.long_side == pytest.approx(truth.long_side, rel=0.09)
    assert degrees_between(found.turn, truth.turn) < 8


@pytest.mark.parametrize(
    ("turn", "scale", "x", "y"),
    [
        (0.0, 1.0, 100.0, 84.0),
        (37.0, 0.6, 62.0, 141.0),
        (200.0, 1.5, 118.0, 96.0),
        (37.0, 1.5, 84.0, 112.0),
        (200.0, 0.6, 131.0, 57.0),
    ],
)
def test_a_photo_is_found_where_it_was_taken(
    world: World, picture: Image, turn: float, scale: float, x: float, y: float
) -> None:
    truth = Peak(0.0, x, y, scale * EXPECTED, turn)
    peaks = find(photo_at(world, truth), picture)
    check(peaks[0], truth)
    assert peaks[0].height > 1.2 * peaks[1].height


def test_the_negative_of_a_photo_is_found_as_well(world: World, picture: Image) -> None:
    truth = Peak(0.0, 90.0, 110.0, EXPECTED, 75.0)
    check(find(255 - photo_at(world, truth), picture)[0], truth)


def test_a_photo_beyond_the_edge_of_the_picture_is_found_by_the_part_that_is_in_it(
    world: World, picture: Image
) -> None:
    narrower = np.ascontiguousarray(picture[:, 80:])
    truth = Peak(0.0, 90.0, 84.0, 1.2 * EXPECTED, 20.0)
    found = find(photo_at(world, truth), narrower)[0]
    check(Peak(found.height, found.x + 80, found.y, found.long_side, found.turn), truth)


def test_the_surroundings_of_a_round_window_take_no_part(world: World, picture: Image) -> None:
    truth = Peak(0.0, 100.0, 90.0, 1.2 * EXPECTED, 130.0)
    photo = photo_at(world, truth)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    photo[np.hypot(x - SIZE[0] / 2, y - SIZE[1] / 2) > 0.48 * SIZE[1]] = 0
    assert PhotoPyramid(photo).content_share < 0.7
    check(find(photo, picture)[0], truth)


def test_what_the_mask_of_the_picture_leaves_out_takes_no_part(world: World, picture: Image) -> None:
    truth = Peak(0.0, 60.0, 90.0, EXPECTED, 10.0)
    photo, mask = photo_at(world, truth), np.ones((SIDE, SIDE), bool)
    mask[:, :110] = False
    hidden = picture.copy()
    hidden[:, :110] = np.random.default_rng(1).integers(0, 256, (SIDE, 110, 3))
    grey = picture.copy()
    grey[:, :110] = 128
    noise, nothing = find(photo, hidden, mask)[0], find(photo, grey, mask)[0]
    assert noise == replace(nothing, height=noise.height)
    assert noise.height == pytest.approx(nothing.height, rel=0.02)  # noise reaches a little over the mask's edge


def test_peaks_are_apart_and_fall_off_and_their_sizes_are_within_the_range(picture: Image) -> None:
    elsewhere = make_world(seed=9)
    peaks = find(photo_at(elsewhere, Peak(0.0, 90.0, 90.0, EXPECTED, 0.0)), picture)
    assert len(peaks) == PEAKS
    assert [peak.height for peak in peaks] == sorted((peak.height for peak in peaks), reverse=True)
    for number, peak in enumerate(peaks):
        assert SMALLEST * EXPECTED - 1 <= peak.long_side <= LARGEST * EXPECTED
        assert 0 < peak.x < SIDE
        assert 0 < peak.y < SIDE
        for other in peaks[:number]:
            assert max(abs(peak.x - other.x), abs(peak.y - other.y)) > APART * EXPECTED


def test_a_peak_says_where_the_corners_of_the_photo_are() -> None:
    upright = apply_homography(placed(Peak(1.0, 50.0, 40.0, 36.0, 0.0), SIZE), photo_corners(*SIZE))
    assert np.allclose(upright[0], (50 - 18, 40 - 12))
    turned = apply_homography(placed(Peak(1.0, 50.0, 40.0, 36.0, 90.0), SIZE), photo_corners(*SIZE))
    assert np.allclose(turned[0], (50 + 12, 40 - 18))  # clockwise: the photo's top left is at the top right


def test_it_can_be_cancelled(world: World, picture: Image) -> None:
    def steps() -> Iterator[bool]:
        yield from (False, False, True)

    stop = steps()

    def progress(_stage: str, _fraction: float) -> None:
        if next(stop):
            raise Cancelled

    photo = photo_at(world, Peak(0.0, 90.0, 110.0, EXPECTED, 0.0))
    with pytest.raises(Cancelled):
        find_peaks(PhotoPyramid(photo), picture, np.ones((SIDE, SIDE), bool), EXPECTED, progress)
