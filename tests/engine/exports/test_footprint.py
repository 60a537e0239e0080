"""The footprint as GeoPackage and GeoJSON: the right corners in the right order, typed attributes, the antimeridian."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from osgeo import ogr

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.footprint import read_footprint, write_footprint
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.polygons import signed_area
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from tests.engine.coded_photo import seen_from_above

SUFFIXES = [".gpkg", ".geojson"]
SQUARE = np.array([[10.0, 47.0], [11.0, 47.1], [11.1, 46.0], [10.1, 46.1]])
ACROSS = np.array([[179.5, -16.0], [-179.4, -16.1], [-179.6, -17.0], [179.3, -17.2]])


def only_feature(path: Path) -> tuple[ogr.DataSource, ogr.Feature]:
    source = ogr.Open(str(path))
    layer = source.GetLayer(0)
    assert (source.GetLayerCount(), layer.GetFeatureCount()) == (1, 1)
    assert layer.GetSpatialRef().GetAuthorityCode(None) == "4326"
    return source, layer.GetNextFeature()


def ring_of(geometry: ogr.Geometry) -> np.ndarray:
    return np.array(geometry.GetGeometryRef(0).GetPoints())[:, :2]


@given(
    lon=st.floats(-180, 179.999),
    lat=st.floats(-75, 75),
    turn=st.floats(0, 360),
    gsd=st.floats(3, 400),
    tilt=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    suffix=st.sampled_from(SUFFIXES),
)
def test_any_footprint_comes_back_as_it_was(lon, lat, turn, gsd, tilt, suffix):
    homography = seen_from_above(1000, 700, gsd, turn_deg=turn, tilt=tilt)
    footprint = footprint_lonlat(homography, WorkingPlane.local(lon, lat), 1000, 700)
    with TemporaryDirectory() as folder:
        path = write_footprint(Path(folder) / f"a{suffix}", footprint, {})
        assert great_circle_km(read_footprint(path), footprint).max() < 1e-4


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_layer_is_called_footprint_and_nothing_else_is_written(tmp_path, suffix):
    source, _ = only_feature(write_footprint(tmp_path / f"a{suffix}", SQUARE, {}))
    assert source.GetLayer(0).GetName() == "footprint"
    assert [file.name for file in tmp_path.iterdir()] == [f"a{suffix}"]


def test_a_geopackage_ring_has_the_photos_corner_order(tmp_path):
    source, feature = only_feature(write_footprint(tmp_path / "a.gpkg", SQUARE, {}))
    assert source.GetLayer(0).GetGeomType() == ogr.wkbPolygon
    np.testing.assert_allclose(ring_of(feature.GetGeometryRef()), [*SQUARE, SQUARE[0]])


def test_a_geojson_ring_is_anticlockwise_from_the_top_left_corner(tmp_path):
    path = write_footprint(tmp_path / "a.geojson", SQUARE, {})
    ring = np.array(json.loads(path.read_text())["features"][0]["geometry"]["coordinates"][0])
    np.testing.assert_allclose(ring, SQUARE[[0, 3, 2, 1, 0]])
    assert signed_area(ring[:-1]) > 0


@pytest.mark.parametrize("corners", [ACROSS, np.roll(ACROSS, 1, axis=0), np.roll(ACROSS, 2, axis=0)])
def test_across_the_antimeridian_a_geopackage_has_one_polygon_past_180_degrees(tmp_path, corners):
    _, feature = only_feature(write_footprint(tmp_path / "a.gpkg", corners, {}))
    ring = ring_of(feature.GetGeometryRef())[:-1]
    np.testing.assert_allclose(ring[:, 0], corners[:, 0] % 360)
    np.testing.assert_allclose(ring[:, 1], corners[:, 1])


@pytest.mark.parametrize("corners", [ACROSS, np.roll(ACROSS, 1, axis=0)])
def test_across_the_antimeridian_geojson_has_two_parts_that_together_are_the_footprint(tmp_path, corners):
    path = write_footprint(tmp_path / "a.geojson", corners, {})
    _, feature = only_feature(path)
    parts = feature.GetGeometryRef()
    assert (parts.GetGeometryName(), parts.GetGeometryCount()) == ("MULTIPOLYGON", 2)
    west, east = sorted((ring_of(parts.GetGeometryRef(i))[:-1] for i in (0, 1)), key=lambda ring: ring[:, 0].min())
    assert west[:, 0].min() >= -180
    assert west[:, 0].max() < -179
    assert east[:, 0].min() > 179
    assert east[:, 0].max() <= 180
    assert signed_area(west) > 0
    assert signed_area(east) > 0
    whole = np.column_stack([ACROSS[:, 0] % 360, ACROSS[:, 1]])
    assert signed_area(west) + signed_area(east) == pytest.approx(-signed_area(whole))
    np.testing.assert_allclose(read_footprint(path), corners, atol=1e-8)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_attributes_keep_their_types(tmp_path, suffix):
    plane, homography = WorkingPlane.local(10.5, 46.5), seen_from_above(1000, 700, 50.0)
    attributes = {
        "photo": "ISS056-E-181034",
        "confidence": 0.93,
        "inliers": 412,
        "rmse_m": float("nan"),
        "model": None,
        "taken": datetime(2018, 9, 13, 21, 4, 5),
        "checked": True,
        "note": "Río Grande",
    }
    path = write_footprint(tmp_path / f"a{suffix}", SQUARE, attributes, homography=homography, plane=plane)
    source, feature = only_feature(path)
    definition = source.GetLayer(0).GetLayerDefn()
    fields = [definition.GetFieldDefn(i) for i in range(definition.GetFieldCount())]
    kinds = {field.GetName(): ogr.GetFieldTypeName(field.GetType()) for field in fields}
    assert (kinds["photo"], kinds["confidence"]) == ("String", "Real")
    assert kinds["inliers"] == ("Integer64" if suffix == ".gpkg" else "Integer")
    assert kinds["taken"] == "DateTime"
    assert feature.GetField("photo") == "ISS056-E-181034"
    assert feature.GetField("confidence") == 0.93
    assert feature.GetField("inliers") == 412
    assert feature.IsFieldNull("rmse_m")
    assert feature.IsFieldNull("model")
    assert feature.GetFieldAsDateTime("taken")[:6] == [2018, 9, 13, 21, 4, 5.0]
    assert feature.GetField("checked") == 1
    assert feature.GetField("note") == "Río Grande"
    assert feature.GetField("working_plane") == plane.proj
    np.testing.assert_array_equal(json.loads(feature.GetField("homography")), homography)
    np.testing.assert_allclose(json.loads(feature.GetField("corners")), SQUARE)


def test_the_outline_of_a_photo_with_a_horizon_has_as_many_corners_as_it_needs(tmp_path):
    outline = np.array([[10.0, 47.0], [10.5, 47.4], [11.0, 47.1], [11.1, 46.0], [10.1, 46.1]])
    path = write_footprint(tmp_path / "a.gpkg", outline, {})
    _, feature = only_feature(path)
    np.testing.assert_allclose(ring_of(feature.GetGeometryRef())[:-1], outline)
    with pytest.raises(InputError, match="has 5 corners"):
        read_footprint(path)


def test_a_corner_in_the_sky_is_refused(tmp_path):
    corners = SQUARE.copy()
    corners[1] = np.nan
    with pytest.raises(InputError, match="not on the ground"):
        write_footprint(tmp_path / "a.gpkg", corners, {})
    assert list(tmp_path.iterdir()) == []


def test_another_format_is_refused(tmp_path):
    with pytest.raises(InputError, match=r'"a\.shp" is neither'):
        write_footprint(tmp_path / "a.shp", SQUARE, {})


def test_a_polygon_drawn_by_hand_in_another_crs_is_read(tmp_path):
    # Anticlockwise, in Web Mercator, as a user may draw it: from the first vertex on, clockwise.
    ring = [[0, 0], [0, 111325.1428663851], [111319.4907932264, 111325.1428663851], [111319.4907932264, 0], [0, 0]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring[::-1]]}}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    np.testing.assert_allclose(read_footprint(path), [[0, 0], [0, 1], [1, 1], [1, 0]], atol=1e-6)


def test_a_file_without_a_footprint_is_named(tmp_path):
    with pytest.raises(InputError, match="no footprint file"):
        read_footprint(tmp_path / "absent.gpkg")
    (tmp_path / "text.gpkg").write_text("nothing of the kind")
    with pytest.raises(InputError, match=r"text\.gpkg is not a vector file"):
        read_footprint(tmp_path / "text.gpkg")
    (tmp_path / "point.geojson").write_text('{"type": "Point", "coordinates": [1, 2]}')
    with pytest.raises(InputError, match="begins with no polygon"):
        read_footprint(tmp_path / "point.geojson")
