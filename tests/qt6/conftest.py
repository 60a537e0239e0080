"""The dock and the desk's window on Qt 6, with a scripted engine and settings of one test alone."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from qgis.core import QgsMessageLog, QgsSettings
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QColor, QImage
from qgis.PyQt.QtWidgets import QApplication, QMainWindow

from astroloc_qgis.gui.desk.desk_dock import DeskDock
from astroloc_qgis.gui.dock.dock import AstroLocDock
from astroloc_qgis.gui.localization_jobs import LocalizationJobs
from astroloc_qgis.gui.model import index_choice
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.gui.model.tie_points import TiePoint
from astroloc_qgis.gui.model.work import Candidate, PhotoState, Work
from astroloc_qgis.gui.session import Session

SCRIPT = Path(__file__).resolve().parents[1] / "worker" / "scripted_worker.py"
SIZE = (900, 600)


@pytest.fixture(autouse=True)
def settings(qapp, tmp_path, monkeypatch):
    """Settings, logs and an engine's folder of this test alone."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("ASTROLOC_PYTHON", sys.executable)
    QgsSettings.setPath(QgsSettings.Format.NativeFormat, QgsSettings.Scope.UserScope, str(tmp_path / "settings"))
    QCoreApplication.setOrganizationName("astroloc-tests-qt6")
    QgsMessageLog.lines.clear()
    return QgsSettings()


@pytest.fixture(autouse=True)
def windows(qapp):
    """Each test closes what it has opened: a window or menu that is left in front takes the mouse of a later test."""
    yield
    for window in QApplication.topLevelWidgets():
        if window.isVisible():
            window.close()
    assert not [window for window in QApplication.topLevelWidgets() if window.isVisible()]


class Iface:
    """QGIS's interface, as far as a session needs it."""

    def __init__(self):
        self._window = QMainWindow()
        self._bar = QgsMessageBar(self._window)

    def mainWindow(self):  # noqa: N802 - the name is QGIS's
        return self._window

    def messageBar(self):  # noqa: N802
        return self._bar

    def layerTreeCanvasBridge(self):  # noqa: N802
        return self

    def setCanvasLayers(self):  # noqa: N802 - of the bridge: there are no layers
        pass


@pytest.fixture
def session(qtbot, monkeypatch):
    """What dock and desk share; the engine is the scripted one."""
    monkeypatch.setattr(index_choice, "world_index", lambda: None)
    iface = Iface()
    qtbot.addWidget(iface.mainWindow())
    made = Session(iface, iface.mainWindow())
    made.engine._command = lambda: [sys.executable, str(SCRIPT)]
    yield made
    made.stop()


@pytest.fixture
def dock(qtbot, session):
    """The dock, shown."""
    made = AstroLocDock(session, LocalizationJobs(session), session.iface.mainWindow())
    made.resize(400, 800)
    made.show()
    yield made
    made.stop()


@pytest.fixture
def desk_dock(qtbot, session):
    """The desk's window, shown."""
    made = DeskDock(session.iface.mainWindow())
    made.resize(1200, 400)
    made.show()
    return made


@pytest.fixture
def localized():
    """The work on a photo of 900 x 600 pixels that the machine localized from the second of three candidates."""
    matrix = np.array([[100.0, 0, -45_000], [0, -100.0, 30_000], [0, 0, 1]])
    plane = "+proj=aeqd +lat_0=46 +lon_0=10 +datum=WGS84"
    placement = Placement.of(matrix, plane, SIZE, "machine")
    photo = np.array([[x, y] for x in (100.0, 450.0, 800.0) for y in (80.0, 300.0, 520.0)])
    ground = placement.to_lonlat(photo + np.array([[0, 0], [3, -2], [1, 1]] * 3))
    return Work(
        state=PhotoState.LOCALIZED,
        placement=placement,
        tie_points=tuple(
            TiePoint(*xy, *lonlat, by_hand=number == 4)
            for number, (xy, lonlat) in enumerate(zip(photo.tolist(), ground.tolist(), strict=True))
        ),
        candidates=(
            Candidate(11, 720, 1090, 4, 1, 0.9),
            Candidate(11, 722, 1092, 4, 2, 0.8, "localized", 71, 0.97),
            Candidate(11, 724, 1094, 4, 3, 0.7),
        ),
        facts={"candidate": {"zoom": 11, "row": 722, "column": 1092}, "confidence": 0.97, "inliers": 71},
    )


@pytest.fixture
def photo(tmp_path):
    """A photo of 900 x 600 pixels: its left half is red, its right half blue."""
    image = QImage(900, 600, QImage.Format.Format_RGB32)
    image.fill(QColor(200, 40, 40))
    for x in range(450, 900):
        for y in range(600):
            image.setPixelColor(x, y, QColor(40, 40, 200))
    path = tmp_path / "a.png"
    assert image.save(str(path))
    return path
