"""The Processing provider: what it offers, what it refuses, and how it lives with a scripted engine."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import pytest
from qgis.core import (
    NULL,
    Qgis,
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QImageReader

from astroloc_qgis import classFactory
from astroloc_qgis.processing_provider.batch_algorithm import pace_text
from astroloc_qgis.processing_provider.provider import ALGORITHMS, AstroLocProvider
from astroloc_qgis.processing_provider.results import result_folders
from astroloc_qgis.qgis_adapters.engine import calling

from .conftest import SCRIPT, SECOND
from .files import make_index, make_photo
from .test_reference import make_raster

NAMES = {
    "localize", "localizefolder", "refinefromfootprint", "buildindex", "checkindex", "retrievecandidates",
    "warpfromtiepoints", "exportlocalization", "footprintsfromweaklabels", "benchmarkmatchers", "benchmarkretrieval",
}  # fmt: skip


@pytest.fixture
def provider(qgis_processing):
    made = AstroLocProvider()
    QgsApplication.processingRegistry().addProvider(made)
    yield made
    QgsApplication.processingRegistry().removeProvider(made)


@pytest.fixture
def scripted_engine(monkeypatch):
    """The scripted worker in the engine's place: what "localize" does is told by the photo's name."""
    monkeypatch.setattr(calling, "engine_command", lambda _settings: [sys.executable, str(SCRIPT)])


@pytest.fixture
def given(provider, tmp_path):
    """Right values for every parameter that needs one, by algorithm."""
    photo, index = make_photo(tmp_path, "unlocated"), make_index(tmp_path / "index")
    raster = make_raster(tmp_path / "map.tif")
    (tmp_path / "cases.json").write_text("[]")
    footprints, points = polygon_layer(photo), point_layer([(0, 0, 11, 46), (40, 0, 11.4, 46), (0, 30, 11, 45.7)])
    table = tmp_path / "centres.csv"
    table.write_text("photo,centre lat,centre lon\nunlocated.jpg,46,11\n")
    one = {"PHOTO": str(photo), "INDEX": str(index), "REFERENCE": str(raster)}
    return {
        "localize": {**one, "FOOTPRINT": "memory:"},
        "localizefolder": {"FOLDER": str(tmp_path), "INDEX": str(index), "FOOTPRINTS": "memory:"},
        "refinefromfootprint": {
            "PHOTO": str(photo), "REFERENCE": str(raster), "START": footprints, "FOOTPRINT": "memory:",
        },
        "retrievecandidates": {**one, "CANDIDATES": "memory:"},
        "buildindex": {"REFERENCE": str(raster), "ZOOMS": "9", "INDEX": str(tmp_path / "new")},
        "checkindex": {"INDEX": str(index)},
        "warpfromtiepoints": {
            "PHOTO": str(photo), "POINTS": points, "RASTER": str(tmp_path / "r.tif"), "FOOTPRINT": "memory:",
        },
        "footprintsfromweaklabels": {
            "TABLE": str(table), "INDEX": str(index), "FOOTPRINTS": "memory:", "RESULTS": str(tmp_path / "labels"),
        },
        "exportlocalization": {"FOOTPRINTS": footprints, "FOLDER": str(tmp_path / "exported")},
        "benchmarkmatchers": {"FOLDER": str(tmp_path)},
        "benchmarkretrieval": {"FOLDER": str(tmp_path), "INDEX": str(index)},
    }  # fmt: skip


def polygon_layer(photo, *wkts, crs="EPSG:4326"):
    fields = "field=photo:string&field=homography:string&field=working_plane:string"
    layer = QgsVectorLayer(f"Polygon?crs={crs}&{fields}", "footprints", "memory")
    for wkt in wkts or ("Polygon((10 46, 11 46, 11 45, 10 45, 10 46))",):
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        feature.setAttributes([str(photo), json.dumps([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), "+proj=aeqd"])
        layer.dataProvider().addFeature(feature)
    return layer


def point_layer(points, names=("photo_x", "photo_y")):
    layer = QgsVectorLayer(f"Point?crs=EPSG:4326&field={names[0]}:double&field={names[1]}:double", "ties", "memory")
    for x, y, lon, lat in points:
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(f"Point({lon} {lat})"))
        feature.setAttributes([x, y])
        layer.dataProvider().addFeature(feature)
    return layer


def algorithm(name):
    return QgsApplication.processingRegistry().createAlgorithmById(f"astroloc:{name}")


def refusal(name, parameters):
    accepted, sentence = algorithm(name).checkParameterValues(parameters, QgsProcessingContext())
    assert not accepted
    return sentence


def run(name, parameters):
    import processing

    return processing.run(f"astroloc:{name}", parameters)


def test_all_algorithms_are_there_with_icon_help_group_and_typed_parameters(provider):
    found = {one.name(): one for one in provider.algorithms()}
    assert set(found) == NAMES
    assert len(ALGORITHMS) == len(NAMES)
    for one in found.values():
        assert one.displayName()
        assert len(one.shortHelpString()) > 100
        assert one.group()
        assert QImageReader(one.svgIconPath()).canRead(), one.svgIconPath()
        assert "string" not in {each.type() for each in one.parameterDefinitions()} or one.name() == "buildindex"
        assert all(each.description() for each in one.parameterDefinitions())


def test_the_icons_are_different(provider):
    drawn = [Path(one.svgIconPath()).read_bytes() for one in provider.algorithms()]
    assert len(set(drawn)) == len(drawn)


def test_right_parameters_are_accepted(given):
    for name, parameters in given.items():
        assert algorithm(name).checkParameterValues(parameters, QgsProcessingContext()) == (True, ""), name


def test_the_ending_of_a_photo_may_be_in_capitals(given, tmp_path):
    loud = (tmp_path / "unlocated.jpg").rename(tmp_path / "LOUD.JPG")
    wanted = {**given["localize"], "PHOTO": str(loud)}
    assert algorithm("localize").checkParameterValues(wanted, QgsProcessingContext()) == (True, "")


def test_the_plugin_works_without_a_window(qgis_processing):
    plugin = classFactory(None)
    plugin.initProcessing()
    assert QgsApplication.processingRegistry().providerById("astroloc") is not None
    plugin.unload()
    assert QgsApplication.processingRegistry().providerById("astroloc") is None


def test_the_plugin_with_a_window_brings_the_algorithms_and_takes_them_away(plugin):
    assert QgsApplication.processingRegistry().algorithmById("astroloc:localize") is not None
    plugin.unload()
    assert QgsApplication.processingRegistry().algorithmById("astroloc:localize") is None


WRONG = [
    ("localize", {"PHOTO": None}, "“Photo” (PHOTO) is missing: name a file of this kind: Photos (*.jpg"),
    ("localize", {"PHOTO": "{}/nothing.jpg"}, "there is no file"),
    ("localize", {"PHOTO": "{}/map.txt"}, "map.txt: name a file of this kind: Photos (*.jpg"),
    ("localize", {"INDEX": "{}"}, "There is no index in"),
    ("localize", {"REFERENCE": "{}/map.txt"}, "map.txt: give a raster layer, or a file that QGIS opens as one."),
    ("localize", {"NADIR": "somewhere"}, "(NADIR) cannot be somewhere: write it as “longitude,latitude"),
    ("localize", {"NADIR": "11,95 [EPSG:4326]"}, "is no place on Earth"),
    ("localize", {"ALTITUDE": 420}, "give the nadir too"),
    ("localize", {"ALTITUDE": 5}, "(ALTITUDE) cannot be 5: give a number from 180 to 2000"),
    ("localize", {"RADIUS_KM": -1}, "(RADIUS_KM) cannot be -1: give a number from 0"),
    ("localize", {"CENTRE": "200,0 [EPSG:4326]"}, "is no place on Earth"),
    ("localize", {"CENTRE_KM": 0}, "(CENTRE_KM) cannot be 0"),
    ("localize", {"EXTENT": "here"}, "(EXTENT) cannot be here: write it as “west"),
    ("localize", {"EXTENT": "10,10,45,45 [EPSG:4326]"}, "is empty: give another"),
    ("localize", {"MATCHER": "magic"}, "(MATCHER) cannot be magic: choose among auto, "),
    ("localize", {"SECONDS": 0}, "(SECONDS) cannot be 0"),
    ("localize", {"CRS": "EPSG:nonsense"}, "There is no CRS EPSG:nonsense"),
    ("localize", {"RASTER": "{}/a.png"}, "is written as a GeoTIFF: give it a name in .tif"),
    ("localizefolder", {"FOLDER": "{}/nothing"}, "there is no folder"),
    ("localizefolder", {"FOLDER": "{}/index"}, "There is no photo (.jpg"),
    ("localizefolder", {"FOLDER": None}, "Give a folder of photos, or a table that names them."),
    ("localizefolder", {"TABLE": "{}/nothing.csv"}, "there is no file"),
    ("localizefolder", {"TABLE": "{}/map.csv"}, "has no column that names its photos"),
    ("localizefolder", {"FOLDER": None, "TABLE": "{}/map.csv"}, "has no column that names its photos"),
    ("localizefolder", {"INDEX": "{}"}, "There is no index in"),
    ("localizefolder", {"ALTITUDE": 420}, "give the nadir too"),
    ("localizefolder", {"KEEP": ["hologram"]}, "(KEEP)"),
    ("localizefolder", {"WORKERS": 0}, "(WORKERS) cannot be 0: give a number from 1"),
    ("localizefolder", {"MATCHER": "magic"}, "(MATCHER) cannot be magic"),
    ("footprintsfromweaklabels", {"TABLE": None}, "(TABLE) is missing: name a file of this kind"),
    ("footprintsfromweaklabels", {"TABLE": "{}/nothing.csv"}, "there is no file"),
    ("footprintsfromweaklabels", {"TABLE": "{}/map.csv"}, "has no column that names its photos"),
    ("footprintsfromweaklabels", {"TABLE": "{}/nadirs.csv"}, "gives no centre of any photo"),
    ("footprintsfromweaklabels", {"TABLE": "{}/wrong.csv"}, "“north” is no latitude of the centre in degrees"),
    ("footprintsfromweaklabels", {"INDEX": "{}/nothing"}, "There is no index in"),
    ("footprintsfromweaklabels", {"REFERENCE": "{}/map.txt"}, "map.txt: give a raster layer"),
    ("footprintsfromweaklabels", {"CENTRE_KM": -1}, "(CENTRE_KM) cannot be -1: give a number from 0"),
    ("footprintsfromweaklabels", {"CONFIDENCE": 0.5}, "(CONFIDENCE) cannot be 0.5: give a number from 0.9 to 0.9999"),
    ("footprintsfromweaklabels", {"MATCHER": "magic"}, "(MATCHER) cannot be magic"),
    ("footprintsfromweaklabels", {"SECONDS": 0}, "(SECONDS) cannot be 0"),
    ("footprintsfromweaklabels", {"WORKERS": 1000}, "(WORKERS) cannot be 1000: give a number from 1 to 256"),
    ("footprintsfromweaklabels", {"RESULTS": None}, "(RESULTS) is missing: name a file or folder to write"),
    ("refinefromfootprint", {"START": None}, "(START) is missing: give a vector layer"),
    ("refinefromfootprint", {"REFERENCE": None}, "(REFERENCE) is missing: give a raster layer"),
    ("retrievecandidates", {"TOP": 0}, "(TOP) cannot be 0: give a number from 1"),
    ("buildindex", {"ZOOMS": "nine"}, "The zooms “nine” are not whole numbers."),
    ("buildindex", {"ZOOMS": "9,20"}, "Give at least one zoom, from 1 to 14."),
    ("buildindex", {"MODEL": "magic"}, "(MODEL) cannot be magic"),
    ("buildindex", {"STRIDE": 9}, "(STRIDE) cannot be 9: give a number from 1 to 4"),
    ("buildindex", {"INDEX": None}, "(INDEX) is missing: name a file or folder to write"),
    ("checkindex", {"INDEX": "{}/nothing"}, "There is no index in"),
    ("warpfromtiepoints", {"POINTS": None}, "either as a layer or as a .points file"),
    ("warpfromtiepoints", {"POINTS_FILE": "{}/map.points"}, "either as a layer or as a .points file"),
    ("warpfromtiepoints", {"POINTS": None, "POINTS_FILE": "{}/map.points"}, "map.points"),
    ("warpfromtiepoints", {"X_FIELD": "column"}, "has no field column"),
    ("exportlocalization", {"FORMS": []}, "(FORMS) cannot be []: choose among geotiff, "),
    ("exportlocalization", {"FORMS": ["hologram"]}, "(FORMS)"),
    ("exportlocalization", {"RESOLUTION": -3}, "(RESOLUTION) cannot be -3"),
    ("benchmarkmatchers", {"FOLDER": "{}/index"}, "has no cases.json"),
    ("benchmarkmatchers", {"MATCHERS": ["magic"]}, "(MATCHERS)"),
    ("benchmarkretrieval", {"FOLDER": "{}/index"}, "has no photos.csv or cases.json"),
    ("benchmarkretrieval", {"RADIUS_KM": -1}, "(RADIUS_KM)"),
]


@pytest.mark.parametrize(("name", "wrong", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_parameter_is_refused_in_one_sentence(given, tmp_path, name, wrong, said):
    for ending in ("txt", "csv", "points"):
        (tmp_path / f"map.{ending}").write_text("no such thing\n")
    (tmp_path / "nadirs.csv").write_text("photo,lat,lon\na.jpg,1,2\n")
    (tmp_path / "wrong.csv").write_text("photo,centre lat,centre lon\na.jpg,north,2\n")
    wrong = {key: value.format(tmp_path) if isinstance(value, str) else value for key, value in wrong.items()}
    sentence = refusal(name, {**given[name], **wrong})
    assert said in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def wrong_values(definition, nothing):
    """Values that a parameter of this kind cannot take; none for a free text, which takes any."""
    kind = definition.type()
    if definition.isDestination():
        return [] if definition.flags() & Qgis.ProcessingParameterFlag.Optional else [None]
    if kind == "number":
        return [definition.minimum() - 1, definition.maximum() + 1, "many"]
    if kind == "file":
        return [f"{nothing}.{definition.extension() or 'jpg'}"]
    known = {
        "enum": ["nonsense", 99], "point": ["somewhere", "200,0 [EPSG:4326]"], "field": ["nonsense"],
        "boolean": ["perhaps"], "extent": ["here", "5,5,9,9 [EPSG:4326]"],
        "crs": ["EPSG:nonsense"], "raster": [nothing], "source": [nothing],
    }  # fmt: skip
    return known.get(kind, [])


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_parameter_refuses_what_it_cannot_take_in_one_sentence(given, tmp_path, name):
    nothing, tried = str(tmp_path / "nothing-there"), 0
    asked = algorithm(name)  # it owns its definitions
    for definition in asked.parameterDefinitions():
        if definition.name() == "POINTS_FILE":  # in place of POINTS, tried above
            continue
        for wrong in wrong_values(definition, nothing):
            values = {**given[name], definition.name(): wrong}
            accepted, sentence = asked.checkParameterValues(values, QgsProcessingContext())
            assert not accepted, (definition.name(), wrong)
            assert sentence.endswith("."), (definition.name(), wrong, sentence)
            assert "\n" not in sentence
            assert len(sentence) > 20
            tried += 1
    assert tried > 0


@pytest.mark.parametrize(
    ("wkts", "said"),
    [
        (["Polygon((0 0, 1 0, 0 1, 0 0))"], "has 3 corners: the footprint of a photo has four"),
        (["Polygon((0 0, 1 0, 1 1, 0 1, 0 0))"] * 2, "has 2 polygons"),
        (["Polygon EMPTY"], "has 0 polygons"),
    ],
)
def test_a_footprint_that_is_none_is_refused(given, tmp_path, wkts, said):
    layer = polygon_layer(tmp_path / "unlocated.jpg", *wkts)
    assert said in refusal("refinefromfootprint", {**given["refinefromfootprint"], "START": layer})


def test_layers_that_are_not_of_this_kind_are_refused(given):
    points = point_layer([(0, 0, 11, 46)])
    assert "at least 2 are needed" in refusal("warpfromtiepoints", {**given["warpfromtiepoints"], "POINTS": points})
    same = point_layer([(0, 0, 11, 46)] * 3)
    assert "contradict" in refusal("warpfromtiepoints", {**given["warpfromtiepoints"], "POINTS": same})
    plain = QgsVectorLayer("Polygon?crs=EPSG:4326", "plain", "memory")
    wanted = given["exportlocalization"]
    assert "has no field photo" in refusal("exportlocalization", {**wanted, "FOOTPRINTS": plain})
    assert "none that AstroLoc's algorithms wrote" in refusal("exportlocalization", {**wanted, "TIE_POINTS": points})
    unlocated = polygon_layer("a.jpg")
    unlocated.dataProvider().changeAttributeValues({1: {1: NULL}})
    assert "nothing to export" in refusal("exportlocalization", {**wanted, "FOOTPRINTS": unlocated})


def test_a_refused_parameter_stops_a_run_with_the_same_sentence(given):
    with pytest.raises(QgsProcessingException, match="Give at least one zoom, from 1 to 14"):
        run("buildindex", {**given["buildindex"], "ZOOMS": "99"})


def photos_called(folder, *names):
    folder.mkdir()
    for name in names:
        make_photo(folder, name)
    return folder


def test_a_photo_that_cannot_be_read_or_fails_costs_one_row(given, scripted_engine, tmp_path):
    folder = photos_called(tmp_path / "many", "bad", "fail", "unlocated")
    html, report = tmp_path / "report.html", tmp_path / "report.json"
    wanted = {**given["localizefolder"], "FOLDER": str(folder), "HTML": str(html), "REPORT": str(report)}
    results = run("localizefolder", wanted)
    assert [results[name] for name in ("LOCALIZED", "NOT_LOCALIZED", "ERRORS")] == [0, 1, 2]
    rows = {feature["name"]: feature for feature in results["FOOTPRINTS"].getFeatures()}
    assert {name: row["status"] for name, row in rows.items()} == {
        "bad": "error", "fail": "failed", "unlocated": "not_localized",
    }  # fmt: skip
    assert rows["bad"]["reason"] == "it is called bad"
    assert all(row.geometry().isEmpty() and row["raster"] in (None, NULL) for row in rows.values())
    assert [entry["status"] for entry in json.loads(report.read_text())] == ["error", "failed", "not_localized"]
    assert "bad.jpg" in html.read_text(encoding="utf-8")


def test_the_engine_is_told_all_that_was_chosen(given, scripted_engine, tmp_path):
    folder = photos_called(tmp_path / "pass", "a", "b")
    table = tmp_path / "known.csv"
    table.write_text("file,lat,lon\na.jpg,1,2\n")
    more = {"SEQUENCE": True, "TABLE": str(table), "NADIR": "12,45 [EPSG:4326]", "EXIF_NADIR": False, "WORKERS": 2,
            "FILES": str(tmp_path / "files"), "TIE_POINTS": "memory:", "SECONDS": 9}  # fmt: skip
    results = run("localizefolder", {**given["localizefolder"], "FOLDER": str(folder), **more})
    assert (results["NOT_LOCALIZED"], results["FILES"]) == (2, str(tmp_path / "files"))
    told = json.loads((tmp_path / "files" / "params.json").read_text())
    expected = {"sequence": True, "table": str(table), "exif_nadir": False, "workers": 2, "seconds": 9,
                "recursive": False, "keep": ["geotiff", "tie_points"], "out": str(tmp_path / "files")}  # fmt: skip
    assert {name: told[name] for name in expected} == expected
    assert told["nadir"][:2] == [45, 12]


def test_a_cancelled_batch_has_the_rows_that_were_done(qtbot, given, scripted_engine, tmp_path):
    folder = photos_called(tmp_path / "long", "a", "work")
    feedback, context, ended = QgsProcessingFeedback(), QgsProcessingContext(), []
    report = tmp_path / "r.json"
    wanted = {**given["localizefolder"], "FOLDER": str(folder), "REPORT": str(report)}
    task = QgsProcessingAlgRunnerTask(algorithm("localizefolder"), wanted, context, feedback)
    task.executed.connect(lambda done, results: ended.append((done, results)))
    QgsApplication.taskManager().addTask(task)
    qtbot.waitUntil(lambda: feedback.progress() > 0, timeout=20 * SECOND)
    feedback.cancel()
    qtbot.waitUntil(lambda: bool(ended), timeout=20 * SECOND)
    assert [Path(entry["photo"]).name for entry in json.loads(report.read_text())] == ["a.jpg"]


def test_the_pace_and_the_expected_end_are_told_in_a_line():
    begun = {"done": 0, "total": 9, "localized": 0, "per_minute": None, "seconds_left": None}
    assert pace_text(begun, datetime(2026, 5, 1, 23, 0)) == "0 of 9 photos (0 localized)"
    going = {"done": 6, "total": 9, "localized": 4, "per_minute": 0.05, "seconds_left": 7200.0}
    text = pace_text(going, datetime(2026, 5, 1, 23, 0))
    assert text == "6 of 9 photos (4 localized), 0.1 a minute, ends about 02.05. 01:00 (in 2 h 0 min)"
    assert "ends" not in pace_text({**going, "done": 9, "seconds_left": 0.0}, datetime(2026, 5, 1))


def test_a_cancelled_run_in_the_background_ends_soon_and_keeps_nothing(qtbot, given, scripted_engine, tmp_path):
    (tmp_path / "unlocated.jpg").rename(tmp_path / "work.jpg")
    feedback, context, ended = QgsProcessingFeedback(), QgsProcessingContext(), []
    wanted = {**given["localize"], "PHOTO": str(tmp_path / "work.jpg"), "RASTER": str(tmp_path / "r.tif")}
    task = QgsProcessingAlgRunnerTask(algorithm("localize"), wanted, context, feedback)
    task.executed.connect(lambda done, results: ended.append((done, results)))
    QgsApplication.taskManager().addTask(task)
    qtbot.waitUntil(lambda: feedback.progress() > 0, timeout=20 * SECOND)
    feedback.cancel()
    qtbot.waitUntil(lambda: bool(ended), timeout=5 * SECOND)
    assert not (tmp_path / "r.tif").exists()


def test_an_engine_that_is_not_there_is_told_with_what_to_do(given, settings, tmp_path):
    settings.setValue("astroloc/engine/python", str(tmp_path / "no-python"))
    with pytest.raises(QgsProcessingException, match="no-python, named in AstroLoc's options, is not there"):
        run("localizefolder", given["localizefolder"])


def test_results_of_one_name_go_to_folders_of_their_own(tmp_path):
    photos = [tmp_path / "a" / "x.jpg", tmp_path / "b" / "X.png", tmp_path / "b" / "y.jpg"]
    assert result_folders(photos, tmp_path) == [tmp_path, tmp_path / "b-2", tmp_path]
