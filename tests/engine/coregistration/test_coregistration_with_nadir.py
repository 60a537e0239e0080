"""Coregistration of oblique photos whose nadir is known, right or wrong."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.search_area import (
    area_about_block,
)
from astroloc_qgis.engine.exports.visible_region import find_visible_region
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.tiles import block_around
from astroloc_qgis.engine.verification import verify
from tests.engine.coregistration.ground import (
    LIMIT_PX,
    WIDE,
    Scene,
    corner_error,
    from_orbit,
)


def test_a_wide_oblique_photo_is_exact_with_its_nadir_and_tells_it_without(far: Scene) -> None:
    nadir = Nadir(42.5, 11.0)
    plane = WorkingPlane.near_sided(nadir.longitude, nadir.latitude)
    truth = from_orbit(plane, WIDE, focal_px=480.0, tilt=38.0, azimuth=10.0)
    photo = far.world.photo(truth, WIDE, plane=plane)
    block = block_around(*plane.to_lonlat(apply_homography(truth, np.array([[240.0, 160.0]])))[0], 9)
    told = far.find(photo, area_about_block(block, far.reference, nadir=nadir))
    assert told.plane == plane
    assert told.camera is None
    assert corner_error(told, truth, plane, WIDE) < LIMIT_PX
    assert verify(told, WIDE).located
    untold = far.find(photo, area_about_block(block, far.reference))
    assert untold.camera is not None
    found = np.array([untold.camera.longitude, untold.camera.latitude])
    assert great_circle_km(nadir.lonlat, found)[0] < 40
    assert corner_error(untold, truth, plane, WIDE) < 2 * LIMIT_PX


def test_a_nadir_that_is_wrong_by_far_does_no_harm(far: Scene) -> None:
    plane = WorkingPlane.near_sided(11.0, 44.0)
    truth = from_orbit(plane, WIDE, focal_px=900.0, tilt=20.0, azimuth=10.0)
    photo = far.world.photo(truth, WIDE, plane=plane)
    block = block_around(*plane.to_lonlat(apply_homography(truth, np.array([[240.0, 160.0]])))[0], 9)
    misled = far.find(photo, area_about_block(block, far.reference, nadir=Nadir(40.5, 7.0)))
    untold = far.find(photo, area_about_block(block, far.reference))
    assert "+proj=aeqd" in misled.plane.proj  # the nadir given was rejected
    assert corner_error(misled, truth, plane, WIDE) < corner_error(untold, truth, plane, WIDE) + LIMIT_PX


@pytest.mark.parametrize("told", [True, False])
def test_a_photo_with_the_horizon_in_it_is_found(far: Scene, told: bool) -> None:
    nadir = Nadir(36.0, 11.0)
    plane = WorkingPlane.near_sided(nadir.longitude, nadir.latitude)
    size = (600, 400)
    truth = from_orbit(plane, size, focal_px=700.0, tilt=61.0, azimuth=0.0)
    photo = far.world.photo(truth, size, plane=plane)
    corners = plane.to_lonlat(apply_homography(truth, photo_corners(*size)))
    assert np.isnan(corners).any(axis=1).tolist() == [True, True, False, False]
    middle = plane.to_lonlat(apply_homography(truth, np.array([[300.0, 230.0]])))[0]
    found = far.find(photo, area_about_block(block_around(*middle, 8), far.reference, nadir=nadir if told else None))
    assert found.homography is not None, found.reason
    below = np.array([[0.0, 200], [600, 200], [600, 400], [0, 400]])
    ground = found.plane.to_lonlat(apply_homography(found.homography, below))
    seen = apply_homography(np.linalg.inv(truth), plane.from_lonlat(ground))
    assert np.linalg.norm(seen - below, axis=1).max() < (LIMIT_PX if told else 3 * LIMIT_PX)
    visible = find_visible_region(found.homography, found.plane, *size)
    assert visible.seen(np.array([[5.0, 5], [595, 5], [5, 395], [595, 395]])).tolist() == [False, False, True, True]
