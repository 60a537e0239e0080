"""Every algorithm, and a model, without a window: ``qgis_process`` with the real engine in a fresh profile."""

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
    QgsApplication,
    QgsCoordinateTransformContext,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from astroloc_qgis.processing_provider.provider import ALGORITHMS, AstroLocProvider

from .chained import chain, corners_of, places
from .test_end_to_end import metres_off

ROOT = Path(__file__).resolve().parents[2]
NUMBER = "ISS099-E-1234"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("qgis_process") is None, reason="qgis_process is not on this machine's path."),
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Of a user who has just installed the plugin: a fresh profile."""
    profile = tmp_path_factory.mktemp("profile")
    code = f"from pathlib import Path; import qgis_profile; qgis_profile.link_plugin(Path({str(profile)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / ".ci", check=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    kept |= {"QGIS_CUSTOM_CONFIG_PATH": str(profile), "QT_QPA_PLATFORM": "offscreen"}
    return kept | {"ASTROLOC_PYTHON": sys.executable, "XDG_DATA_HOME": str(profile / "data")}


@pytest.fixture(scope="module")
def process(environment):
    """Runs an algorithm or a model, and gives its results."""

    def run(name, inputs):
        what = name if "/" in name else f"astroloc:{name}"
        done = subprocess.run(
            ["qgis_process", "run", what, "-"], input=json.dumps({"inputs": inputs}), env=environment,
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)["results"]

    return run


@pytest.fixture
def provider(qgis_processing):
    """For the model, which is made here."""
    made = AstroLocProvider()
    QgsApplication.processingRegistry().addProvider(made)
    yield made
    QgsApplication.processingRegistry().removeProvider(made)


@pytest.fixture(scope="module")
def truth(world):
    return np.array(json.loads((world / "truth.json").read_text()))


@pytest.fixture(scope="module")
def common(world):
    return {"INDEX": str(world / "index"), "REFERENCE": str(world / "reference.tif"), "MATCHER": "sift"}


@pytest.fixture(scope="module")
def localized(process, world, common, tmp_path_factory):
    """The results of *Localize photo*."""
    out = tmp_path_factory.mktemp("localized")
    files = {name: str(out / f"{name}.gpkg") for name in ("FOOTPRINT", "TIE_POINTS")}
    photo = {"PHOTO": str(world / f"{NUMBER}.jpg"), **common}
    return process("localize", {**photo, **files, "RASTER": str(out / "photo.tif"), "REPORT": str(out / "r.json")})


def rows(layer):
    opened = QgsVectorLayer(str(layer), "rows", "ogr")
    assert opened.isValid(), layer
    return list(opened.getFeatures())


def folder_of(folder, world, *names):
    folder.mkdir()
    for name in names:
        shutil.copy(world / name, folder)
    return folder


def test_a_photo(localized, truth):
    assert localized["STATUS"] == "localized"
    (row,) = rows(localized["FOOTPRINT"])
    assert metres_off(corners_of(row), truth) < 300
    assert len(rows(localized["TIE_POINTS"])) > 20
    assert QgsRasterLayer(localized["RASTER"], "r").bandCount() == 4
    assert json.loads(Path(localized["REPORT"]).read_text())[0]["status"] == "localized"


def test_a_photo_by_its_footprint_in_all_forms_and_by_tie_points(process, localized, world, truth, common, tmp_path):
    photo = {"PHOTO": str(world / f"{NUMBER}.jpg")}
    start = {"START": localized["FOOTPRINT"], "REFERENCE": common["REFERENCE"], "MATCHER": "sift"}
    refined = process("refinefromfootprint", {**photo, **start, "FOOTPRINT": str(tmp_path / "refined.gpkg")})
    assert metres_off(corners_of(rows(refined["FOOTPRINT"])[0]), truth) < 300
    layers = {"FOOTPRINTS": localized["FOOTPRINT"], "TIE_POINTS": localized["TIE_POINTS"]}
    out = str(tmp_path / "exported")
    assert (
        process("exportlocalization", {**layers, "FORMS": ["points", "footprint_kml"], "FOLDER": out})["EXPORTED"] == 1
    )
    assert {path.suffix for path in Path(out).iterdir()} == {".points", ".kml"}
    points = {"POINTS_FILE": f"{out}/{NUMBER}.points", "RASTER": str(tmp_path / "w.tif")}
    warped = process("warpfromtiepoints", {**photo, **points, "FOOTPRINT": str(tmp_path / "w.gpkg")})
    assert warped["RMSE_PX"] < 2
    assert metres_off(corners_of(rows(warped["FOOTPRINT"])[0]), truth) < 400


def test_an_index(process, world, common, tmp_path):
    wanted = {"REFERENCE": common["REFERENCE"], "ZOOMS": "11", "MODEL": "efficientnet-lite0-gem"}
    built = process("buildindex", {**wanted, "INDEX": str(tmp_path / "index")})
    checked = process("checkindex", {"INDEX": built["INDEX"], "HTML": str(tmp_path / "index.html")})
    assert built["BLOCKS"] == checked["BLOCKS"] > 1
    assert "efficientnet-lite0-gem" in Path(checked["HTML"]).read_text(encoding="utf-8")
    photo = {"PHOTO": str(world / f"{NUMBER}.jpg"), "INDEX": built["INDEX"], "TOP": 3}
    found = process("retrievecandidates", {**photo, "CANDIDATES": str(tmp_path / "candidates.gpkg")})
    assert [row["rank"] for row in rows(found["CANDIDATES"])] == list(range(1, found["COUNT"] + 1))


def test_a_folder_goes_on_where_it_was(process, world, common, tmp_path):
    folder = folder_of(tmp_path / "photos", world, f"{NUMBER}.jpg")
    (folder / "bad.jpg").write_text("no picture")
    (tmp_path / "known.csv").write_text("mission,roll,frame,tilt\nISS099,E,1234,HO\n")
    wanted = {
        **common, "FOLDER": str(folder), "TABLE": str(tmp_path / "known.csv"), "FILES": str(tmp_path / "files"),
        "FOOTPRINTS": str(tmp_path / "found.gpkg"), "HTML": str(tmp_path / "report.html"),
        "REPORT": str(tmp_path / "report.json"),
    }  # fmt: skip
    first = process("localizefolder", wanted)
    assert [first[name] for name in ("LOCALIZED", "NOT_LOCALIZED", "ERRORS")] == [1, 0, 1]
    files = sorted(path.name for path in (tmp_path / "files").iterdir() if path.is_file())
    assert files == ["footprints.gpkg", "journal.jsonl", "journal.lock", "report.html"]
    by_name = {row["name"]: row for row in rows(first["FOOTPRINTS"])}
    assert QgsRasterLayer(by_name[NUMBER]["raster"], "r").isValid()
    assert by_name[NUMBER]["high_oblique"]
    assert "data:image/jpeg;base64," in Path(first["HTML"]).read_text(encoding="utf-8")
    assert len(json.loads(Path(first["REPORT"]).read_text())) == 2
    journal = (tmp_path / "files" / "journal.jsonl").read_bytes()
    again = process("localizefolder", wanted)
    assert again["LOCALIZED"] == 1
    assert (tmp_path / "files" / "journal.jsonl").read_bytes() == journal


def test_footprints_of_photos_whose_centre_is_known(process, world, truth, common, tmp_path):
    lon, lat = truth.mean(axis=0)
    table = tmp_path / "centres.csv"
    centre = f"{lat + 0.1:.3f},{lon:.3f}"
    table.write_text(f"photo,centre lat,centre lon\n{world}/{NUMBER}.jpg,{centre}\n{world}/elsewhere.jpg,{centre}\n")
    wanted = {
        **common, "TABLE": str(table), "CONFIDENCE": 0.9, "RESULTS": str(tmp_path / "labels"),
        "FOOTPRINTS": str(tmp_path / "found.gpkg"), "REVIEW": str(tmp_path / "doubtful.gpkg"),
    }  # fmt: skip
    found = process("footprintsfromweaklabels", wanted)
    assert [found[name] for name in ("LOCALIZED", "NOT_LOCALIZED", "ERRORS")] == [1, 1, 0]
    (label,) = Path(found["LABELS"]).read_text().splitlines()[1:]
    assert f"{NUMBER}.jpg" in label
    assert "elsewhere.jpg" in Path(found["REVIEW_LIST"]).read_text()
    assert len(rows(found["REVIEW"])) == found["DOUBTFUL"] <= 1
    assert Path(found["GEOPACKAGE"]).is_file()
    by_name = {row["name"]: row for row in rows(found["FOOTPRINTS"])}
    assert metres_off(corners_of(by_name[NUMBER]), truth) < 300


def test_benchmarks(process, localized, world, truth, common, tmp_path):
    zoom, row, column = rows(localized["FOOTPRINT"])[0]["candidate"].split("/")
    block = {"zoom": int(zoom), "row": int(row), "column": int(column), "size": 4}
    case = {
        "id": NUMBER, "kind": "positive", "photo": str(world / f"{NUMBER}.jpg"), "reference": common["REFERENCE"],
        "tile_block": block, "footprint_lonlat": truth.tolist(), "corner_spread_px": 0.5, "nadir_lat": 45.0,
        "nadir_lon": 12.0,
    }  # fmt: skip
    (tmp_path / "cases.json").write_text(json.dumps([case]))
    wanted = {"FOLDER": str(tmp_path), "HTML": str(tmp_path / "r.html")}
    process("benchmarkmatchers", {**wanted, "MATCHERS": ["sift"]})
    assert "<td>sift</td>" in (tmp_path / "r.html").read_text(encoding="utf-8")
    process("benchmarkretrieval", {**wanted, "INDEX": common["INDEX"], "RADIUS_KM": 0})
    assert NUMBER in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_model_localizes_a_folder_widens_the_footprints_and_joins_places(
    process, provider, world, truth, common, tmp_path
):
    layer = str(tmp_path / "places.gpkg")
    options = QgsVectorFileWriter.SaveVectorOptions()
    context = QgsCoordinateTransformContext()
    QgsVectorFileWriter.writeAsVectorFormatV3(places(truth), layer, context, options)
    model = chain(common, layer)
    file = tmp_path / "chain.model3"
    assert model.toFile(str(file))
    folder = folder_of(tmp_path / "photos", world, f"{NUMBER}.jpg")
    (joined,) = [each.name() for each in model.destinationParameterDefinitions()]
    results = process(str(file), {"FOLDER": str(folder), joined: str(tmp_path / "joined.gpkg")})
    (found,) = rows(results[joined])
    assert (found["name"], found["status"], found["place"]) == (NUMBER, "localized", "here")


def test_no_algorithm_is_left_out_here():
    source = Path(__file__).read_text(encoding="utf-8")
    assert [one.NAME for one in ALGORITHMS if f'process("{one.NAME}", ' not in source] == []
