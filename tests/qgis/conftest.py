"""The plugin inside a QGIS without a window: its dock, its map and its message bar."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from qgis.core import Qgis, QgsProject, QgsSettings
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtCore import QCoreApplication

from astroloc_qgis import classFactory
from astroloc_qgis.gui.dock import index_chooser
from astroloc_qgis.gui.model import keeper

SCRIPT = Path(__file__).resolve().parents[1] / "worker" / "scripted_worker.py"
ENGINE_SECONDS = 180
"""How long a test waits for the real engine, at most."""


class Iface:
    """QGIS's interface, with a real message bar instead of one that only counts."""

    def __init__(self, iface):
        self._iface = iface
        self._bar = QgsMessageBar(iface.mainWindow())

    def messageBar(self):  # noqa: N802 - the name is QGIS's
        return self._bar

    def __getattr__(self, name):
        return getattr(self._iface, name)


@pytest.fixture(autouse=True)
def settings(qgis_app, tmp_path, monkeypatch):
    """Settings, logs and an engine's folder of this test alone."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    QCoreApplication.setOrganizationName("astroloc-tests")
    QgsSettings().remove("astroloc")
    QgsSettings().setValue("locale/userLocale", "en")  # the tests read English, whatever this machine speaks
    yield QgsSettings()
    QgsSettings().remove("astroloc")
    QgsSettings().remove("locale")


@pytest.fixture
def plugin(qgis_iface, qgis_new_project, monkeypatch, tmp_path_factory):
    """The plugin, loaded as QGIS loads it and unloaded after the test."""
    monkeypatch.setenv("ASTROLOC_PYTHON", sys.executable)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(index_chooser, "world_index", lambda: None)  # as if none had come with the plugin
    kept = tmp_path_factory.mktemp("profile") / "unsaved.astroloc.gpkg"
    beside = keeper.store_path
    monkeypatch.setattr(keeper, "store_path", lambda project: beside(project) if project.fileName() else kept)
    loaded = classFactory(Iface(qgis_iface))
    loaded.initGui()
    loaded.dock.settings.threads = 1
    yield loaded
    loaded.unload()
    QgsProject.instance().clear()


@pytest.fixture
def dock(plugin):
    return plugin.dock


@pytest.fixture
def scripted(dock):
    """The dock with the scripted worker in the engine's place."""
    dock.localization.engine._command = lambda: [sys.executable, str(SCRIPT)]
    return dock


@pytest.fixture
def messages(plugin):
    """The messages in the message bar, as (level, sentence), newest last."""

    def read():
        return [(item.level(), item.text()) for item in reversed(plugin.iface.messageBar().items())]

    return read


SUCCESS, WARNING, CRITICAL = (
    Qgis.MessageLevel.Success,
    Qgis.MessageLevel.Warning,
    Qgis.MessageLevel.Critical,
)
