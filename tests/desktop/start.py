"""Runs inside QGIS (``--code``): watches, and writes what there is to see into a file, several times a second.

It touches nothing: the test acts with mouse and keyboard only, and looks here for where to click and what has happened.
The one exception is that it makes the window as large as the screen.
"""

import json
import os
from pathlib import Path

from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsProject
from qgis.PyQt.QtCore import QPoint, QTimer
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface, plugins

STATUS = Path(os.environ["ASTROLOC_DESKTOP_STATUS"])


def place(widget):
    """The middle of a widget in pixels of the screen, which are not always Qt's."""
    middle = widget.mapToGlobal(QPoint(widget.width() // 2, widget.height() // 2))
    scale = widget.devicePixelRatioF()
    return [round(middle.x() * scale), round(middle.y() * scale)]


def group(node):
    return {child.name(): group(child) for child in node.children()} if hasattr(node, "addLayer") else None


def extent_lonlat():
    canvas = iface.mapCanvas()
    wgs84 = QgsCoordinateReferenceSystem("EPSG:4326")
    transform = QgsCoordinateTransform(canvas.mapSettings().destinationCrs(), wgs84, QgsProject.instance())
    box = transform.transformBoundingBox(canvas.extent())
    return [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]


def footprints():
    layers = [layer for layer in QgsProject.instance().mapLayers().values() if layer.name() == "Footprint"]
    return [
        [[point.x(), point.y()] for point in feature.geometry().vertices()]
        for layer in layers
        for feature in layer.getFeatures()
    ]


def status():
    dock, parts = plugins["astroloc_qgis"].dock, plugins["astroloc_qgis"].engine_parts
    widgets = {
        "add": dock.add_button,
        "localize": dock.localize_button,
        "reference": dock.reference.layers,
        "build": dock.index.build_button,
        "cancel": dock.progress.cancel_button,
        "photos": dock.photos,
        "set up": parts.banner.button,
    }
    if parts.dialog is not None:
        widgets["install"] = parts.dialog.install_button
    modal = QApplication.activeModalWidget()
    return {
        "widgets": {name: place(widget) for name, widget in widgets.items() if widget.isVisible()},
        "window": [dock.isVisible(), dock.width(), dock.height()],
        "modal": modal.windowTitle() if modal else "",
        "reference": dock.reference.layers.currentText(),
        "index": dock.index.about.text(),
        "hint": dock.hint.text(),
        "ready": dock.localize_button.isEnabled(),
        "busy": dock.session.busy,
        "progress": dock.progress.text.text() if dock.progress.isVisible() else "",
        "photos": [[item.name, item.state.value, item.note] for item in dock.photos.photos.items],
        "messages": [item.text() for item in iface.messageBar().items()],
        "tree": group(QgsProject.instance().layerTreeRoot()),
        "extent": extent_lonlat(),
        "footprints": footprints(),
        "drawing": iface.mapCanvas().isDrawing(),
        "setup": [
            parts.banner.text.text(),
            parts.dialog.disk.text() if parts.dialog else "",
            parts.dialog.status.text() if parts.dialog else "",
        ],
        "engine": dock.session.engine.process_id,
    }


def write():
    if "astroloc_qgis" not in plugins:
        return
    unfinished = STATUS.with_suffix(".part")
    unfinished.write_text(json.dumps(status()), encoding="utf-8")
    unfinished.replace(STATUS)


iface.mainWindow().showMaximized()
timer = QTimer(iface.mainWindow())
timer.timeout.connect(write)
# Not before: looking at the dock builds it, and the plugin itself waits until QGIS has opened its project.
iface.initializationCompleted.connect(lambda: timer.start(150))
