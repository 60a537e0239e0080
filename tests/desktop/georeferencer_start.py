"""Runs inside QGIS (``--code``): as ``start``, and tells what QGIS's Georeferencer shows and where to click in it."""

import os
import sys

from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QMenu,
    QTableView,
    QToolBar,
)

sys.path.insert(0, os.environ["ASTROLOC_DESKTOP_FOLDER"])

import start
from qgis.utils import iface

plain_status = start.status
TICK = int(Qt.ItemDataRole.CheckStateRole)


def middle(widget, at):
    point = widget.mapToGlobal(QPoint(round(at.x()), round(at.y())))
    return [round(point.x() * widget.devicePixelRatioF()), round(point.y() * widget.devicePixelRatioF())]


def actions_of(widget):
    found = {}
    for action in widget.actions():
        name = action.objectName() or action.text().replace("&", "")
        rect = widget.actionGeometry(action)
        if name and rect.isValid() and not rect.isEmpty():
            found[name] = middle(widget, rect.center())
    return found


def georeferencer():
    windows = [w for w in QApplication.topLevelWidgets() if w.inherits("QgsGeoreferencerMainWindow")]
    return next((w for w in windows if w.isVisible()), None)


def table(window):
    found = [view for view in window.findChildren(QTableView) if view.model() is not None]
    if not found:
        return []
    model = found[0].model()
    names = [str(model.headerData(column, Qt.Orientation.Horizontal)) for column in range(model.columnCount())]
    rows = []
    for row in range(model.rowCount()):
        cells = [model.index(row, column) for column in range(model.columnCount())]
        values = [cell.data() if cell.data() is not None else cell.data(TICK) for cell in cells]
        rows.append(dict(zip(names, values, strict=True)))
    return rows


def settings_dialog():
    """Where to click in the window that sets the transformation, and what CRS it names."""
    dialogs = [w for w in QApplication.topLevelWidgets() if w.inherits("QgsTransformSettingsDialog") and w.isVisible()]
    if not dialogs:
        return {}, ""
    boxes = dialogs[0].findChildren(QComboBox)
    kinds = next(box for box in boxes if box.itemText(0) == "Linear")
    crs = next((box.currentText() for box in boxes if box.currentText().startswith("EPSG:")), "")
    ok = dialogs[0].findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    return {"transformation": middle(kinds, kinds.rect().center()), "ok": middle(ok, ok.rect().center())}, crs


def status():
    window = georeferencer()
    told = {
        "open": window is not None,
        "actions": actions_of(iface.mainWindow().menuBar()),
        "rows": [],
        "transform": "",
    }
    for menu in iface.mainWindow().findChildren(QMenu):
        if menu.isVisible():
            told["actions"].update(actions_of(menu))
    if window is not None:
        for bar in window.findChildren(QToolBar):
            told["actions"].update({f"georeferencer {name}": at for name, at in actions_of(bar).items()})
        told["rows"] = table(window)
        told["transform"] = " ".join(label.text() for label in window.statusBar().findChildren(QLabel))
    buttons, told["target crs"] = settings_dialog()
    told["actions"].update(buttons)
    told["dialogs"] = [w.windowTitle() for w in QApplication.topLevelWidgets() if w.isVisible() and w.isModal()]
    return {**plain_status(), "georeferencer": told}


start.status = status
