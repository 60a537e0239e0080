"""The window that manages indexes: the list, the outline on the map, and what its buttons ask of the engine."""

from __future__ import annotations

import json
import re

import pytest
from osgeo import gdal
from qgis.core import QgsCoordinateReferenceSystem, QgsRasterLayer
from qgis.PyQt.QtWidgets import QDialog, QMessageBox

from astroloc_qgis.engine.index.upkeep import rates
from astroloc_qgis.gui.dock.index_dialog import IndexDialog, Suggestion
from astroloc_qgis.gui.indexes import index_manager, install_dialog
from astroloc_qgis.gui.indexes.coverage import boxes_of
from astroloc_qgis.gui.indexes.install_dialog import InstallDialog
from astroloc_qgis.qgis_adapters.index_list import (
    IndexState,
    indexes_folder,
    list_indexes,
    remember_index,
    remembered_indexes,
)
from astroloc_qgis.qgis_adapters.settings import Settings

SECOND = 1000
PLAN = {
    "imagery": "/imagery/alps.tif",
    "zooms": [10, 11],
    "extent": [5.0, 44.0, 15.0, 48.0],
    "stride": 2,
    "model": "astroloc-lite",
    "northern_limits": {},
}


def write_index(folder, **changes):
    folder.mkdir(parents=True)
    info = {
        "format_version": 3,
        "title": folder.name,
        "model": "astroloc-lite",
        "zooms": [9, 10],
        "counts": {"9": 30, "10": 70},
        "extent": [170.0, -50.0, -170.0, 72.0],
        "northern_limits": {"10": 60.0},
        "imagery_uri": "<GDAL_WMS><ServerUrl>https://tiles.example.org/a/${z}</ServerUrl></GDAL_WMS>",
        "created": "2026-01-02T03:04:05+00:00",
    }
    (folder / "index.json").write_text(json.dumps(info | changes))
    return folder


def write_partial(folder):
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(PLAN))
    (folder / "piece-000000.npz").write_bytes(bytes(100))
    return folder


@pytest.fixture
def folders(tmp_path):
    """Two indexes, one of them in the user's data folder, and an unfinished one."""
    write_index(tmp_path / "pacific")
    write_index(indexes_folder() / "installed", northern_limits={})
    write_partial(tmp_path / "alps.partial")
    for name in ("pacific", "alps"):
        remember_index(Settings(), tmp_path / name)
    return tmp_path


@pytest.fixture
def manager(qtbot, scripted, folders, canvas, monkeypatch):
    monkeypatch.setattr(index_manager, "world_index", lambda: None)
    scripted.index.manage_button.click()
    yield scripted.indexes
    scripted.indexes.close()


def select(manager, *names):
    manager.table.clearSelection()
    for row, index in enumerate(manager.table.indexes):
        if index.title in names:
            for column in range(manager.table.columnCount()):
                manager.table.item(row, column).setSelected(True)


def texts(manager, row):
    return [manager.table.item(row, column).text() for column in range(manager.table.columnCount())]


def jobs_of(manager, monkeypatch):
    ran = []
    monkeypatch.setattr(manager._session, "run", ran.extend)
    return ran


def test_all_indexes_are_listed_the_unfinished_too(manager):
    assert [index.title for index in manager.table.indexes] == ["alps", "pacific", "installed"]
    assert texts(manager, 0)[:3] == ["alps", "unfinished", "10, 11"]
    row = texts(manager, 1)
    assert row[1:4] == ["ready", "9, 10", "100"]
    assert row[5:] == ["astroloc-lite", "tiles.example.org", "2026-01-02"]


def test_a_damaged_index_is_listed_as_such_and_the_worlds_first(tmp_path):
    remember_index(Settings(), write_index(tmp_path / "bad", counts=[1]))
    remember_index(Settings(), tmp_path / "gone")
    listed = list_indexes(Settings(), write_index(tmp_path / "world"))
    assert [(one.title, one.state, one.is_world) for one in listed] == [
        ("world", IndexState.READY, True),
        ("bad", IndexState.DAMAGED, False),
    ]
    Settings().indexes = "no list"
    assert remembered_indexes(Settings()) == []


def test_what_can_be_done_follows_the_selection(manager):
    def enabled():
        names = ("use", "resume", "check", "merge", "delete", "on_map")
        return {name for name in names if getattr(manager, name).isEnabled()}

    assert enabled() == set()
    select(manager, "pacific")
    assert enabled() == {"use", "check", "delete", "on_map"}
    assert "Zooms 9: 170° to -170° east, -50° to 72° north" in manager.about.text()
    select(manager, "alps")
    assert enabled() == {"resume", "delete", "on_map"}
    select(manager, "pacific", "installed")
    assert enabled() == {"merge"}


