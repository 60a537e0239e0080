"""The algorithms with the real engine, on generated land of known place: alone, and chained in a model."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from qgis.core import (
    QgsApplication,
    QgsGeometry,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QProcessEnvironment

from astroloc_qgis.processing_provider.provider import AstroLocProvider
from astroloc_qgis.qgis_adapters.engine import calling
from astroloc_qgis.qgis_adapters.engine.interpreter import LAUNCHER
from astroloc_qgis.qgis_adapters.engine.process import EngineProcess

from .chained import chain, corners_of, places
from .test_end_to_end import metres_off

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(qgis_app):
    """One engine process for all tests of this file: starting it for each takes most of the time."""
    environment = QProcessEnvironment.systemEnvironment()
    command = [sys.executable, "-I", str(LAUNCHER), "--threads", "1"]
    process = EngineProcess(lambda: command, environment=lambda: environment)
    yield process
    process.stop()


@pytest.fixture(autouse=True)
def provider(qgis_processing, engine, monkeypatch):
    monkeypatch.setattr(calling, "EngineProcess", lambda *_arguments, **_named: engine)
    monkeypatch.setattr(calling.WaitingEngine, "__exit__", lambda *_error: None)
    monkeypatch.setenv("ASTROLOC_PYTHON", sys.executable)
    made = AstroLocProvider()
    QgsApplication.processingRegistry().addProvider(made)
    yield made
    QgsApplication.processingRegistry().removeProvider(made)


def run(name, parameters):
    import processing

    return processing.run(name if ":" in str(name) else f"astroloc:{name}", parameters)


@pytest.fixture(scope="module")
def truth(world):
    return np.array(json.loads((world / "truth.json").read_text()))


@pytest.fixture
def common(world):
    return {"INDEX": str(world / "index"), "REFERENCE": str(world / "reference.tif"), "MATCHER": "sift"}


def test_a_model_localizes_a_folder_widens_the_footprints_and_joins_places(world, truth, common, tmp_path):
    import processing

    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("ISS099-E-1234.jpg", "elsewhere.jpg"):
        shutil.copy(world / name, folder)
    (folder / "bad.jpg").write_text("no picture")
    layer = places(truth)  # a model does not own the layers in its parameters
    model = chain(common, layer)
    assert model.validate()[0], model.validate()
    (joined,) = [each.name() for each in model.destinationParameterDefinitions()]
    results = processing.run(model, {"FOLDER": str(folder), joined: "TEMPORARY_OUTPUT"})
    rows = {feature["name"]: feature for feature in results[joined].getFeatures()}
    assert {name: row["status"] for name, row in rows.items()} == {
        "ISS099-E-1234": "localized", "elsewhere": "not_localized", "bad": "error",
    }  # fmt: skip
    found = rows["ISS099-E-1234"]
    assert found["place"] == "here"
    assert found["confidence"] > 0.5
    assert 0 < found["error_m"] < 1000
    assert found["seconds"] > found["seconds_match"] > 0
    assert found["candidate"].startswith("11/")
    assert "bad.jpg is not a JPEG" in rows["bad"]["reason"]


def test_a_photo_is_localized_refined_and_exported_from_layer_to_layer(world, truth, common, tmp_path):
    photo = str(world / "ISS099-E-1234.jpg")
    out = {"FOOTPRINT": "memory:", "TIE_POINTS": "memory:"}
    first = run("localize", {"PHOTO": photo, **common, **out, "RASTER": str(tmp_path / "localized.tif")})
    assert first["STATUS"] == "localized"
    assert first["TIE_POINTS"].featureCount() > 20
    (feature,) = first["FOOTPRINT"].getFeatures()
    assert metres_off(corners_of(feature), truth) < 300  # three pixels of the reference
    assert feature["raster"] == str(tmp_path / "localized.tif")
    raster = QgsRasterLayer(first["RASTER"], "r")
    assert raster.isValid()
    assert raster.bandCount() == 4
    # as if an analyst had moved it: by a kilometre or two
    moved = run(
        "native:translategeometry",
        {"INPUT": first["FOOTPRINT"], "DELTA_X": 0.02, "DELTA_Y": -0.01, "OUTPUT": "memory:"},
    )["OUTPUT"]
    start = {"PHOTO": photo, "START": moved, "REFERENCE": common["REFERENCE"], "MATCHER": "sift"}
    refined = run("refinefromfootprint", {**start, **out, "UNCERTAINTY": str(tmp_path / "uncertainty.tif")})
    (feature,) = refined["FOOTPRINT"].getFeatures()
    assert metres_off(corners_of(feature), truth) < 300
    assert QgsRasterLayer(refined["UNCERTAINTY"], "u").isValid()
    assert "RASTER" not in refined
    exported = run(
        "exportlocalization",
        {
            "FOOTPRINTS": refined["FOOTPRINT"], "TIE_POINTS": refined["TIE_POINTS"], "CRS": "EPSG:32632",
            "FORMS": ["cog", "points", "stac"], "FOLDER": str(tmp_path / "exported"),
        },
    )  # fmt: skip
    assert (exported["EXPORTED"], exported["ERRORS"]) == (1, 0)
    files = sorted(path.name for path in (tmp_path / "exported").iterdir())
    assert files == ["ISS099-E-1234.points", "ISS099-E-1234_cog.tif", "ISS099-E-1234_stac.json"]
    assert QgsRasterLayer(str(tmp_path / "exported" / files[1]), "c").crs().authid() == "EPSG:32632"
    # the same place from the tie points alone: of the layer, and of the file that was exported
    for points in (
        {"POINTS": refined["TIE_POINTS"]},
        {"POINTS_FILE": str(tmp_path / "exported" / "ISS099-E-1234.points")},
    ):
        target = str(tmp_path / f"{next(iter(points))}.tif")
        warped = run("warpfromtiepoints", {"PHOTO": photo, **points, "RASTER": target, "FOOTPRINT": "memory:"})
        (feature,) = warped["FOOTPRINT"].getFeatures()
        assert metres_off(corners_of(feature), truth) < 400
        assert warped["RMSE_PX"] < 2
        assert QgsRasterLayer(target, "w").isValid()


def test_what_is_not_found_has_a_row_without_a_geometry_and_no_raster(world, common, tmp_path):
    wanted = {
        "PHOTO": str(world / "elsewhere.jpg"),
        **common,
        "FOOTPRINT": "memory:",
        "EXTENT": "10,12,45,47 [EPSG:4326]",
    }
    results = run("localize", {**wanted, "RASTER": str(tmp_path / "none.tif")})
    assert results["STATUS"] == "not_localized"
    assert results["REASON"]
    assert "RASTER" not in results
    (feature,) = results["FOOTPRINT"].getFeatures()
    assert feature.geometry().isEmpty()


def test_an_index_is_built_checked_and_searched(world, truth, common, tmp_path):
    model = "efficientnet-lite0-gem"
    wanted = {"REFERENCE": common["REFERENCE"], "ZOOMS": "11", "MODEL": model, "TITLE": "Generated"}
    built = run("buildindex", {**wanted, "INDEX": str(tmp_path / "index")})
    checked = run("checkindex", {"INDEX": built["INDEX"], "HTML": str(tmp_path / "index.html")})
    assert built["BLOCKS"] == checked["BLOCKS"] > 1
    assert (checked["MODEL"], checked["TITLE"]) == (model, "Generated")
    assert "Generated" in (tmp_path / "index.html").read_text(encoding="utf-8")
    photo = {"PHOTO": str(world / "ISS099-E-1234.jpg"), "INDEX": built["INDEX"], "TOP": 3}
    found = run("retrievecandidates", {**photo, "CANDIDATES": "memory:"})
    rows = sorted(found["CANDIDATES"].getFeatures(), key=lambda row: row["rank"])
    assert [row["rank"] for row in rows] == list(range(1, found["COUNT"] + 1))
    lon, lat = truth.mean(axis=0)
    assert any(row.geometry().contains(QgsGeometry.fromWkt(f"Point({lon} {lat})")) for row in rows)


def test_matchers_and_retrieval_are_measured_into_a_page(world, truth, common, tmp_path):
    zoom, row, column = run(
        "retrievecandidates", {"PHOTO": str(world / "ISS099-E-1234.jpg"), **common, "TOP": 1, "CANDIDATES": "memory:"}
    )["CANDIDATES"].getFeature(1).attributes()[4:7]  # fmt: skip
    case = {
        "id": "ISS099-E-1234", "kind": "positive", "photo": str(world / "ISS099-E-1234.jpg"),
        "reference": common["REFERENCE"], "tile_block": {"zoom": zoom, "row": row, "column": column, "size": 4},
        "footprint_lonlat": truth.tolist(), "corner_spread_px": 0.5, "nadir_lat": 45.0, "nadir_lon": 12.0,
    }  # fmt: skip
    (tmp_path / "cases.json").write_text(json.dumps([case]))
    folder = {"FOLDER": str(tmp_path), "REPORT": str(tmp_path / "r.json"), "HTML": str(tmp_path / "r.html")}
    run("benchmarkmatchers", {**folder, "MATCHERS": ["sift"]})
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<td>sift</td>" in page
    assert "<svg" in page
    assert "sift" in (tmp_path / "r.json").read_text()
    run("benchmarkretrieval", {**folder, "INDEX": common["INDEX"], "RADIUS_KM": 0})
    assert "ISS099-E-1234" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "r.json").read_text())["radius_km"] == 0
