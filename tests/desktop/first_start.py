"""Runs inside QGIS (``--code``) for the walk to the first photo: installs the zip, then watches as ``start`` does."""

import os
import sys

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QPoint, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialog, QDialogButtonBox, QDockWidget, QLineEdit
from qgis.utils import iface, plugins

sys.path.insert(0, os.environ["ASTROLOC_DESKTOP_FOLDER"])

import start

errors = []
QgsApplication.messageLog().messageReceived.connect(
    lambda text, tag, _level: errors.append(f"{tag}: {text}") if "ython" in tag or "Traceback" in text else None
)
plain_status = start.status


def middle(widget, at):
    point = widget.mapToGlobal(QPoint(round(at.x()), round(at.y())))
    return [round(point.x() * widget.devicePixelRatioF()), round(point.y() * widget.devicePixelRatioF())]


def more_widgets():
    """Where there is something to click beyond what ``start`` tells."""
    dock, parts = plugins["astroloc_qgis"].dock, plugins["astroloc_qgis"].engine_parts
    result, candidates = dock.result, dock.result.candidates
    found = {
        "number": dock.nasa.number,
        "look up": dock.nasa.button,
        "zoom": result.zoom_button,
        "blink": result.blink_button,
        "try here": candidates.try_button,
        "finer": dock.finer.box,
        "keep": dock.keeping.button,
    }
    if parts.dialog is not None and parts.dialog.isVisible():
        found["close"] = parts.dialog.close_button
        found["imagery"] = parts.dialog.imagery
    places = {name: start.place(widget) for name, widget in found.items() if widget.isVisible()}
    toolbox = iface.mainWindow().findChild(QDockWidget, "ProcessingToolbox")
    if toolbox is not None and toolbox.isVisible():
        places["toolbox"] = start.place(toolbox.findChild(QLineEdit))
    if candidates.row.isVisible():
        for number in range(min(4, candidates.row.count())):
            rect = candidates.row.visualItemRect(candidates.row.item(number))
            places[f"candidate {number}"] = middle(candidates.row.viewport(), rect.center())
    modal = QApplication.activeModalWidget()
    if isinstance(modal, QDialog):
        for line in modal.findChildren(QLineEdit):
            if line.isVisible():
                places[f"field {line.objectName()}".strip()] = start.place(line)
        for box in modal.findChildren(QDialogButtonBox):
            for button in box.buttons():
                if button.isVisible():
                    places[f"button {button.text().replace('&', '')}"] = start.place(button)
    return places


def status():
    dock, parts = plugins["astroloc_qgis"].dock, plugins["astroloc_qgis"].engine_parts
    told = plain_status()
    told["widgets"] |= more_widgets()
    told["focus"] = QApplication.focusWidget().objectName() if QApplication.focusWidget() else ""
    told["default"] = (
        next((b.text() for b in parts.dialog.findChildren(type(dock.localize_button)) if b.isDefault()), "")
        if parts.dialog
        else ""
    )
    told["enabled"] = {
        "localize": dock.localize_button.isEnabled(),
        "install": bool(parts.dialog and parts.dialog.install_button.isEnabled()),
        "try here": dock.result.candidates.try_button.isEnabled(),
    }
    told["sizes"] = {
        "download": int(parts.dialog._plan.get("download_bytes", 0)) if parts.dialog else 0,
        "disk": int(parts.dialog._plan.get("disk_bytes", 0)) if parts.dialog else 0,
        "imagery": bool(parts.dialog and parts.dialog.imagery.isChecked()),
    }
    told["marble"] = [dock.session.blue_marble.busy, dock.session.blue_marble.is_whole]
    told["errors"], told["finer"] = errors, dock.finer.box.currentText()
    told["nasa busy"] = dock.nasa.lookups.busy
    told["nadirs"] = [str(item.nadir) for item in dock.session.photos.items]
    canvas = iface.mapCanvas()
    told["canvas"] = [middle(canvas, QPoint(0, 0)), middle(canvas, QPoint(canvas.width(), canvas.height()))]
    return told


def install():
    """Install the plugin as *Install from ZIP* of QGIS's window of plugins does."""
    import pyplugin_installer

    pyplugin_installer.instance().installFromZipFile(os.environ["ASTROLOC_WALK_ZIP"])
    if seconds := os.environ.get("ASTROLOC_WALK_SECONDS"):
        plugins["astroloc_qgis"].dock.session.settings.seconds = seconds


start.status = status
iface.initializationCompleted.connect(lambda: QTimer.singleShot(500, install))
