"""Everything that is handed on of a photo, opened again with GDAL, lies where the homography says."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from osgeo import gdal, ogr

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.exports.bundle import FORMS, ExportOptions, export_photo
from astroloc_qgis.engine.exports.crs import utm_crs
from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.engine.exports.points_file import read_points
from astroloc_qgis.engine.exports.registry import Form
from astroloc_qgis.engine.geometry.distances import wrap_lon
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.photo.raster import from_stored
from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.coded_photo import PER_PIXEL, coded_photo, decode, seen_from_above, true_origin
from tests.engine.photo.tiffs import REDUCED, Page, write_tiff

SIZE = (300, 200)
PLACES = {
    "western hemisphere": (-103.4, 20.6),
    "antimeridian": (179.9, -17.0),
    "70 degrees north": (25.0, 70.0),
}
SYSTEMS = ("EPSG:4326", "EPSG:3857", "UTM")
each_place = pytest.mark.parametrize("place", PLACES)
each_crs = pytest.mark.parametrize("crs", SYSTEMS)


def lie(place, **view):
    lon, lat = PLACES[place]
    return WorkingPlane.local(lon, lat), seen_from_above(
        *SIZE, 160.0, **(view or {"turn_deg": 25.0, "tilt": (0.2, -0.3)})
    )


def tie_points(homography, plane, count=12, seed=0):
    rng = np.random.default_rng(seed)
    xy = rng.uniform((5, 5), (SIZE[0] - 5, SIZE[1] - 5), (count, 2))
    lonlat = plane.to_lonlat(apply_homography(homography, xy + rng.normal(0, 0.3, xy.shape)))
    return [
        {"x": x, "y": y, "lon": lon, "lat": lat, "on": number != 3}
        for number, ((x, y), (lon, lat)) in enumerate(zip(xy.tolist(), lonlat.tolist(), strict=True))
    ]


def export(tmp_path, place, *forms, crs="EPSG:4326", photo=None, ties=(), facts=None, **options):
    plane, homography = lie(place)
    crs = utm_crs(*PLACES[place]) if crs == "UTM" else crs
    settings = ExportOptions(forms=forms, crs=crs, resampling="bilinear", **options)
    files = export_photo(
        photo or coded_photo(*SIZE), homography, plane, tmp_path / "out", "x", settings, tie_points=ties, facts=facts
    )
    return files, homography, plane


def on_disk(tmp_path):
    return sorted(path.name for path in (tmp_path / "out").iterdir())


def assert_within_half_a_pixel(path, homography, plane, alpha=True):
    decoded = decode(path, every=2)
    expected = true_origin(decoded, homography, plane)
    opaque = decoded.opaque if alpha else decoded.bands[2] == 30_000
    inner = opaque & ((expected > 1) & (expected < np.array(SIZE) - 1)).all(axis=-1)
    assert inner.sum() > 1000
    assert np.abs(decoded.origin_in_photo() - expected)[inner].max() < 0.5
    return decoded


@each_crs
@each_place
def test_geotiff_and_cog_land_within_half_a_pixel_and_stay_16_bit(tmp_path, place, crs):
    files, homography, plane = export(tmp_path, place, "geotiff", "cog", crs=crs)
    for form in ("geotiff", "cog"):
        decoded = assert_within_half_a_pixel(files[form], homography, plane)
        assert decoded.bands.dtype == np.uint16


def test_the_cog_is_one(tmp_path):
    photo = coded_photo(1400, 1000)
    plane, homography = WorkingPlane.local(7.0, 51.0), seen_from_above(1400, 1000, 40.0)
    files = export_photo(photo, homography, plane, tmp_path, "x", ExportOptions(forms=("cog",), crs="EPSG:3857"))
    dataset = gdal.Open(str(files["cog"]))
    assert dataset.GetMetadata("IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert dataset.GetRasterBand(1).GetOverviewCount() >= 1
    assert [path.name for path in tmp_path.iterdir()] == ["x_cog.tif"]


@each_place
@pytest.mark.parametrize("form", ["geotiff", "cog"])
def test_nodata_instead_of_alpha_keeps_every_pixel_of_the_photo(tmp_path, place, form):
    files, homography, plane = export(tmp_path, place, form, transparency="nodata")
    dataset = gdal.Open(str(files[form]))
    assert dataset.RasterCount == 3
    assert [dataset.GetRasterBand(band).GetNoDataValue() for band in (1, 2, 3)] == [0, 0, 0]
    assert_within_half_a_pixel(files[form], homography, plane, alpha=False)


def test_8_bits_are_written_where_they_are_asked_for_and_overviews_only_then(tmp_path):
    files, *_ = export(tmp_path, "western hemisphere", "geotiff", depth="8", overviews=False, resolution=0.0004)
    dataset = gdal.Open(str(files["geotiff"]))
    assert dataset.GetRasterBand(1).DataType == gdal.GDT_Byte
    assert max(dataset.RasterXSize, dataset.RasterYSize) > 512
    assert dataset.GetRasterBand(1).GetOverviewCount() == 0
    del dataset
    with_overviews = export(tmp_path, "western hemisphere", "geotiff", resolution=0.0004)[0]["geotiff"]
    assert gdal.Open(str(with_overviews)).GetRasterBand(1).GetOverviewCount() > 0


@each_crs
@each_place
def test_a_program_that_reads_only_the_world_file_finds_the_same_place(tmp_path, place, crs):
    files, *_ = export(tmp_path, place, "world_file", crs=crs)
    inside = gdal.Open(str(files["geotiff"])).GetGeoTransform()
    across, skew_y, skew_x, down, x, y = (float(line) for line in files["world_file"].read_text().split())
    read = (x - across / 2 - skew_x / 2, across, skew_x, y - down / 2 - skew_y / 2, skew_y, down)
    np.testing.assert_allclose(read, inside, rtol=1e-12, atol=1e-9 * abs(inside[1]))


def transformed(dataset, photo_xy, method="GCP_TPS"):
    """(N, 2) longitude, latitude that GDAL gives photo pixels by the control points."""
    transformer = gdal.Transformer(dataset, None, [f"METHOD={method}"])
    points, ok = transformer.TransformPoints(0, [(float(x), float(y)) for x, y in photo_xy])
    assert all(ok)
    return np.array(points)[:, :2]


def assert_control_points_land(dataset, homography, plane):
    width, height = dataset.RasterXSize, dataset.RasterYSize
    photo_xy = np.stack(np.meshgrid(np.linspace(3, width - 3, 14), np.linspace(3, height - 3, 13)), -1).reshape(-1, 2)
    lonlat = transformed(dataset, photo_xy)
    back = apply_homography(np.linalg.inv(homography), plane.from_lonlat(lonlat))
    assert np.hypot(*(back - photo_xy).T).max() < 0.5


@each_place
def test_the_untouched_photo_has_its_own_pixels_and_control_points_that_land_within_half_a_pixel(tmp_path, place):
    photo = coded_photo(*SIZE)
    files, homography, plane = export(tmp_path, place, "gcp_photo", photo=photo)
    dataset = gdal.Open(str(files["gcp_photo"]))
    pixels = np.frombuffer(dataset.ReadRaster(), np.uint16).reshape(3, SIZE[1], SIZE[0])
    np.testing.assert_array_equal(pixels, photo.pixels.transpose(2, 0, 1))
    assert dataset.GetGCPSpatialRef().GetAuthorityCode(None) == "4326"
    assert_control_points_land(dataset, homography, plane)


@each_place
def test_the_header_of_the_untouched_photo_holds_the_tie_points_that_are_on(tmp_path, place):
    plane, homography = lie(place)
    ties = tie_points(homography, plane)
    files, *_ = export(tmp_path, place, "gcp_photo", ties=ties)
    found = [(gcp.GCPPixel, gcp.GCPLine, gcp.GCPX, gcp.GCPY) for gcp in gdal.Open(str(files["gcp_photo"])).GetGCPs()]
    expected = [(point["x"], point["y"], point["lon"], point["lat"]) for point in ties if point["on"]]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@each_place
def test_the_vrt_beside_the_photo_lands_within_half_a_pixel(tmp_path, place):
    pixels = coded_photo(*SIZE).pixels
    source = tmp_path / "photo & co.tif"
    dataset = gdal.GetDriverByName("GTiff").Create(str(source), *SIZE, 3, gdal.GDT_UInt16)
    dataset.WriteRaster(0, 0, *SIZE, np.ascontiguousarray(pixels.transpose(2, 0, 1)).tobytes())
    del dataset
    files, homography, plane = export(tmp_path, place, "vrt", photo=read_photo(source))
    opened = gdal.Open(str(files["vrt"]))
    assert opened.ReadRaster(10, 20, 1, 1, band_list=[1]) == pixels[20, 10, 0].tobytes()
    assert_control_points_land(opened, homography, plane)


def turned_file(path, orientation):
    """A coded photo as a camera stores it that was held otherwise (EXIF orientation)."""
    pixels = coded_photo(*SIZE).pixels
    swapped = pixels.swapaxes(0, 1)
    stored = {
        1: pixels, 2: pixels[:, ::-1], 3: pixels[::-1, ::-1], 4: pixels[::-1],
        5: swapped, 6: swapped[::-1], 7: swapped[::-1, ::-1], 8: swapped[:, ::-1],
    }[orientation]  # fmt: skip
    return write_tiff(path, [Page(np.ascontiguousarray(stored), orientation=orientation)])


def where_coded(dataset, xy):
    """(N, 2) photo pixels that the colours of a coded photo's file name at pixels of the file."""
    return np.array(
        [np.frombuffer(dataset.ReadRaster(int(x), int(y), 1, 1, band_list=[1, 2]), np.uint16) for x, y in xy]
    ) / PER_PIXEL  # fmt: skip


