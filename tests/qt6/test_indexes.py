"""The window that manages indexes, on Qt 6."""

from __future__ import annotations

import json

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialogButtonBox, QMessageBox

from astroloc_qgis.gui.indexes import index_manager
from astroloc_qgis.gui.indexes.install_dialog import InstallDialog
from astroloc_qgis.qgis_adapters.index_list import remember_index
from astroloc_qgis.qgis_adapters.settings import Settings
from tests.qgis.files import make_index

LEFT = Qt.MouseButton.LeftButton
SECOND = 1000


@pytest.fixture
def manager(qtbot, dock, tmp_path, monkeypatch):
    monkeypatch.setattr(index_manager, "world_index", lambda: None)
    remember_index(Settings(), make_index(tmp_path / "index"))
    partial = tmp_path / "begun.partial"
    partial.mkdir()
    plan = {"imagery": "a.tif", "zooms": [9], "extent": [1, 2, 3, 4], "model": "m", "stride": 2}
    (partial / "plan.json").write_text(json.dumps(plan))
    remember_index(Settings(), tmp_path / "begun")
    qtbot.mouseClick(dock.index.manage_button, LEFT)
    return dock.indexes


def test_indexes_are_listed_resumed_paused_and_deleted(qtbot, manager, monkeypatch, tmp_path):
    assert manager.table.rowCount() == 2
    assert not manager.grab().isNull()
    manager.table.selectRow(0)
    qtbot.mouseClick(manager.resume, LEFT)
    qtbot.waitUntil(lambda: manager.progress.bar.value() > 0, timeout=20 * SECOND)
    qtbot.mouseClick(manager.progress.cancel_button, LEFT)
    qtbot.waitUntil(lambda: not manager._session.busy, timeout=20 * SECOND)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    manager.table.selectRow(0)
    qtbot.mouseClick(manager.delete, LEFT)
    assert not (tmp_path / "begun.partial").exists()
    assert manager.table.rowCount() == 1


def test_the_install_dialog_refuses_and_accepts(qtbot, tmp_path):
    dialog = InstallDialog(tmp_path / "indexes")
    qtbot.addWidget(dialog)
    dialog.show()
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    qtbot.mouseClick(ok, LEFT)
    assert "archive" in dialog.problem.text()
    dialog.source.setText("https://example.org/a.zip")
    dialog.sha256.setText("0" * 64)
    qtbot.mouseClick(ok, LEFT)
    assert dialog.result() == InstallDialog.DialogCode.Accepted
