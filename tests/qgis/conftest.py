"""The plugin inside a QGIS without a window: its dock, its map and its message bar."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsProject, QgsRectangle, QgsSettings
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtCore import QCoreApplication, QSize
from qgis.PyQt.QtGui import QColor, QImage

from astroloc_qgis import classFactory
from astroloc_qgis.gui.model import index_choice, project_store

SCRIPT = Path(__file__).resolve().parents[1] / "worker" / "scripted_worker.py"
MAKER = Path(__file__).with_name("make_world.py")
SECOND = 1000
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


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A folder with photo, reference, index and truth, made by a process of its own; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("world")
    subprocess.run([sys.executable, str(MAKER), str(folder)], check=True, timeout=300)
    return folder


@pytest.fixture
def plugin(qgis_iface, qgis_new_project, monkeypatch, tmp_path_factory):
    """The plugin, loaded as QGIS loads it and unloaded after the test."""
    monkeypatch.setenv("ASTROLOC_PYTHON", sys.executable)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(index_choice, "world_index", lambda: None)  # as if none had come with the plugin
    profile = tmp_path_factory.mktemp("profile")
    monkeypatch.setattr(project_store, "unsaved_folder", lambda: profile)
    loaded = classFactory(Iface(qgis_iface))
    loaded.initGui()
    loaded.dock.session.settings.threads = 1
    yield loaded
    loaded.unload()
    QgsProject.instance().clear()


@pytest.fixture
def dock(plugin):
    return plugin.dock


@pytest.fixture
def scripted(dock):
    """The dock with the scripted worker in the engine's place."""
    dock.session.engine._command = lambda: [sys.executable, str(SCRIPT)]
    return dock


@pytest.fixture
def messages(plugin):
    """The messages in the message bar, as (level, sentence), newest last."""

    def read():
        return [(item.level(), item.text()) for item in reversed(plugin.iface.messageBar().items())]

    return read


@pytest.fixture
def canvas(qtbot, qgis_canvas):
    window = qgis_canvas.window()
    window.show()
    qgis_canvas.setFixedSize(QSize(800, 600))
    qtbot.waitUntil(lambda: qgis_canvas.mapSettings().outputSize().width() > 700, timeout=2 * SECOND)
    qgis_canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    qgis_canvas.setExtent(QgsRectangle(1_000_000, 5_700_000, 1_400_000, 6_000_000))
    yield qgis_canvas
    qgis_canvas.setMinimumSize(0, 0)
    qgis_canvas.setMaximumSize(16777215, 16777215)
    window.hide()


@pytest.fixture
def desk(qtbot, plugin, dock, canvas, tmp_path):
    """The desk, open, with one photo of 900 x 600 pixels placed in the middle of the map."""
    image = QImage(900, 600, QImage.Format.Format_RGB32)
    image.fill(QColor(200, 80, 40))
    for x in range(40):
        image.setPixelColor(x, x, QColor("black"))  # the engine refuses a photo of one colour
    assert image.save(str(tmp_path / "a.png"))
    dock.add_photos([tmp_path / "a.png"])
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    dock.desk_button.click()
    desk = plugin.desk
    qtbot.waitUntil(lambda: desk.current.pyramid is not None, timeout=3 * SECOND)
    desk.actions.place_here()
    qtbot.wait(200)  # QGIS zooms to the first layer of an empty project, when it comes round to it
    return desk


SUCCESS, WARNING, CRITICAL = (
    Qgis.MessageLevel.Success,
    Qgis.MessageLevel.Warning,
    Qgis.MessageLevel.Critical,
)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Collect what is left of the tests while QGIS still runs, and nothing once it has ended, when that can crash."""
    gc.collect()
    gc.freeze()
