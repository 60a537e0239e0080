"""The whole way from a photo to its place, on generated land of known truth."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from tests.engine.scene import CONTRACT_FIELDS, GOOD_PX, MODEL, OUTPUT_KINDS, SIZE, Scene, left_in, make_scene
from tests.engine.synthetic import write_image

STAGES = ("read", "describe", "search", "match", "georeference")


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


class Listener:
    """A progress that remembers what it was told, and cancels at a stage if asked to."""

    def __init__(self, cancel_at: str = "") -> None:
        self.told: list[tuple[str, float]] = []
        self._cancel_at = cancel_at

    def __call__(self, stage: str, fraction: float) -> None:
        self.told.append((stage, fraction))
        if stage == self._cancel_at:
            raise Cancelled

    @property
    def stages(self) -> list[str]:
        return list(dict.fromkeys(stage for stage, _ in self.told))


@pytest.fixture(scope="module")
def listener() -> Listener:
    return Listener()


@pytest.fixture(scope="module")
def localized(scene: Scene, listener: Listener, tmp_path_factory: pytest.TempPathFactory) -> pipeline.Localization:
    out = tmp_path_factory.mktemp("localized") / "new" / "folder"
    return pipeline.localize(scene.photo, scene.index, out, matcher="sift", device="cpu", progress=listener)


@pytest.fixture(scope="module")
def refused(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> tuple[pipeline.Localization, Path]:
    out = tmp_path_factory.mktemp("refused")
    west, south, east, north = about(scene.world.center_lonlat, 0.001)
    extent = (west, south, east, north)
    return pipeline.localize(scene.stranger, scene.index, out, matcher="sift", device="cpu", extent=extent), out


def about(lonlat, degrees: float) -> tuple[float, float, float, float]:
    lon, lat = (float(value) for value in lonlat)
    return lon - degrees, lat - degrees, lon + degrees, lat + degrees


def centers(localization: pipeline.Localization) -> np.ndarray:
    return np.array([candidate.block.center_lonlat for candidate in localization.candidates])


def test_the_report_has_the_fields_of_the_contract_and_a_reason(localized, refused) -> None:
    assert set(localized.report()) == CONTRACT_FIELDS | {"reason", "uncertainty", "correction"}
    assert set(refused[0].report()) == CONTRACT_FIELDS | {"reason", "uncertainty", "correction"}


def test_the_report_is_plain_json(localized, refused) -> None:
    for result in (localized, refused[0]):
        report = result.report()
        assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_a_photo_is_found_where_it_was_taken(scene: Scene, localized) -> None:
    report = localized.report()
    assert report["status"] == "localized"
    assert 0.9 <= report["confidence"] <= 1
    assert scene.error_px(report["footprint"]) < GOOD_PX


def test_the_reports_homography_leads_to_its_footprint(localized) -> None:
    report = localized.report()
    plane = WorkingPlane(report["working_plane"])
    corners = apply_homography(np.array(report["homography"]), photo_corners(*SIZE))
    assert great_circle_km(plane.to_lonlat(corners), np.array(report["footprint"])).max() < 1e-4


def test_the_report_measures_the_registration(scene: Scene, localized) -> None:
    report = localized.report()
    assert report["matcher"] == "sift"
    assert report["inliers"] >= 50
    assert report["iterations"] >= 2
    assert 0 < report["rmse_px"] < 3
    gsd = scene.world.side_m / 2 / max(SIZE)
    assert report["rmse_m"] == pytest.approx(report["rmse_px"] * gsd, rel=0.3)


def test_candidates_are_ranked_by_rank_and_the_one_that_led_there_is_among_them(localized) -> None:
    report = localized.report()
    assert [entry["rank"] for entry in report["candidates"]] == list(range(1, len(report["candidates"]) + 1))
    assert len(report["candidates"]) == pipeline.CANDIDATES_KEPT
    assert report["candidate"] in report["candidates"]
    assert set(report["candidate"]) == {"zoom", "row", "column", "size", "rank", "score"}
    places = {(entry["zoom"], entry["row"], entry["column"]) for entry in report["candidates"]}
    assert len(places) == pipeline.CANDIDATES_KEPT
    scores = [entry["score"] for entry in report["candidates"]]
    falls = [later <= earlier for earlier, later in itertools.pairwise(scores)]
    assert falls.count(False) <= 1  # different places by score, then all others by score


def test_the_seconds_are_told_by_stage_and_the_stages_come_in_their_order(localized, listener: Listener) -> None:
    assert set(localized.report()["seconds"]) <= {*STAGES, "contents", "other"}
    assert {"contents", "match", "georeference", "other"} <= set(localized.report()["seconds"])
    assert all(seconds > 0 for seconds in localized.seconds.values())
    assert listener.stages == list(STAGES)
    assert all(0 <= fraction <= 1 for _, fraction in listener.told)


def test_all_outputs_exist_in_the_new_folder_and_nothing_else(localized) -> None:
    assert set(localized.outputs) == OUTPUT_KINDS
    folder = localized.outputs["geotiff"].parent
    assert left_in(folder) == sorted(path.name for path in localized.outputs.values())


def test_the_outputs_open_with_gdal_and_lie_where_the_photo_does(scene: Scene, localized) -> None:
    raster = gdal.Open(str(localized.outputs["geotiff"]))
    assert raster.RasterCount == 4
    assert raster.GetRasterBand(4).GetColorInterpretation() == gdal.GCI_AlphaBand
    assert raster.GetSpatialRef().GetAuthorityCode(None) == "3857"  # the reference's
    for kind in ("footprint_gpkg", "footprint_geojson"):
        vector = ogr.Open(str(localized.outputs[kind]))
        feature = vector.GetLayer(0).GetNextFeature()
        middle = feature.GetGeometryRef().Centroid()
        off = great_circle_km(np.array([[middle.GetX(), middle.GetY()]]), scene.world.center_lonlat)[0]
        assert off < 3  # the photo is tilted: the middle of its footprint lies behind the place it looks at
        assert feature.GetField("nasa_id") == "ISS056-E-181034"
        assert feature.GetField("model") == MODEL
        assert feature.GetField("confidence") == pytest.approx(localized.report()["confidence"])
    assert gdal.Open(str(localized.outputs["preview"])).RasterCount >= 3
    ties = localized.outputs["tie_points"].read_text().splitlines()
    assert len(ties) > localized.report()["inliers"]


def test_the_report_says_what_the_matchers_cost(localized, refused) -> None:
    for result in (localized, refused[0]):
        report = result.report()
        assert set(report["effort"]) == {"sift"}
        assert report["effort"]["sift"]["attempts"] == len(result.outcome.runs) >= 1
        assert 0 < report["effort"]["sift"]["seconds"] <= report["seconds"]["match"]
        assert report["contents"]["worth"] == "usable"


def test_a_night_is_refused_without_matching_and_every_second_is_told(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "run_cascade", lambda *_, **__: pytest.fail("a matcher ran"))
    black = np.random.default_rng(1).normal(4, 1.5, (*SIZE[::-1], 3)).clip(0, 255).astype(np.uint8)
    photo, index = write_image(tmp_path / "night.png", black), scene.index
    started = time.perf_counter()
    result = pipeline.localize(photo, index, tmp_path / "out", device="cpu")
    total = time.perf_counter() - started
    report = result.report()
    assert report["status"] == "not_localized"
    assert report["reason"] == "the photo is black; nothing was matched"
    assert report["contents"]["worth"] == "hopeless"
    assert (report["matcher"], report["effort"], report["outputs"]) == (None, {}, {})
    assert len(report["candidates"]) == pipeline.CANDIDATES_KEPT
    assert sum(report["seconds"].values()) == pytest.approx(total, rel=0.05, abs=0.2)
    assert left_in(tmp_path / "out") == []


def test_a_photo_of_elsewhere_is_refused_and_nothing_is_written(refused) -> None:
    result, out = refused
    report = result.report()
    assert report["status"] == "not_localized"
    assert report["outputs"] == {}
    assert report["footprint"] is None
    assert report["homography"] is None
    assert report["confidence"] < 0.9
    assert report["reason"]
    assert report["candidates"]
    assert left_in(out) == []


@pytest.mark.parametrize("stage", STAGES)
def test_cancelling_leaves_no_trace(scene: Scene, tmp_path: Path, stage: str) -> None:
    listener = Listener(cancel_at=stage)
    with pytest.raises(Cancelled):
        pipeline.localize(scene.photo, scene.index, tmp_path / "out", matcher="sift", device="cpu", progress=listener)
    assert listener.stages[-1] == stage
    assert left_in(tmp_path) == []


def test_cancelling_while_the_geotiff_is_written_keeps_the_results_of_before(scene: Scene, tmp_path: Path) -> None:
    older = tmp_path / "ISS056-E-181034_georeferenced.tif"
    older.write_text("the result of before")
    halfway = Listener()

    def cancel_late(stage: str, fraction: float) -> None:
        halfway(stage, fraction)
        if stage == "georeference" and fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        pipeline.refine(
            scene.photo, str(scene.imagery), tmp_path, block=scene.block, matcher="sift", progress=cancel_late
        )
    assert halfway.stages[-1] == "georeference"
    assert left_in(tmp_path) == [older.name]
    assert older.read_text() == "the result of before"


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32632"])
def test_the_geotiff_is_in_the_crs_of_choice(scene: Scene, tmp_path: Path, crs: str) -> None:
    result = pipeline.refine(
        scene.photo, str(scene.imagery), tmp_path, block=scene.block, matcher="sift", device="cpu", crs=crs
    )
    raster = gdal.Open(str(result.outputs["geotiff"]))
    assert f"EPSG:{raster.GetSpatialRef().GetAuthorityCode(None)}" == crs
    left, step_x, _, top, _, step_y = raster.GetGeoTransform()
    srs = osr.SpatialReference()
    srs.SetFromUserInput(crs)
    srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    wgs84 = WorkingPlane.local(0, 0).srs.CloneGeogCS()
    wgs84.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_crs = osr.CoordinateTransformation(wgs84, srs)
    corners = np.array([to_crs.TransformPoint(float(lon), float(lat))[:2] for lon, lat in scene.footprint])
    pixels = (corners - [left, top]) / [step_x, step_y]
    assert np.abs(pixels.min(axis=0)).max() < 4
    assert np.abs(pixels.max(axis=0) - [raster.RasterXSize, raster.RasterYSize]).max() < 4


def test_a_limit_about_the_nadir_leaves_only_blocks_within_it(scene: Scene, tmp_path: Path) -> None:
    lon, lat = scene.world.center_lonlat
    east = Nadir(float(lat), float(lon) + 0.5)  # 38.6 km
    result = pipeline.localize(
        scene.photo, scene.index, tmp_path, nadir=east, radius_km=45, matcher="sift", device="cpu"
    )
    away = great_circle_km(east.lonlat, centers(result))
    assert 0 < len(away) < pipeline.CANDIDATES_KEPT
    assert away.max() <= 45
    assert result.located
    assert "+proj=nsper" in result.report()["working_plane"]
    assert scene.error_px(result.report()["footprint"]) < GOOD_PX


def test_a_radius_of_nought_is_no_limit_about_the_nadir(scene: Scene, tmp_path: Path) -> None:
    antipode = Nadir(-46.0, -169.0)
    with pytest.raises(InputError, match="has no block within 2500 km of the nadir -46,-169"):
        pipeline.localize(
            scene.photo, scene.index, tmp_path, nadir=antipode, radius_km=2500, matcher="sift", device="cpu"
        )
    result = pipeline.localize(
        scene.photo, scene.index, tmp_path, nadir=antipode, radius_km=0, matcher="sift", device="cpu"
    )
    assert result.located
    assert "+proj=aeqd" in result.report()["working_plane"]  # nothing is seen from the other side of the Earth


def test_a_centre_limits_the_search_and_the_cameras_height_reaches_the_plane(scene: Scene, tmp_path: Path) -> None:
    lon, lat = map(float, scene.world.center_lonlat)
    result = pipeline.localize(
        scene.photo,
        scene.index,
        tmp_path,
        nadir=Nadir.at(lat, lon + 0.5, 385.0),
        centre=(lat, lon),
        centre_km=0.01,
        matcher="sift",
        device="cpu",
    )
    assert 0 < len(result.candidates) < pipeline.CANDIDATES_KEPT
    assert all(candidate.block.contains(lon, lat) for candidate in result.candidates)
    assert result.located
    assert "+h=385000" in result.report()["working_plane"]
    assert scene.error_px(result.report()["footprint"]) < GOOD_PX
    with pytest.raises(InputError, match="has no block within 300 km of the centre"):
        pipeline.localize(scene.photo, scene.index, tmp_path, centre=(-lat, lon), matcher="sift", device="cpu")


def test_an_extent_leaves_only_blocks_that_overlap_it(scene: Scene, refused) -> None:
    result, _ = refused
    assert 0 < len(result.candidates) < pipeline.CANDIDATES_KEPT
    west, south, east, north = about(scene.world.center_lonlat, 0.001)
    for candidate in result.candidates:
        corners = candidate.block.corners_lonlat
        assert corners[:, 0].min() < east
        assert corners[:, 0].max() > west
        assert corners[:, 1].min() < north
        assert corners[:, 1].max() > south


def test_imagery_of_choice_takes_the_place_of_the_indexs_own(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"other\.tif does not exist"):
        pipeline.localize(scene.photo, scene.index, tmp_path / "out", imagery=str(tmp_path / "other.tif"))
    assert left_in(tmp_path) == []
