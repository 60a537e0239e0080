"""DISK with LightGlue, with its real weights."""

from __future__ import annotations

import math

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.homography_fit import fit_homography
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, scaling, translation
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.warping import warp_image
from astroloc_qgis.engine.matchers.base import Image, Matcher
from astroloc_qgis.engine.matchers.disk_lightglue import DiskLightGlue
from tests.engine.matchers.conftest import mirror_shift
from tests.engine.synthetic import degrade

SIDE = 256


@pytest.fixture(scope="module")
def disk() -> Matcher:
    return DiskLightGlue()


def test_disk_recovers_a_small_turn_and_scale(disk: Matcher, small_picture: Image) -> None:
    cosine, sine = math.cos(math.radians(12)), math.sin(math.radians(12))
    turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])
    moved: Array = translation(SIDE / 2, SIDE / 2) @ scaling(1.1) @ turned @ translation(-SIDE / 2, -SIDE / 2)
    other = degrade(warp_image(small_picture, moved, (SIDE, SIDE)).astype(np.uint8), seed=5)
    covered = warp_image(np.ones((SIDE, SIDE), np.uint8), moved, (SIDE, SIDE)) > 0
    fit = fit_homography(disk.match(disk.extract(small_picture), disk.extract(other, covered)), 3.0)
    assert fit is not None
    corners = photo_corners(SIDE, SIDE)
    error = apply_homography(fit.homography, corners) - apply_homography(moved, corners)
    assert np.linalg.norm(error, axis=1).max() < 2.0


def test_disk_keeps_the_strongest_inside_the_mask(disk: Matcher, small_picture: Image) -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, : SIDE // 2] = True
    all_of_them, few = disk.extract(small_picture, mask), disk.extract(small_picture, mask, most=40)
    assert len(few.keypoints) == len(few.data["descriptors"]) == 40
    assert (few.keypoints == all_of_them.keypoints[:40]).all()
    assert (all_of_them.keypoints[:, 0] <= SIDE // 2 - 3).all()
    assert all_of_them.keypoints.dtype == np.float32
    assert few.size == (SIDE, SIDE)


def test_disk_keeps_the_corner_convention(disk: Matcher, small_picture: Image) -> None:
    assert abs(mirror_shift(disk, small_picture)) < 0.5
