"""What runs inside QGIS has nothing of Qt 5 that QGIS 4 (Qt 6) has no more.

``tests/qt6`` looks names up in a real Qt 6 and runs the widgets on it; these rules need neither.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.qt6_rules import faults

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path.relative_to(ROOT)
    for folder in (
        "astroloc_qgis/gui",
        "astroloc_qgis/qgis_adapters",
        "astroloc_qgis/processing_provider",
        ".ci",
        "tests/qgis",
        "tests/desktop",
        "tests/qt6",
    )
    for path in sorted((ROOT / folder).rglob("*.py"))
]

OLD = {
    "from PyQt5.QtCore import QTimer": "PyQt5",
    "from qgis.PyQt.Qt import QTimer": "qgis.PyQt.Qt is not there",
    "from qgis.PyQt import QtWebKit": "QtWebKit is not there",
    "from qgis.PyQt.QtCore import QRegExp": "QRegExp is not there",
    "from qgis.PyQt.QtCore import QVariant": "QVariant is not there",
    "from qgis.PyQt.QtWidgets import QUndoStack": "in QtGui",
    "from astroloc_qgis import resources_rc": "compiled resources",
    "f(Qt.AlignCenter)": "Qt.AlignCenter: say which",
    "a | Qt.ItemIsEnabled": "Qt.ItemIsEnabled: say which",
    "a == QgsMapLayer.VectorLayer": "QgsMapLayer.VectorLayer: say which",
    "def f(role: int = Qt.DisplayRole): ...": "Qt.DisplayRole: say which",
    "f(Qt.MouseButton.MidButton)": "MidButton is not there",
    "f(QPalette.ColorRole.Background)": "Background is not there",
    "x = QgsMapTool.Flags(1)": "QgsMapTool.Flags: Qt 6 has",
    "def f() -> Qt.ItemFlags: ...": "Qt.ItemFlags: Qt 6 has",
    "dialog.exec_()": "exec_ is not there",
    "def exec_(self): ...": "exec_ is called exec",
    "event.globalPos()": "globalPos is not there",
    "box.activated[str].connect(f)": "one form",
    "painter.fontMetrics().width(text)": "horizontalAdvance",
    "QMouseEvent(kind, at, button, buttons, keys)": "place on the screen",
    "menu.addAction(icon, text, slot, keys)": "make the action first",
    "QApplication.desktop()": "desktop() is not there",
    "QFontDatabase().families()": "static methods",
    "QDateTime(QDate(2020, 1, 1))": "a QDate and a QTime",
    "def dropEvent(self, event: QDropEvent): event.pos()": "take position()",
    "def mouseMoveEvent(self, event: QMouseEvent): event.x()": "take position()",
}
GOOD = """
from qgis.PyQt.QtCore import Qt, QMetaType
from qgis.PyQt.QtWidgets import QAction, QDialogButtonBox
try:
    from qgis.PyQt.QtGui import QUndoStack
except ImportError:
    from qgis.PyQt.QtWidgets import QUndoStack


def flags(self, event: QMouseEvent, vertical: Qt.AlignmentFlag) -> Qt.ItemFlag:
    standard = QDialogButtonBox.StandardButton
    f(Qgis.QGIS_VERSION, Qt.Key.Key_A | QMetaType.Type.QString, QgsLayoutExporter.PdfExportSettings())
    self.menu.addAction("text", self.slot)
    assert isinstance(vertical, Qt.AlignmentFlag)
    QMouseEvent(kind, at, there, button, buttons, keys)
    return event.pos(), event.position().x(), self.width(), dialog.exec()
"""


@pytest.mark.parametrize(("source", "sentence"), OLD.items(), ids=list(OLD))
def test_what_qt_6_has_no_more_is_found(source, sentence):
    (found,) = faults(source)
    assert sentence in found


def test_what_both_have_is_left_alone():
    assert faults(GOOD) == []


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_nothing_of_qt_5_alone_is_used(path):
    assert faults((ROOT / path).read_text(encoding="utf-8")) == []
