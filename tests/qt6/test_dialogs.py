"""The dialogs and the page of options on Qt 6."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from qgis.core import QgsRectangle
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication, QDialog, QDialogButtonBox, QFileDialog, QMessageBox

from astroloc_qgis.gui.desk.file_question import ask_for_file
from astroloc_qgis.gui.desk.panels.export_dialog import REPORT, ExportDialog
from astroloc_qgis.gui.dock import index_dialog, reference_keeping
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.setup.engine_options import EngineOptionsPage
from astroloc_qgis.gui.setup.engine_parts import EngineParts
from astroloc_qgis.qgis_adapters.settings import Settings

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def export(qtbot, photo, localized, tmp_path):
    item = PhotoItem(photo, localized)
    dialog = ExportDialog([item], item, tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_the_export_says_what_it_will_write_and_remembers_the_choices(qtbot, export, photo, localized, tmp_path):
    assert export.example.text() == "For example a_georeferenced.tif"
    assert not export.grab().isNull()
    for box in export.forms.values():
        box.setChecked(False)
    assert not export.ok.isEnabled()
    qtbot.mouseClick(export.forms[REPORT], LEFT)
    export.resampling.setCurrentIndex(2)
    export.resolution.setValue(0.5)
    options = export.options()
    assert (options["crs"], options["resampling"], options["resolution"]) == ("EPSG:4326", "nearest", 0.5)
    qtbot.mouseClick(export.ok, LEFT)
    assert export.result() == QDialog.DialogCode.Accepted
    item = PhotoItem(photo, localized)
    again = ExportDialog([item], item, tmp_path)
    qtbot.addWidget(again)
    assert again.with_report
    assert again.resampling.currentData() == "nearest"


def test_an_index_has_zooms_extent_model_and_folder(qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(index_dialog, "_extent_in", lambda *_: QgsRectangle(10.0, 45.0, 200_010.0, 200_045.0))
    dialog = index_dialog.IndexDialog(SimpleNamespace(width=lambda: 4000), tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    params = dialog.params()
    assert params["zooms"] == [10, 11, 12]
    assert params["extent"] == [10.0, 45.0, 200_010.0, 200_045.0]
    dialog.zooms.setText("ten")
    build = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    qtbot.mouseClick(build, LEFT)
    assert "ten" in dialog.problem.text()
    dialog.zooms.setText("9")
    qtbot.mouseClick(build, LEFT)
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_the_page_of_options_shows_and_keeps_settings_and_copies_the_report(qtbot, dock):
    parts = EngineParts(dock.session, dock)
    page = EngineOptionsPage(parts, Settings())
    qtbot.addWidget(page)
    page.show()
    page.threads.setValue(3)
    page.memory.setValue(4096)
    page.log_level.setCurrentIndex(page.log_level.findData("DEBUG"))
    page.apply()
    assert (Settings().threads, Settings().memory, Settings().log_level) == ("3", "4096", "DEBUG")
    text = page.copy_report()
    assert "QGIS" in text
    assert QApplication.clipboard().text() == text
    parts.stop()


def test_questions_about_files_and_removal_are_answered(qtbot, dock, monkeypatch, tmp_path):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(tmp_path / "a.tle"), ""))
    assert ask_for_file(dock, "Elements", "*.tle") == tmp_path / "a.tle"
    parts = EngineParts(dock.session, dock)
    parts.open()
    removed = []
    monkeypatch.setattr(parts.setup, "remove", lambda: removed.append(True))
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.No)
    parts.dialog._remove()
    assert removed == []
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    parts.dialog._remove()
    assert removed == [True]
    parts.stop()


def test_blue_marble_is_kept_from_a_dialog_that_says_what_is_there(qtbot, dock, monkeypatch):
    dialog = reference_keeping.KeepingDialog(dock.session.blue_marble, dock)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.download.isEnabled()
    assert not dialog.remove.isEnabled()
    qtbot.mouseClick(dialog.download, Qt.MouseButton.LeftButton)
    assert dialog.result() == reference_keeping.DOWNLOAD
    ran = []
    monkeypatch.setattr(dock.session, "run", ran.extend)
    monkeypatch.setattr(reference_keeping.KeepingDialog, "exec", lambda _self: reference_keeping.DOWNLOAD)
    qtbot.mouseClick(dock.keeping.button, Qt.MouseButton.LeftButton)
    assert [(job.method, job.params) for job in ran] == [("imagery_keep", {"service": "blue-marble", "file": None})]


def test_the_finer_reference_is_chosen_in_a_box(dock):
    box = dock.finer.box
    box.activated.emit(box.findData("viirs-snpp"))
    assert dock.session.finer.uri() == "viirs-snpp"
    box.activated.emit(0)
    assert dock.session.finer.uri() is None
