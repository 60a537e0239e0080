"""All outputs of a photo: complete, consistent, and nothing left behind when anything fails."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.exports.crs import resolve_crs, utm_crs, x_period
from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.georeference import outputs as module
from astroloc_qgis.engine.georeference.outputs import georeference
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.registration import TiePoints
from tests.engine.coded_photo import coded_photo, decode, make_photo, seen_from_above
from tests.engine.synthetic import write_raster

PLANE = WorkingPlane.local(11.0, 46.5)
HOMOGRAPHY = seen_from_above(600, 400, 80.0, turn_deg=25.0, tilt=(0.1, 0.2))
NAMES = {
    "geotiff": "x_georeferenced.tif",
    "footprint_gpkg": "x_footprint.gpkg",
    "footprint_geojson": "x_footprint.geojson",
    "tie_points": "x_tie_points.csv",
    "preview": "x_preview.png",
}


@pytest.fixture
def tie_points() -> TiePoints:
    xy = np.random.default_rng(0).uniform((0, 0), (600, 400), (60, 2))
    return TiePoints(xy, apply_homography(HOMOGRAPHY, xy), np.arange(60) > 5, np.ones(60, np.float32))


@pytest.fixture
def reference(tmp_path_factory) -> Iterator[Reference]:
    image = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    transform = [600_000.0, 400.0, 0.0, 5_200_000.0, 0.0, -400.0]
    path = write_raster(tmp_path_factory.mktemp("reference") / "r.tif", image, "EPSG:32632", transform)
    opened = Reference.open(path)
    yield opened
    opened.close()


def polygon_in(path: Path) -> tuple[np.ndarray, dict]:
    source = ogr.Open(str(path))
    feature = source.GetLayer(0).GetNextFeature()
    ring = np.array(feature.GetGeometryRef().GetGeometryRef(0).GetPoints())[:-1, :2]
    return ring, feature.items()


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_all_outputs_are_written_and_agree(tmp_path, tie_points, reference):
    outputs = georeference(
        coded_photo(), HOMOGRAPHY, PLANE, tmp_path / "new" / "out", reference=reference, tie_points=tie_points,
        attributes={"confidence": 0.91, "matcher": "sift"},
    )  # fmt: skip
    assert {kind: path.name for kind, path in outputs.items()} == NAMES
    assert names_in(tmp_path / "new" / "out") == sorted(NAMES.values())
    assert all(path.is_file() for path in outputs.values())
    raster = gdal.Open(str(outputs["geotiff"]))
    assert raster.GetSpatialRef().GetAuthorityCode(None) == "32632"  # the reference's own
    assert float(raster.GetMetadataItem("ASTROLOC_CONFIDENCE")) == 0.91
    ring, attributes = polygon_in(outputs["footprint_gpkg"])
    assert great_circle_km(ring, footprint_lonlat(HOMOGRAPHY, PLANE, 600, 400)).max() < 1e-4
    assert (attributes["inliers"], attributes["matcher"]) == (54, "sift")
    # The raster's opaque pixels cover the area that the footprint says.
    _, pixel_x, _, _, _, pixel_y = raster.GetGeoTransform()
    opaque = np.frombuffer(raster.GetRasterBand(4).ReadRaster(), np.uint16) > 0
    assert attributes["area_km2"] == pytest.approx(opaque.sum() * pixel_x * -pixel_y / 1e6, rel=0.005)
    assert attributes["gsd_m"] == pytest.approx(80.0, rel=0.15)


def test_without_reference_and_tie_points_the_rest_is_written_in_degrees(tmp_path):
    outputs = georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path)
    assert names_in(tmp_path) == sorted(set(NAMES.values()) - {NAMES["tie_points"]})
    assert gdal.Open(str(outputs["geotiff"])).GetSpatialRef().GetAuthorityCode(None) == "4326"


def test_the_crs_asked_for_is_used(tmp_path, reference):
    outputs = georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path, crs="EPSG:3857", reference=reference)
    assert gdal.Open(str(outputs["geotiff"])).GetSpatialRef().GetAuthorityCode(None) == "3857"


def test_a_photo_with_a_horizon_gets_the_outline_of_what_it_sees(tmp_path):
    homography = seen_from_above(600, 400, 100.0, tilt=(0.0, 2.6))
    outputs = georeference(coded_photo(), homography, PLANE, tmp_path, resolution=0.02)
    ring, _ = polygon_in(outputs["footprint_gpkg"])
    photo_xy = apply_homography(np.linalg.inv(homography), PLANE.from_lonlat(ring))
    horizon = 200 - 400 / 2.6
    np.testing.assert_allclose(photo_xy[:, 0][np.isclose(photo_xy[:, 0], 0, atol=2)], 0, atol=1)
    assert photo_xy[:, 1].max() == pytest.approx(400, abs=1)
    assert horizon + 20 < photo_xy[:, 1].min() < horizon + 40  # cut off a little below the horizon
    decoded = decode(outputs["geotiff"])
    inside = decoded.lonlat[decoded.opaque]
    assert (inside.min(axis=0) > ring.min(axis=0) - 0.05).all()
    assert (inside.max(axis=0) < ring.max(axis=0) + 0.05).all()


def test_running_again_replaces_the_older_files(tmp_path):
    for name in NAMES.values():
        (tmp_path / name).write_text("older")
    (tmp_path / "other.txt").write_text("not ours")
    georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path)
    assert (tmp_path / "other.txt").read_text() == "not ours"
    assert names_in(tmp_path) == sorted([*NAMES.values(), "other.txt"])
    assert gdal.Open(str(tmp_path / NAMES["geotiff"])).RasterCount == 4
    assert json.loads((tmp_path / NAMES["footprint_geojson"]).read_text())["type"] == "FeatureCollection"


@pytest.mark.parametrize("step", ["write_footprint", "write_preview", "write_geotiff"])
def test_a_failure_at_any_step_leaves_the_folder_as_it_was(tmp_path, monkeypatch, step):
    (tmp_path / NAMES["preview"]).write_text("older")

    def fail(*_arguments, **_settings):
        raise InputError("as if the disk had failed")

    monkeypatch.setattr(module, step, fail)
    with pytest.raises(InputError, match="as if"):
        georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path)
    assert names_in(tmp_path) == [NAMES["preview"]]
    assert (tmp_path / NAMES["preview"]).read_text() == "older"
    with pytest.raises(InputError, match="as if"):
        georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path / "new" / "out")
    assert not (tmp_path / "new").exists()


def test_cancelling_leaves_the_folder_as_it_was(tmp_path):
    def cancel(_stage: str, fraction: float) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path, progress=cancel)
    assert names_in(tmp_path) == []


def test_a_file_that_cannot_be_replaced_brings_the_others_back(tmp_path):
    (tmp_path / NAMES["footprint_gpkg"]).write_text("older")
    (tmp_path / NAMES["preview"]).mkdir()  # no file can take the place of a folder
    with pytest.raises(InputError, match="folder has that name"):
        georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path)
    assert names_in(tmp_path) == sorted([NAMES["footprint_gpkg"], NAMES["preview"]])
    assert (tmp_path / NAMES["footprint_gpkg"]).read_text() == "older"


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="cannot be a folder"):
        georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path / "out")
    with pytest.raises(InputError, match="cannot be a folder"):
        georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path / "out" / "deeper")
    assert (tmp_path / "out").read_text() == "a file"


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own, where the machine allows it (root on Linux)."""
    folder.mkdir()
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    except FileNotFoundError:
        pytest.skip("There is no mount command here to make a small disk with.")
    if done.returncode != 0:
        pytest.skip("Only root can make a small disk to fill.")
    try:
        yield folder
    finally:  # this fails while a file is open: the engine must have closed its own, errors or not
        subprocess.run(["umount", str(folder)], check=True)