def test_the_coverage_is_outlined_on_the_map_and_goes_with_the_window(manager, canvas):
    before = len(canvas.scene().items())
    select(manager, "pacific")
    manager.on_map.click()
    assert len(manager._outline.bands) == 2  # one for each zoom: zoom 10 ends further south
    assert manager._outline.bands[0].asGeometry().isMultipart()  # on both sides of the antimeridian
    select(manager, "alps")
    (band,) = manager._outline.bands
    assert canvas.extent().contains(band.asGeometry().boundingBox())
    manager.close()
    assert len(canvas.scene().items()) == before
    assert not manager.on_map.isChecked()


def test_an_extent_across_the_antimeridian_is_two_boxes():
    assert boxes_of((170.0, -90.0, -170.0, 90.0)) == [(170.0, -85.0, 180.0, 85.0), (-180.0, -85.0, -170.0, 85.0)]


def test_an_index_is_taken_into_use(manager, folders):
    select(manager, "pacific")
    manager.use.click()
    assert manager._session.index.path == folders / "pacific"
    assert texts(manager, [index.title for index in manager.table.indexes].index("pacific"))[1] == "in use"


def test_an_unfinished_index_is_resumed_paused_and_still_there(qtbot, manager, folders):
    select(manager, "alps")
    asked = []
    manager._session.jobs.started.connect(lambda job, *_: asked.append(job))
    manager.resume.click()
    qtbot.waitUntil(lambda: manager.progress.bar.value() > 0, timeout=20 * SECOND)
    assert asked[0].method == "index_build"
    assert asked[0].params == {name: PLAN[name] for name in ("imagery", "zooms", "extent", "model", "stride")} | {
        "out": str(folders / "alps")
    }
    assert not manager.install.isEnabled()
    assert manager.progress.cancel_button.text() == "&Pause"
    manager.progress.cancel_button.click()
    qtbot.waitUntil(lambda: not manager._session.busy, timeout=20 * SECOND)
    assert not manager.progress.isVisible()
    assert "alps" in [index.title for index in manager.table.indexes]
    assert manager.resume.isEnabled()


def test_what_an_unfinished_index_is_to_be_is_what_resume_asks_for(manager, folders, monkeypatch):
    ran = jobs_of(manager, monkeypatch)
    plan = PLAN | {"kind": "SQ8", "selection": "land", "texture_zooms": []}
    (folders / "alps.partial" / "plan.json").write_text(json.dumps(plan))
    manager.refresh()
    select(manager, "alps")
    manager.resume.click()
    assert {name: ran[-1].params[name] for name in ("kind", "land_only", "texture_zooms")} == {
        "kind": "SQ8",
        "land_only": True,
        "texture_zooms": [],
    }


def test_a_cancelled_build_is_deleted_after_a_question(qtbot, manager, folders, monkeypatch):
    select(manager, "alps")
    manager.resume.click()
    qtbot.waitUntil(lambda: manager.progress.bar.value() > 0, timeout=20 * SECOND)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.No)
    manager.discard.click()
    assert manager._session.busy
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    manager.discard.click()
    qtbot.waitUntil(lambda: not manager._session.busy, timeout=20 * SECOND)
    assert not (folders / "alps.partial").exists()
    assert "alps" not in [index.title for index in manager.table.indexes]
    assert not manager.discard.isVisible()


def test_check_merge_and_install_ask_the_engine(manager, folders, monkeypatch):
    ran = jobs_of(manager, monkeypatch)
    select(manager, "pacific")
    manager.check.click()
    assert (ran[-1].method, ran[-1].params) == ("index_check", {"index": str(folders / "pacific")})
    ran[-1].done({})
    assert manager.outcome.text().startswith("pacific is whole")
    monkeypatch.setattr(install_dialog.NewIndexDialog, "exec", lambda _: QDialog.DialogCode.Accepted)
    select(manager, "pacific", "installed")
    manager.merge.click()
    merged = str(indexes_folder() / "merged")
    assert ran[-1].method == "index_merge"
    assert ran[-1].params == {
        "folders": [str(folders / "pacific"), str(indexes_folder() / "installed")],
        "out": merged,
    }
    write_index(indexes_folder() / "merged")
    ran[-1].done({"index": merged})
    assert "merged" in [index.title for index in manager.table.indexes]
    params = {"source": "https://example.org/a.zip", "sha256": "0" * 64, "out": str(folders / "new")}
    monkeypatch.setattr(InstallDialog, "params", lambda _: params)
    manager.install.click()
    assert (ran[-1].method, ran[-1].params) == ("index_install", params)


def test_a_failure_of_the_engine_is_told_in_the_window(qtbot, manager, messages):
    select(manager, "pacific")
    manager._run("Checking", "fail", {"input": "The index is damaged."}, lambda _: None)
    qtbot.waitUntil(lambda: not manager._session.busy, timeout=20 * SECOND)
    assert manager.outcome.text() == "The index is damaged."


