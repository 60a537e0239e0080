"""Images of any size are warped: OpenCV's own remap refuses sides of more than 32,766 pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry import warping
from astroloc_qgis.engine.geometry.warping import remap, warp_image

LONG = 40_000


def strip(width: int = LONG, height: int = 60) -> NDArray[np.uint16]:
    """A long picture whose values say where they are."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.dstack([x, 500 * y, x // 2 + 1]).astype(np.uint16)


@pytest.mark.parametrize("interpolation", [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])
@pytest.mark.parametrize("border_mode", [cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_pieces_have_the_same_pixels_as_the_whole(
    interpolation: int, border_mode: int, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, np.iinfo(kind).max, (70, 300, 3)).astype(kind)
    x, y = np.meshgrid(np.arange(260, dtype=np.float32), np.arange(90, dtype=np.float32))
    x, y = x * np.float32(1.3) - 20 + y * np.float32(0.1), y - 10 + x * np.float32(0.05)
    x[0, :3], y[0, :3] = -1e5, 1e5
    for picture in (image, np.ascontiguousarray(image[..., 0])):
        whole = remap(picture, x, y, interpolation, border_mode=border_mode, border=(7, 8, 9, 0))
        with monkeypatch.context() as patch:
            patch.setattr(warping, "MOST_SIDE", 64)
            patch.setattr(warping, "_PIECE", 50)
            pieces = remap(picture, x, y, interpolation, border_mode=border_mode, border=(7, 8, 9, 0))
        differences = np.abs(pieces.astype(int) - whole.astype(int))
        assert differences.max() <= 1
        assert (differences > 0).mean() < 0.001  # vector instructions at the ends of rows


def test_a_picture_longer_than_opencv_takes_is_remapped() -> None:
    image = strip()
    x, y = np.meshgrid(np.linspace(0, LONG - 1, 500, dtype=np.float32), np.arange(60, dtype=np.float32))
    found = remap(image, x, y, cv2.INTER_LINEAR, border_mode=cv2.BORDER_REPLICATE).astype(np.float64)
    np.testing.assert_allclose(found[..., 0], x, atol=0.6)
    np.testing.assert_allclose(found[..., 1], 500 * y, atol=0.6)


def test_a_map_longer_than_opencv_makes_is_made() -> None:
    x, y = np.meshgrid(np.arange(LONG, dtype=np.float32) / 100, np.arange(2, dtype=np.float32))
    found = remap(strip(500), x, y, cv2.INTER_NEAREST, border_mode=cv2.BORDER_REPLICATE)
    assert found.shape == (2, LONG, 3)
    np.testing.assert_allclose(found[..., 0], x, atol=0.52)


def test_a_long_picture_is_warped_by_a_homography() -> None:
    shrink = np.diag([0.01, 0.5, 1.0])
    found = warp_image(strip(), shrink, (420, 30), border=60)
    assert (found[:, 401:] == 60).all()
    np.testing.assert_allclose(found[:, :400, 0], np.tile(np.arange(400) * 100 + 49.5, (30, 1)), atol=1)


def test_a_homography_warps_pieces_as_it_warps_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8), (0, 0), 3)
    homography = np.array([[1.1, 0.1, -20], [-0.05, 0.9, 9], [2e-4, -1e-4, 1.0]])
    whole = warp_image(image, homography, (280, 190), border=60).astype(int)
    monkeypatch.setattr(warping, "MOST_SIDE", 100)
    pieces = warp_image(image, homography, (280, 190), border=60).astype(int)
    assert np.abs(whole - pieces).max() <= 3
    assert (whole == pieces).mean() > 0.9
