"""The simulated camera sees what a camera above the WGS84 ellipsoid sees."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from osgeo import osr

from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.homography import apply_homography, homography_from_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera, geocentric, geodetic, render_photo
from tests.engine.synthetic import make_world

longitudes, latitudes = st.floats(-180, 180), st.floats(-89, 89)


def proj_geocentric() -> osr.CoordinateTransformation:
    """PROJ's own way from longitude, latitude, height to geocentric metres."""
    geographic, cartesian = osr.SpatialReference(), osr.SpatialReference()
    geographic.ImportFromEPSG(4979)
    geographic.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    cartesian.ImportFromProj4("+proj=geocent +datum=WGS84 +units=m +no_defs")
    return osr.CoordinateTransformation(geographic, cartesian)


@given(longitudes, latitudes, st.floats(0, 500e3))
def test_geocentric_coordinates_are_those_of_proj(lon, lat, height):
    expected = proj_geocentric().TransformPoint(lon, lat, height)
    assert geocentric(np.array([[lon, lat]]), height)[0] == pytest.approx(expected, abs=1e-6)


@given(longitudes, latitudes)
def test_places_come_back_from_geocentric_coordinates(lon, lat):
    back = geodetic(geocentric(np.array([[lon, lat]])))[0]
    assert back[1] == pytest.approx(lat, abs=1e-11)
    assert (back[0] - lon + 180) % 360 - 180 == pytest.approx(0, abs=1e-10)


@given(
    lon=longitudes,
    lat=st.floats(-60, 60),
    focal=st.sampled_from([24, 50, 200, 400]),
    tilt=st.floats(0, 60),
    azimuth=st.floats(0, 360),
    roll=st.floats(-180, 180),
)
def test_what_a_pixel_sees_is_seen_by_that_pixel_and_lies_on_its_ray_by_proj(lon, lat, focal, tilt, azimuth, roll):
    camera = PinholeCamera(lon, lat, 410e3, focal, tilt, azimuth, roll)
    pixels = camera.grid(5, 4)
    lonlat = camera.to_lonlat(pixels)
    seen = np.isfinite(lonlat).all(axis=1)
    assert seen.any() or tilt > 55
    far = camera.elevation_deg(lonlat[seen]) > 0.1
    assert camera.from_lonlat(lonlat[seen])[far] == pytest.approx(pixels[seen][far], abs=1e-5)
    transform = proj_geocentric()
    position = np.array(transform.TransformPoint(lon, lat, 410e3))
    for pixel, (x, y) in zip(pixels[seen], lonlat[seen], strict=True):
        ray = np.array(transform.TransformPoint(x, y, 0.0)) - position
        right, down, ahead = camera.axes @ ray
        assert 1500 + right / ahead * focal * 3000 / 36 == pytest.approx(pixel[0], abs=1e-5)
        assert 1000 + down / ahead * focal * 2000 / 24 == pytest.approx(pixel[1], abs=1e-5)


def test_a_camera_that_looks_down_sees_its_nadir_in_the_middle_and_north_on_top():
    camera = PinholeCamera(12.0, 47.0)
    middle, top, right = camera.to_lonlat(np.array([[1500.0, 1000.0], [1500.0, 0.0], [3000.0, 1000.0]]))
    assert middle == pytest.approx([12.0, 47.0], abs=1e-9)
    assert top[0] == pytest.approx(12.0, abs=1e-9)
    assert top[1] > 47.5
    assert right[0] > 12.5


def test_tilt_azimuth_and_roll_mean_what_they_say():
    camera = PinholeCamera(12.0, 0.0, 420e3, 50, tilt_deg=30, azimuth_deg=90)
    middle, top = camera.to_lonlat(np.array([[1500.0, 1000.0], [1500.0, 0.0]]))
    # The middle lies about 420 km x tan(30 degrees) east, a little more as the Earth falls away, and the top farther.
    assert great_circle_km(np.array([12.0, 0.0]), middle)[0] == pytest.approx(
        420 * math.tan(math.radians(30)), rel=0.03
    )
    assert middle[1] == pytest.approx(0, abs=1e-6)
    assert top[0] > middle[0]
    # Turned clockwise by a quarter, the camera has what was on top on its left.
    turned = PinholeCamera(12.0, 0.0, 420e3, 50, tilt_deg=30, azimuth_deg=90, roll_deg=90)
    assert turned.to_lonlat(np.array([[500.0, 1000.0]]))[0] == pytest.approx(top, abs=1e-9)


def test_the_sky_is_nowhere_and_the_far_side_of_the_earth_is_hidden():
    camera = PinholeCamera(0.0, 0.0, 420e3, 24, tilt_deg=60)
    assert np.isnan(camera.corners_lonlat[:2]).all()
    assert np.isfinite(camera.corners_lonlat[2:]).all()
    assert np.isnan(camera.from_lonlat(np.array([[180.0, 0.0], [0.0, 60.0]]))).all()
    # The horizon is where the ellipsoid's tangent says: the middle pixel leaves the ground at 69.8 degrees of tilt.
    below, above = (PinholeCamera(0, 0, 420e3, 50, tilt).to_lonlat(np.array([[1500.0, 1000.0]])) for tilt in (69, 71))
    assert np.isfinite(below).all()
    assert np.isnan(above).all()


@pytest.mark.parametrize(("lon", "lat"), [(11.0, 46.0), (180.0, -17.0), (25.0, 60.0)])
def test_a_photo_shows_the_texture_where_the_camera_sees_it(tmp_path: Path, lon, lat):
    world = make_world(lon, lat, side_m=400_000, pixels=512, seed=2)
    path = world.write_global(tmp_path / "world.tif", 9) if lon == 180 else world.write(tmp_path / "w.tif", alpha=True)
    camera = PinholeCamera(lon - 1.0, lat - 1.5, 415e3, 80, 30, 33, 20, size=(300, 200))
    reference = Reference.open(path)
    pixels, mask = render_photo(camera, reference)
    reference.close()
    assert mask.mean() > 0.9
    # The same by another way: the world's own renderer, through the near-sided plane.
    plane = WorkingPlane.near_sided(camera.lon, camera.lat, camera.altitude_m)
    grid = camera.grid(9, 7)
    truth = homography_from_points(grid, plane.from_lonlat(camera.to_lonlat(grid)))
    expected = world.photo(truth, camera.size, plane)
    inner = cv2.erode(mask.astype(np.uint8), np.ones((9, 9))) > 0
    a, b = (cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 1.5) for image in (pixels, expected))
    assert np.corrcoef(a[inner], b[inner])[0, 1] > 0.98
    shift, response = cv2.phaseCorrelate(np.float64(a * inner), np.float64(b * inner))
    assert np.hypot(*shift) < 0.1
    assert response > 0.5
    assert np.linalg.norm(apply_homography(np.linalg.inv(truth), plane.from_lonlat(camera.corners_lonlat))[0]) < 0.1


def test_a_photo_of_the_sky_or_of_unmapped_sea_is_empty(tmp_path: Path):
    reference = Reference.open(make_world(pixels=256).write(tmp_path / "w.tif", alpha=True))
    for camera in (PinholeCamera(11, 46, tilt_deg=89, size=(60, 40)), PinholeCamera(-30, 0, size=(60, 40))):
        pixels, mask = render_photo(camera, reference)
        assert not mask.any()
        assert not pixels.any()
    reference.close()