NOISE = np.random.default_rng(0).integers(0, 2**16, (1000, 1000, 3), dtype=np.uint16)  # compresses to no less


@pytest.mark.parametrize("share", [0.005, 0.1, 0.3, 0.6, 0.85, 0.98], ids=lambda share: f"{share:.1%}")
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, share):
    outputs = georeference(make_photo(NOISE), seen_from_above(1000, 1000, 10.0), PLANE, tmp_path / "large")
    needed = sum(path.stat().st_size for path in outputs.values())
    with small_disk(tmp_path / "disk", f"size={int(needed * share)}") as disk:
        with pytest.raises(InputError, match="is full: free some space") as caught:
            georeference(make_photo(NOISE), seen_from_above(1000, 1000, 10.0), PLANE, disk)
        assert str(caught.value).count(". ") == 0
        assert names_in(disk) == []


def test_a_protected_folder_is_one_sentence(tmp_path):
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(InputError, match="is protected"):
            georeference(coded_photo(), HOMOGRAPHY, PLANE, tmp_path)
        tmp_path.chmod(0o700)
        return
    with small_disk(tmp_path / "disk", "ro,size=100k") as disk:  # nothing else is protected from root
        with pytest.raises(InputError, match="is protected"):
            georeference(coded_photo(), HOMOGRAPHY, PLANE, disk)
        with pytest.raises(InputError, match="is protected"):
            georeference(coded_photo(), HOMOGRAPHY, PLANE, disk / "new")


def test_a_missing_folder_is_named_when_one_file_is_written(tmp_path):
    with pytest.raises(InputError, match="its folder does not exist"):
        write_bytes(tmp_path / "absent" / "a.txt", b"")


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (-103.4, 20.6, "EPSG:32613"),
        (18.4, -33.9, "EPSG:32734"),
        (-180.0, 10.0, "EPSG:32601"),
        (179.999, 10.0, "EPSG:32660"),
        (180.0, 10.0, "EPSG:32601"),
        (181.0, -10.0, "EPSG:32701"),
        (0.0, 0.0, "EPSG:32631"),
        (5.9999, 60.0, "EPSG:32631"),
    ],
)
def test_the_utm_zone_of_a_place(lon, lat, code):
    assert utm_crs(lon, lat) == code


@pytest.mark.parametrize("text", ["EPSG:4326", "epsg:32613", "+proj=laea +lat_0=40 +datum=WGS84", "WGS84"])
def test_a_crs_is_understood_with_x_first(text):
    assert resolve_crs(text).GetAxisMappingStrategy() == osr.OAMS_TRADITIONAL_GIS_ORDER


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("EPSG:4326", 360.0),
        ("EPSG:3857", 40_075_016.685578),
        ("+proj=eqc +lat_ts=30 +lon_0=150 +datum=WGS84", 34_705_982.5),
        ("EPSG:32633", None),
        ("+proj=aeqd +lat_0=10 +lon_0=20 +datum=WGS84", None),
        ("ESRI:54030", None),
        ("EPSG:3413", None),
    ],
)
def test_only_crs_that_go_round_the_earth_have_a_period(text, period):
    found = x_period(resolve_crs(text))
    assert found is None if period is None else found[1] == pytest.approx(period, rel=1e-5)
