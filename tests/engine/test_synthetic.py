"""The generated imagery is what it says: the other tests stand on it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from tests.engine.synthetic import World, shot


def test_a_shot_looks_where_it_is_told(world: World) -> None:
    H = shot(world, (600, 400), gsd=50.0, turn_deg=90.0, offset_m=(1000.0, -2000.0))
    middle, top = apply_homography(H, np.array([[300.0, 200.0], [300.0, 0.0]]))
    assert middle == pytest.approx([1000, -2000])
    # The top of the photo points east.
    assert top == pytest.approx([1000 + 200 * 50, -2000])
    tilted = shot(world, (600, 400), gsd=50.0, tilt=0.25)
    top_left, top_right = apply_homography(tilted, photo_corners(600, 400)[:2])
    assert top_right[0] - top_left[0] == pytest.approx(600 * 50 * 1.25)


def test_the_same_photo_comes_from_any_working_plane(world: World) -> None:
    """Two planes differ by less than a pixel's thousandth over a few kilometres: the photos must be the same."""
    size = (240, 160)
    H = shot(world, size, gsd=90.0, turn_deg=30, tilt=0.1)
    other = WorkingPlane.near_sided(*(world.center_lonlat + np.array([0.4, -0.3])))
    corners = photo_corners(*size)
    same = homography_from_points(corners, other.from_lonlat(world.plane.to_lonlat(apply_homography(H, corners))))
    direct, through = world.photo(H, size).astype(float), world.photo(same, size, other).astype(float)
    assert np.abs(direct - through).mean() < 4


def test_matching_photo_and_map_finds_the_homography_again(tmp_path: Path, anywhere: World) -> None:
    size = (480, 320)
    H = shot(anywhere, size, gsd=90.0, turn_deg=35.0, tilt=0.15, offset_m=(4000.0, -3000.0))
    photo = anywhere.photo(H, size, seed=1)
    half = anywhere.side_m / 2
    window = Window(anywhere.plane.proj, (-half, -half, half, half), 1000, 1000)
    rendering = Reference.open(anywhere.write(tmp_path / "map.tif")).read(window)
    sift = cv2.SIFT_create(3000, enable_precise_upscale=True)
    points, descriptors = zip(
        *(sift.detectAndCompute(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), None) for image in (photo, rendering.pixels)),
        strict=True,
    )
    pairs = cv2.BFMatcher(crossCheck=True).match(*descriptors)
    source = np.array([points[0][pair.queryIdx].pt for pair in pairs]) + 0.5
    target = np.array([points[1][pair.trainIdx].pt for pair in pairs]) + 0.5
    found, inlier = cv2.findHomography(source, target, cv2.USAC_MAGSAC, 2.0)
    assert inlier.sum() > 100
    corners = photo_corners(*size)
    truth = apply_homography(window.to_pixel @ H, corners)
    assert np.linalg.norm(apply_homography(found, corners) - truth, axis=1).max() < 0.5
