"""The algorithms with the real engine, on generated land of known place: alone, chained in a model, and headless."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterFile,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QProcessEnvironment

from astroloc_qgis.processing_provider.provider import AstroLocProvider
from astroloc_qgis.qgis_adapters.engine import calling
from astroloc_qgis.qgis_adapters.engine.interpreter import LAUNCHER
from astroloc_qgis.qgis_adapters.engine.process import EngineProcess

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


def corners_of(feature):
    return np.array([[point.x(), point.y()] for point in feature.geometry().vertices()])[:4]


def places(truth):
    """A layer with a point in the middle of the photo, and one elsewhere."""
    layer = QgsVectorLayer("Point?crs=EPSG:4326&field=place:string", "places", "memory")
    lon, lat = truth.mean(axis=0)
    for name, x in (("here", lon), ("far away", lon + 30)):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([name])
        feature.setGeometry(QgsGeometry.fromWkt(f"Point({x} {lat})"))
        layer.dataProvider().addFeature(feature)
    return layer


def chain(common, layer):
    """A model: localize a folder, widen the footprints, join the places that lie in them."""
    model = QgsProcessingModelAlgorithm("chain", "tests")
    folder = QgsProcessingParameterFile("FOLDER", behavior=Qgis.ProcessingFileParameterBehavior.Folder)
    model.addModelParameter(folder, QgsProcessingModelParameter("FOLDER"))
    source = QgsProcessingModelChildParameterSource
    steps = {
        "localize": ("astroloc:localizefolder", {**common, "FOLDER": source.fromModelParameter("FOLDER")}),
        "widen": (
            "native:buffer",
            {"INPUT": source.fromChildOutput("localize", "FOOTPRINTS"), "DISTANCE": 0.01, "DISSOLVE": False},
        ),
        "join": (
            "native:joinattributesbylocation",
            {
                "INPUT": source.fromChildOutput("widen", "OUTPUT"), "JOIN": layer, "PREDICATE": [0],
                "JOIN_FIELDS": ["place"], "METHOD": 0, "DISCARD_NONMATCHING": False,
            },
        ),
    }  # fmt: skip
    for child_id, (algorithm, parameters) in steps.items():
        child = QgsProcessingModelChildAlgorithm(algorithm)
        child.setChildId(child_id)
        for name, value in parameters.items():
            one = value if isinstance(value, source) else source.fromStaticValue(value)
            child.addParameterSources(name, [one])
        if child_id == "join":
            output = QgsProcessingModelOutput("JOINED", "JOINED")
            output.setChildId("join")
            output.setChildOutputName("OUTPUT")
            child.setModelOutputs({"JOINED": output})
        model.addChildAlgorithm(child)
    model.updateDestinationParameters()
    return model


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


def test_qgis_process_runs_an_algorithm_in_a_fresh_profile(world, common, tmp_path):
    if shutil.which("qgis_process") is None:
        pytest.skip("qgis_process is not on the path of this machine.")
    code = f"from pathlib import Path; import qgis_profile; qgis_profile.link_plugin(Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / ".ci", check=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    environment |= {"QGIS_CUSTOM_CONFIG_PATH": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    environment |= {"ASTROLOC_PYTHON": sys.executable, "XDG_DATA_HOME": str(tmp_path / "data")}
    wanted = {"PHOTO": str(world / "ISS099-E-1234.jpg"), **common, "FOOTPRINT": str(tmp_path / "footprint.gpkg")}
    command = [
        "qgis_process",
        "--json",
        "run",
        "astroloc:localize",
        *(f"--{key}={value}" for key, value in wanted.items()),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(done.stdout)["results"]
    assert results["STATUS"] == "localized"
    assert QgsVectorLayer(results["FOOTPRINT"], "f", "ogr").featureCount() == 1
