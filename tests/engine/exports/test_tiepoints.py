"""Tie points as a table and as points on the map."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal, ogr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.tiepoints import COLUMNS, write_tie_points
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.registration import TiePoints
from tests.engine.coded_photo import seen_from_above

PLANE = WorkingPlane.local(179.99, -17.0)
HOMOGRAPHY = seen_from_above(600, 400, 80.0, turn_deg=40.0, tilt=(0.2, 0.1))
PHOTO_XY = np.array([[0.5, 0.5], [599.25, 10.0], [300.0, 200.0]])
MISSED_BY = np.array([[0.0, 0.0], [3.0, 4.0], [-30.0, 40.0]])


@pytest.fixture
def tie_points() -> TiePoints:
    ground = apply_homography(HOMOGRAPHY, PHOTO_XY + MISSED_BY)
    return TiePoints(PHOTO_XY, ground, np.array([True, True, False]), np.array([0.9, 0.5, 0.25], np.float32))


@pytest.mark.parametrize("suffix", [".csv", ".geojson"])
def test_every_value_comes_back(tmp_path, tie_points, suffix):
    path = write_tie_points(tmp_path / f"a{suffix}", tie_points, HOMOGRAPHY, PLANE)
    options = ["AUTODETECT_TYPE=YES", "X_POSSIBLE_NAMES=lon", "Y_POSSIBLE_NAMES=lat"] if suffix == ".csv" else []
    source = gdal.OpenEx(str(path), gdal.OF_VECTOR, open_options=options)
    features = list(source.GetLayer(0))
    table = {name: np.array([feature.GetField(name) for feature in features], float) for name in COLUMNS}
    np.testing.assert_allclose(np.column_stack([table["photo_x"], table["photo_y"]]), PHOTO_XY)
    ground = np.column_stack([table["plane_x"], table["plane_y"]])
    np.testing.assert_allclose(ground, tie_points.plane_xy, atol=1e-3)
    lonlat = np.column_stack([table["lon"], table["lat"]])
    np.testing.assert_allclose(PLANE.from_lonlat(lonlat), tie_points.plane_xy, atol=0.01)
    np.testing.assert_allclose(table["residual_px"], [0, 5, 50], atol=1e-3)
    np.testing.assert_array_equal(table["inlier"], [1, 1, 0])
    np.testing.assert_allclose(table["score"], [0.9, 0.5, 0.25])
    places = [feature.GetGeometryRef().GetPoint_2D() for feature in features]
    np.testing.assert_allclose(places, lonlat, atol=1e-8)
    assert np.ptp(lonlat[:, 0]) > 300  # the photo lies across the antimeridian: longitudes stay in [-180, 180]
    assert features[0].GetGeometryRef().GetGeometryType() == ogr.wkbPoint


def test_no_tie_points_make_a_table_of_its_head_alone(tmp_path):
    none = TiePoints(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, bool), np.empty(0, np.float32))
    path = write_tie_points(tmp_path / "a.csv", none, HOMOGRAPHY, PLANE)
    assert path.read_text() == ",".join(COLUMNS) + "\n"


def test_another_format_is_refused(tmp_path, tie_points):
    with pytest.raises(InputError, match=r'"a\.xls" is neither'):
        write_tie_points(tmp_path / "a.xls", tie_points, HOMOGRAPHY, PLANE)