@pytest.mark.parametrize("orientation", range(1, 9))
def test_control_points_fit_the_file_of_a_photo_that_exif_turns(tmp_path, orientation):
    path = turned_file(tmp_path / "photo.tif", orientation)
    photo = read_photo(path)
    assert (photo.pixels == coded_photo(*SIZE).pixels).all()
    plane, homography = lie("western hemisphere")
    ties = tie_points(homography, plane)
    for given, count in ((ties, len(ties)), ((), 25)):
        files, *_ = export(tmp_path, "western hemisphere", "points", photo=photo, ties=given)
        points, _ = read_points(files["points"])
        opened = gdal.Open(str(path))  # as QGIS does, which turns nothing
        inside = [p for p in points if 1 <= p.x < opened.RasterXSize - 1 and 1 <= p.y < opened.RasterYSize - 1]
        assert len(inside) == (count if given else 9)
        there = where_coded(opened, [(p.x, p.y) for p in inside])
        ground = plane.to_lonlat(apply_homography(homography, there))
        off = (ground - [(p.map_x, p.map_y) for p in inside]) * 111_320 / 160
        assert np.abs(off).max() < 2.5  # photo pixels; the tie points' own noise is 0.3
        assert len(points) == count


@pytest.mark.parametrize("orientation", range(1, 9))
def test_residuals_of_control_points_are_in_the_pixels_of_the_file(tmp_path, orientation):
    plane, homography = lie("western hemisphere")
    ties = tie_points(homography, plane)
    photo = read_photo(turned_file(tmp_path / "photo.tif", orientation))
    files, *_ = export(tmp_path, "western hemisphere", "points", photo=photo, ties=ties)
    rows = list(csv.DictReader(files["points"].read_text().splitlines()[1:]))
    stored = np.array([[float(row["sourceX"]), -float(row["sourceY"])] for row in rows])
    missed = np.array([[float(row["dX"]), -float(row["dY"])] for row in rows])
    there = from_stored(stored + missed, orientation, SIZE)
    ground = plane.to_lonlat(apply_homography(homography, there))
    np.testing.assert_allclose(ground, [[float(row["mapX"]), float(row["mapY"])] for row in rows], atol=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_vrt_of_a_photo_that_exif_turns_lands_where_the_photo_does(tmp_path, orientation):
    photo = read_photo(turned_file(tmp_path / "photo.tif", orientation))
    files, homography, plane = export(tmp_path, "western hemisphere", "vrt", photo=photo)
    opened = gdal.Open(str(files["vrt"]))
    width, height = opened.RasterXSize, opened.RasterYSize
    xy = np.stack(np.meshgrid(np.arange(5, width - 5, 23) + 0.5, np.arange(5, height - 5, 23) + 0.5), -1).reshape(-1, 2)
    back = apply_homography(np.linalg.inv(homography), plane.from_lonlat(transformed(opened, xy)))
    assert np.hypot(*(back - where_coded(opened, xy)).T).max() < 0.6  # of a thin plate spline, near a corner


def test_the_vrt_of_a_photo_on_a_later_page_shows_that_page(tmp_path):
    pixels = coded_photo(*SIZE).pixels
    small = np.ascontiguousarray(pixels[::4, ::4])
    path = write_tiff(tmp_path / "photo & co.tif", [Page(small, REDUCED), Page(pixels)])
    files, homography, plane = export(tmp_path, "western hemisphere", "vrt", photo=read_photo(path))
    opened = gdal.Open(str(files["vrt"]))
    assert opened.ReadRaster(10, 20, 1, 1, band_list=[1]) == pixels[20, 10, 0].tobytes()
    assert_control_points_land(opened, homography, plane)


@each_crs
@each_place
def test_the_uncertainty_lies_over_the_raster_and_is_told_only_by_enough_tie_points(tmp_path, place, crs):
    plane, homography = lie(place)
    files, *_ = export(tmp_path, place, "geotiff", "uncertainty", crs=crs, ties=tie_points(homography, plane))
    raster, error = (gdal.Open(str(files[form])) for form in ("geotiff", "uncertainty"))
    corners = [
        (left, top, left + across * dataset.RasterXSize, top + down * dataset.RasterYSize)
        for dataset in (raster, error)
        for left, across, _, top, _, down in [dataset.GetGeoTransform()]
    ]
    np.testing.assert_allclose(*corners, rtol=1e-9)
    values = np.frombuffer(error.GetRasterBand(1).ReadRaster(), np.float32)
    assert 0 < values[values >= 0].min() < 500
    few, *_ = export(tmp_path, place, "footprint_gpkg", "uncertainty", ties=tie_points(homography, plane)[:5])
    assert set(few) == {"footprint_gpkg"}


@each_place
@pytest.mark.parametrize("form", ["footprint_gpkg", "footprint_geojson", "footprint_kml", "footprint_shapefile"])
def test_every_footprint_has_the_corners_of_the_photo(tmp_path, place, form):
    files, homography, plane = export(tmp_path, place, form)
    dataset = ogr.Open(str(files[form]))
    layer = dataset.GetLayer(0)
    feature = layer.GetNextFeature()
    geometry = feature.GetGeometryRef()
    assert layer.GetSpatialRef().IsGeographic()
    parts = [geometry.GetGeometryRef(n) for n in range(geometry.GetGeometryCount())]
    rings = [part if part.GetGeometryName() == "LINEARRING" else part.GetGeometryRef(0) for part in parts]
    found = np.concatenate([np.array(ring.GetPoints())[:-1, :2] for ring in rings])
    corners = plane.to_lonlat(apply_homography(homography, photo_corners(*SIZE)))
    for corner in corners:
        off = np.column_stack(
            [wrap_lon(found[:, 0] - corner[0]) * np.cos(np.radians(corner[1])), found[:, 1] - corner[1]]
        )
        assert np.hypot(*off.T).min() * 111_320 < 80  # half a pixel of 160 m
    assert "x.tif" in (feature.GetField("photo") if layer.GetLayerDefn().GetFieldIndex("photo") >= 0 else
                       feature.GetField("Name"))  # fmt: skip


@each_place
def test_points_come_back_as_they_were(tmp_path, place):
    plane, homography = lie(place)
    ties = tie_points(homography, plane)
    files, *_ = export(tmp_path, place, "points", ties=ties)
    points, crs = read_points(files["points"])
    assert "WGS 84" in crs
    found = [(p.x, p.y, p.map_x, p.map_y, p.enabled) for p in points]
    expected = [(t["x"], t["y"], t["lon"], t["lat"], t["on"]) for t in ties]
    np.testing.assert_allclose(np.array(found, float), np.array(expected, float), rtol=1e-9, atol=1e-9)
    lines = files["points"].read_text().splitlines()
    assert lines[1] == "mapX,mapY,sourceX,sourceY,enable,dX,dY,residual"
    assert float(lines[2].split(",")[3]) < 0  # rows run upwards in these files


def test_points_of_older_versions_of_qgis_are_read_and_others_refused(tmp_path):
    old = tmp_path / "old.points"
    old.write_text("mapX,mapY,pixelX,pixelY,enable\n-103.5,20.5,12.5,-30.25,1\n-103.4,20.6,1,-2,0\n")
    points, crs = read_points(old)
    assert crs == ""
    assert [(p.x, p.y, p.enabled) for p in points] == [(12.5, 30.25, True), (1.0, 2.0, False)]
    for content in ("", "a,b\n1,2\n", "mapX,mapY,sourceX,sourceY,enable\n1,2,x,3,1\n"):
        old.write_text(content)
        with pytest.raises(InputError, match="old.points"):
            read_points(old)


def test_sidecar_and_stac_item_say_what_is_needed_to_do_it_again(tmp_path):
    plane, homography = lie("antimeridian")
    ties = tie_points(homography, plane)
    files, *_ = export(tmp_path, "antimeridian", "geotiff", "sidecar", "stac", ties=ties)
    told = json.loads(files["sidecar"].read_text())
    np.testing.assert_array_equal(told["homography"], homography)
    assert told["working_plane"] == plane.proj
    assert told["photo"]["width"] == 300
    assert told["tie_points"] == ties
    assert told["options"]["crs"] == "EPSG:4326"
    item = json.loads(files["stac"].read_text())
    assert (item["type"], item["stac_version"], item["id"]) == ("Feature", "1.0.0", "x_stac")
    west, _, east, _ = item["bbox"]
    assert west > 179 > -179 > east  # across the antimeridian
    assert item["geometry"]["type"] == "MultiPolygon"
    assert {"geotiff", "sidecar"} <= set(item["assets"])
    assert (files["stac"].parent / item["assets"]["geotiff"]["href"]).is_file()
    assert item["properties"]["datetime"].endswith(("Z", "+00:00"))


@pytest.mark.parametrize(
    ("number", "platform"),
    [("ISS056-E-181034", "iss"), ("STS106-718-28", "sts-106"), ("AS17-148-22727", "apollo-17"), (None, None)],
)
def test_the_stac_item_names_the_spacecraft_where_the_photo_number_does(tmp_path, number, platform):
    photo = replace(coded_photo(*SIZE), nasa_id=number)
    files, *_ = export(tmp_path, "antimeridian", "stac", photo=photo)
    properties = json.loads(files["stac"].read_text())["properties"]
    assert properties.get("platform") == platform
    assert ("platform" in properties) == (platform is not None)


def test_a_value_of_zero_is_kept_and_one_that_is_missing_left_out(tmp_path):
    facts = {"status": "accepted", "confidence": 0.0, "inliers": 0, "rmse_m": 0.0, "rmse_px": 0.0, "matcher": None}
    files, *_ = export(tmp_path, "antimeridian", "stac", "sidecar", "footprint_geojson", facts=facts)
    properties = json.loads(files["stac"].read_text())["properties"]
    told = {name: value for name, value in properties.items() if name.startswith("astroloc:")}
    assert told == {"astroloc:confidence": 0.0, "astroloc:inliers": 0, "astroloc:rmse_m": 0.0}
    assert json.loads(files["sidecar"].read_text())["facts"] == facts
    feature = json.loads(files["footprint_geojson"].read_text())["features"][0]["properties"]
    assert (feature["confidence"], feature["inliers"], feature["rmse_m"], feature["rmse_px"]) == (0.0, 0, 0.0, 0.0)


def test_everything_at_once_and_nothing_else_is_left(tmp_path):
    plane, homography = lie("western hemisphere")
    files, *_ = export(tmp_path, "western hemisphere", *FORMS, ties=tie_points(homography, plane), crs="UTM")
    assert set(files) == set(FORMS) - {"vrt"}  # the photo of this test has no file of its own
    assert {path.name for path in files.values()} <= set(on_disk(tmp_path))
    assert {name for name in on_disk(tmp_path) if name.startswith(".")} == set()


def test_a_cancelled_export_leaves_nothing(tmp_path):
    def cancel(_stage, fraction):
        if fraction > 0.3:
            raise Cancelled

    plane, homography = lie("western hemisphere")
    options = ExportOptions(forms=("geotiff", "footprint_gpkg"))
    with pytest.raises(Cancelled):
        export_photo(coded_photo(*SIZE), homography, plane, tmp_path / "out", "x", options, progress=cancel)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"forms": ("jpeg",)}, "no form jpeg"),
        ({"forms": ()}, "at least one"),
        ({"forms": ("cog",), "depth": "12"}, 'depth of "12"'),
        ({"forms": ("cog",), "transparency": "glass"}, 'no transparency "glass"'),
    ],
)
def test_an_option_that_makes_no_sense_is_named(wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        ExportOptions(**wrong)


def test_a_name_that_is_a_path_is_refused(tmp_path):
    plane, homography = lie("western hemisphere")
    with pytest.raises(InputError, match="no name for files"):
        export_photo(coded_photo(*SIZE), homography, plane, tmp_path, "../x", ExportOptions())


def test_a_new_form_is_one_module_and_one_line(tmp_path, monkeypatch):
    module = ModuleType("astroloc_qgis.engine.exports.toy")
    module.export_toy = lambda export: write_bytes(export.path("_toy.txt"), export.photo.name.encode())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(FORMS, "toy", Form("toy", "export_toy", "Toy"))
    files, *_ = export(tmp_path, "antimeridian", "toy", "points")
    assert set(files) == {"points", "toy"}
    assert files["toy"].read_text() == coded_photo(*SIZE).name
