"""An index from the dialog, with the real engine, which is killed twice on the way and goes on from the window."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialogButtonBox, QMessageBox

from astroloc_qgis.gui.dock.index_dialog import IndexDialog

from .conftest import ENGINE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = ENGINE_SECONDS * 1000
ZOOMS, MODEL = "11, 12, 13", "efficientnet-lite0-gem"

pytestmark = pytest.mark.slow


@pytest.fixture
def prepared(dock, world, tmp_path):
    """A dock with a reference."""
    layer = QgsRasterLayer(str(world / "reference.tif"), "reference")
    QgsProject.instance().addMapLayer(layer)
    dock.reference.layers.setLayer(layer)
    dock.session.settings.output = tmp_path / "out"
    return dock


def fill_in_dialog(out, **choices):
    """Fill in the dialog as soon as it is there, and press Build."""

    def act():
        (dialog,) = (widget for widget in QApplication.topLevelWidgets() if isinstance(widget, IndexDialog))
        dialog.zooms.setText(ZOOMS)
        dialog.model.setCurrentText(MODEL)
        for name, data in choices.items():
            box = getattr(dialog, name)
            box.setCurrentIndex(box.findData(data))
        dialog.folder.setFilePath(str(out))
        dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()

    QTimer.singleShot(200, act)


def pieces(out):
    return len(list(out.with_name(out.name + ".partial").glob("piece-*.npz")))


def select(manager, name):
    folders = [index.folder.name.removesuffix(".partial") for index in manager.table.indexes]
    row = folders.index(name)
    manager.table.clearSelection()
    manager.table.selectRow(row)


def kill_when(qtbot, dock, out, count):
    """Kill the engine when so many pieces are done."""
    qtbot.waitUntil(lambda: pieces(out) >= count, timeout=TIMEOUT)
    assert not (out / "index.json").exists()
    os.kill(dock.session.engine.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=TIMEOUT)


def test_built_from_the_dialog_killed_twice_and_resumed_it_is_the_same_as_built_in_one_go(
    qtbot, prepared, world, tmp_path, messages
):
    out = tmp_path / "region"
    prepared.index.manage_button.click()
    manager = prepared.indexes
    fill_in_dialog(out, kind="SQfp16", blocks=False)
    manager.build.click()
    kill_when(qtbot, prepared, out, 1)
    assert "stopped unexpectedly" in messages()[-1][1]
    for count in (3, 0):
        select(manager, "region")
        assert manager.table.selected()[0].state.value == "unfinished"
        manager.resume.click()
        if count:
            kill_when(qtbot, prepared, out, count)
    qtbot.waitUntil(lambda: not prepared.session.busy, timeout=TIMEOUT)
    assert prepared.session.index.path == out
    select(manager, "region")
    assert manager.table.selected()[0].state.value == "ready"
    manager.close()

    extent = json.loads((out / "index.json").read_text())["extent"]
    command = [sys.executable, "-m", "astroloc_qgis", "index", "build", "--imagery", str(world / "reference.tif")]
    command += ["--zooms", ZOOMS.replace(" ", ""), f"--extent={','.join(map(repr, extent))}", "--model", MODEL]
    command += ["--kind", "SQfp16", "--device", "cpu", "--out", str(tmp_path / "one")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for name in ("descriptors.faiss", "blocks.npz"):
        assert (out / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_a_build_that_is_cancelled_leaves_nothing(qtbot, prepared, tmp_path, monkeypatch):
    out = tmp_path / "region"
    prepared.index.manage_button.click()
    manager = prepared.indexes
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    fill_in_dialog(out)
    manager.build.click()
    qtbot.waitUntil(lambda: pieces(out) > 0, timeout=TIMEOUT)
    assert manager.discard.isVisible()
    manager.discard.click()
    qtbot.waitUntil(lambda: not prepared.session.busy, timeout=TIMEOUT)
    assert not out.exists()
    assert not out.with_name("region.partial").exists()
    assert "region.partial" not in [index.folder.name for index in manager.table.indexes]
    assert "cancelled" in manager.outcome.text()
    manager.close()
