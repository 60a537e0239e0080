"""The map tool for tie points: first a place in the photo, then its place on the map, with QGIS's own snapping."""

from __future__ import annotations

import numpy as np
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsSnapIndicator
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QKeyEvent

from astroloc_qgis.engine.geometry.projection import WGS84, Array, transform_points
from astroloc_qgis.gui.desk.canvas.desk_tool import DeskTool
from astroloc_qgis.gui.desk.canvas.live_item import LiveItem
from astroloc_qgis.gui.desk.canvas.tie_point_marks import REACH, STILL, nearest_point
from astroloc_qgis.gui.desk.current_photo import CurrentPhoto
from astroloc_qgis.gui.desk.tie_point_edits import TiePointEdits
from astroloc_qgis.qgis_adapters.text import tr


class TiePointTool(DeskTool):
    """Adds, moves, switches and deletes tie points on the map.

    Args:
        canvas: the map.
        current: the photo on the desk.
        edits: does the changes.
        item: draws the photo.
    """

    def __init__(self, canvas: QgsMapCanvas, current: CurrentPhoto, edits: TiePointEdits, item: LiveItem) -> None:
        super().__init__(canvas, current)
        self._edits, self._item = edits, item
        self._snap = QgsSnapIndicator(canvas)
        self._dragged: int | None = None
        self._pressed_at = QPoint()
        self._still = True
        self.setCursor(Qt.CursorShape.CrossCursor)

    def deactivate(self) -> None:
        """Forget a point that waits for its place."""
        self._snap.setVisible(False)
        self._edits.set_pending(None)
        self._dragged = None
        super().deactivate()

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Show what the point would snap to, and drag."""
        self._still = self._still and (event.pos() - self._pressed_at).manhattanLength() < STILL
        if self._dragged is not None:
            if not self._still:
                self._edits.move_on_ground(self._dragged, *self._place(event), final=False)
        elif self._edits.pending is not None:
            self._place(event)
            self.canvas().setToolTip(tr("Now click the same place on the map (Esc: another point)"))
        else:
            self._snap.setVisible(False)
            near = self.tie_point_at(_at(event.pos()))
            self.canvas().setToolTip(
                tr("Click a place in the photo, on the map or in the photo's own window")
                if near is None
                else tr("Drag: move it; right click: on or off; Delete: take it away")
            )

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Grab a tie point."""
        self._pressed_at, self._still = event.pos(), True
        if event.button() == Qt.MouseButton.LeftButton and self._edits.pending is None:
            self._dragged = self.tie_point_at(_at(event.pos()))

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Set a point in the photo or its place; end a drag; switch a point on or off with the right button.

        A click on a tie point sets another one beside it: where the machine found many there is little room between.
        """
        pixel = _at(event.pos())
        if event.button() == Qt.MouseButton.RightButton:
            if (near := self.tie_point_at(pixel)) is not None:
                self._edits.toggle(near)
            elif self._edits.pending is not None:
                self._edits.set_pending(None)
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        number, self._dragged = self._dragged, None
        if number is not None and not self._still:
            self._edits.move_on_ground(number, *self._place(event), final=True)
        elif self._edits.pending is not None:
            self._edits.add(*self._place(event))
        else:
            self._choose_in_photo(pixel)
        self._snap.setVisible(False)

    def key(self, event: QKeyEvent) -> bool:
        """Escape forgets the waiting point; Delete takes away the tie point under the mouse."""
        if event.key() == Qt.Key.Key_Escape and self._edits.pending is not None:
            self._edits.set_pending(None)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            near = self.tie_point_at(_at(self.canvas().mouseLastXY()))
            if near is not None:
                self._edits.delete([near])
        else:
            return False
        return True

    def tie_point_at(self, pixel: Array) -> int | None:
        """The number of the tie point whose place on the ground is under the mouse; those set by hand first."""
        desk = self._current.desk
        points = desk.work.tie_points if desk is not None else ()
        if not points:
            return None
        drawn = self._item.screen.from_lonlat(np.array([[point.lon, point.lat] for point in points]))
        return nearest_point(points, drawn, pixel, REACH)

    def _choose_in_photo(self, pixel: Array) -> None:
        desk = self._current.desk
        if desk is None or desk.placement is None:
            return
        photo = self._item.screen.to_photo(desk.placement, pixel[None])[0]
        if np.isfinite(photo).all() and (photo >= 0).all() and (photo <= desk.placement.size).all():
            self._edits.set_pending((float(photo[0]), float(photo[1])))

    def _place(self, event: QgsMapMouseEvent) -> tuple[float, float]:
        """Where the mouse is on the ground, snapped as the project says."""
        point = event.snapPoint()
        self._snap.setMatch(event.mapPointMatch())
        crs = self._item.screen.crs
        lon, lat = transform_points(np.array([[point.x(), point.y()]]), crs, WGS84)[0]
        return float(lon), float(lat)


def _at(point: QPoint) -> Array:
    return np.array([point.x(), point.y()], dtype=np.float64)
