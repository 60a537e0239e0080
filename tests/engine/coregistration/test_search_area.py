"""Search areas: the frames about a candidate or a footprint."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.coregistration.search_area import (
    area_about_block,
    area_about_footprint,
    frame_towards,
)
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane, plane_for
from astroloc_qgis.engine.tiles import Block
from tests.engine.coregistration.ground import (
    WIDE,
    Scene,
    start_off,
)


def test_a_wide_search_area_near_the_horizon_shows_no_more_than_the_camera_sees(far: Scene) -> None:
    area = area_about_block(Block(8, 108, 128), far.reference, nadir=Nadir(23.7, 7.0))
    for frame in area.frames:
        shown = area.plane.to_lonlat(apply_homography(frame.to_plane, photo_corners(*frame.size)))
        centre = area.plane.to_lonlat(apply_homography(frame.to_plane, np.array([frame.centre])))
        reach = great_circle_km(centre, shown)
        assert np.isfinite(reach).any()
        assert np.nanmax(reach) < 2500


def test_a_wide_area_whose_side_lies_beyond_the_horizon_is_drawn_as_far_as_the_camera_sees() -> None:
    nadir = Nadir(20.0, 42.0)
    plane = plane_for(np.array([42.0, 35.0]), nadir)
    side_m, pixels = 1.5e6, 512
    assert not np.isfinite(plane.from_lonlat(np.array([[42.0, 35.0 + side_m / 2 / 111_320]]))).any()
    to_plane = frame_towards(plane, 42.0, 35.0, side_m, pixels)
    middle, below = plane.to_lonlat(
        apply_homography(to_plane, np.array([[pixels / 2, pixels / 2], [pixels / 2, pixels * 0.6]]))
    )
    assert middle == pytest.approx([42.0, 35.0], abs=0.01)
    assert below[1] < middle[1] - 0.1
    assert below[0] == pytest.approx(42.0, abs=0.05)


def test_the_working_plane_is_the_cameras_where_the_nadir_is_known_and_sees_the_place() -> None:
    place = np.array([11.0, 46.0])
    assert plane_for(place, None) == WorkingPlane.local(11.0, 46.0)
    assert plane_for(place, Nadir(40.0, 12.0)) == WorkingPlane.near_sided(12.0, 40.0)
    assert plane_for(place, Nadir(-40.0, 12.0)) == WorkingPlane.local(11.0, 46.0)


@pytest.mark.parametrize("nadir", [None, Nadir(46.0, 11.0), Nadir(40.0, 5.0)])
def test_a_search_frame_shows_its_place_in_the_middle_with_north_up(nadir: Nadir | None) -> None:
    plane = plane_for(np.array([11.0, 46.0]), nadir)
    frame = frame_towards(plane, 11.0, 46.0, 60_000.0, 600)
    places = np.array([[11.0, 46.0], [11.0, 46.05], [11.05, 46.0]])
    middle, north, east = apply_homography(np.linalg.inv(frame), plane.from_lonlat(places))
    np.testing.assert_allclose(middle, (300, 300), atol=1e-3)
    assert abs(north[0] - 300) < 2
    assert north[1] < 290
    assert east[0] > 310


def test_the_corners_of_a_rough_footprint_make_its_area(scene: Scene) -> None:
    """The frame is the photo's own: its middle shows the middle of the footprint, its top the photo's top."""
    truth, area = start_off(scene)
    rough = homography_from_points(photo_corners(*WIDE), apply_homography(truth, photo_corners(*WIDE)))
    frame = area_about_footprint(rough, scene.world.plane, WIDE, long_side=240, margin=0.5).frames[0]
    assert frame.size == (480, 320)
    inner = np.array([[120.0, 80], [360, 80], [360, 240], [120, 240]])
    np.testing.assert_allclose(
        apply_homography(frame.to_plane, inner), apply_homography(truth, photo_corners(*WIDE)), atol=1e-3
    )
