"""The analyst's hand in the tests of the desk: clicks and drags on the map, and where the photo lies now."""

from __future__ import annotations

import numpy as np
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QMouseEvent

from astroloc_qgis.gui.desk.canvas.screen import Screen

LEFT = Qt.MouseButton.LeftButton


def work(desk):
    return desk.current.work


def corners(desk):
    return work(desk).placement.footprint()


def on_screen(desk, photo_xy):
    return Screen.of(desk.canvas.mapSettings()).from_photo(work(desk).placement, np.atleast_2d(photo_xy))[0]


def drag(qtbot, desk, start, end, modifier=Qt.KeyboardModifier.NoModifier, steps=4):
    """Drag on the canvas from one pixel to another."""
    port = desk.canvas.viewport()
    points = [QPoint(*np.round(start + (end - start) * part).astype(int)) for part in np.linspace(0, 1, steps + 1)]
    qtbot.mouseMove(port, points[0])
    qtbot.mousePress(port, LEFT, modifier, points[0])
    for point in points[1:]:
        send_move(desk, point, modifier)
    qtbot.mouseRelease(port, LEFT, modifier, points[-1])


def send_move(desk, point, modifier=Qt.KeyboardModifier.NoModifier):
    port = desk.canvas.viewport()
    where = QPointF(port.mapToGlobal(point))
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(point), where, Qt.MouseButton.NoButton, LEFT, modifier)
    QCoreApplication.sendEvent(port, event)


def click(qtbot, desk, at):
    qtbot.mouseClick(desk.canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, QPoint(*np.round(at).astype(int)))