def test_an_index_is_deleted_after_a_question_and_only_then(manager, folders, monkeypatch):
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    asked = []
    monkeypatch.setattr(QMessageBox, "question", lambda *words: asked.append(words[2]) or answers.pop(0))
    manager._session.index.choose(folders / "pacific")
    select(manager, "pacific")
    manager.delete.click()
    assert (folders / "pacific").is_dir()
    manager.delete.click()
    assert not (folders / "pacific").exists()
    assert str(folders / "pacific") in asked[0]
    assert manager.outcome.text() == "pacific is deleted."
    assert "pacific" not in [index.title for index in manager.table.indexes]
    assert manager._session.index.folder == ""


def test_a_link_and_other_files_survive_the_deletion(manager, folders, monkeypatch):
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    (folders / "linked").symlink_to(folders / "pacific", target_is_directory=True)
    (folders / "linked" / "index.json").write_text(
        (folders / "pacific" / "index.json").read_text().replace('"pacific"', '"linked"')
    )
    remember_index(Settings(), folders / "linked")
    manager.refresh()
    manager.table.selectRow(0)
    manager.delete.click()
    assert "is a link" in manager.outcome.text()
    assert (folders / "pacific" / "index.json").is_file()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (("", ""), "Give the address"),
        (("https://example.org/a.zip", ""), "needs its sha256"),
        (("https://example.org/a.zip", "123"), "64 digits"),
        (("/nowhere/a.zip", ""), "There is no file /nowhere/a.zip"),
    ],
)
def test_the_install_dialog_says_what_is_missing(qtbot, tmp_path, fields, words):
    dialog = InstallDialog(tmp_path)
    qtbot.addWidget(dialog)
    dialog.source.setText(fields[0])
    dialog.sha256.setText(fields[1])
    dialog.accept()
    assert words in dialog.problem.text()
    dialog.source.setText("https://example.org/files/europe.zip")
    dialog.sha256.setText("AB" * 32)
    assert dialog.params() == {
        "source": "https://example.org/files/europe.zip",
        "sha256": "ab" * 32,
        "out": str(tmp_path / "europe"),
    }


def test_the_build_dialog_estimates_before_it_builds(qtbot, tmp_path, monkeypatch):
    dialog = IndexDialog(Suggestion((5.0, 44.0, 15.0, 48.0), [9], "Alps"), tmp_path / "alps", None, "https://tiles")
    qtbot.addWidget(dialog)
    text = dialog.estimate.text()
    assert "At most" in text
    assert "not known before the first build" in text
    assert "tiles from the service" in text
    assert "A sixteenth of the size" in dialog.estimate.toolTip()
    assert (dialog.params()["kind"], dialog.params()["land_only"]) == ("Flat", False)
    dialog.kind.setCurrentIndex(dialog.kind.findData("SQ8"))
    dialog.blocks.setCurrentIndex(dialog.blocks.findData(True))
    assert (dialog.params()["kind"], dialog.params()["land_only"]) == ("SQ8", True)
    assert size_of(dialog.estimate.text()) < 0.3 * size_of(text)
    monkeypatch.setattr(rates, "_read", lambda: {"astroloc-lite, service": 10.0})
    dialog.zooms.setText("9, 12")
    assert dialog.estimate.text() != text
    assert "as fast as the last build" in dialog.estimate.text()
    dialog.zooms.setText("nine")
    assert "nine" in dialog.estimate.text()


def size_of(estimate):
    """The size on disk in the words of an estimate, kB."""
    number, unit = re.search(r"([\d,.]+) (kB|MB) on disk", estimate).groups()
    return float(number.replace(",", "")) * {"kB": 1, "MB": 1000}[unit]


def test_a_build_is_listed_from_its_beginning(scripted, tmp_path, monkeypatch):
    ran = []
    session = scripted.session
    monkeypatch.setattr(session, "run", ran.extend)
    monkeypatch.setattr(IndexDialog, "exec", lambda _: QDialog.DialogCode.Accepted)
    reference = tmp_path / "map.tif"
    made = gdal.GetDriverByName("GTiff").Create(str(reference), 50, 50, 3)
    made.SetGeoTransform((1_000_000, 4000, 0, 6_000_000, 0, -4000))
    made.SetProjection(QgsCoordinateReferenceSystem("EPSG:3857").toWkt())
    made.FlushCache()
    layer = QgsRasterLayer(str(reference), "reference")
    monkeypatch.setattr(session.reference, "layer", lambda: layer)
    monkeypatch.setattr(session.reference, "uri", lambda: str(reference))
    scripted.index.build_button.click()
    assert ran[0].method == "index_build"
    (folder,) = remembered_indexes(Settings())
    assert str(folder) == ran[0].params["out"]
