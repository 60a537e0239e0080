"""The photo on the map canvas with outline and tie points, redrawn when photo, map or appearance change."""

from __future__ import annotations

import time

import numpy as np
from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QStyleOptionGraphicsItem, QWidget

from astroloc_qgis.gui.desk.canvas.appearance import Appearance, Mode
from astroloc_qgis.gui.desk.canvas.handles import Handles
from astroloc_qgis.gui.desk.canvas.screen import Picture, Screen, warp
from astroloc_qgis.gui.desk.canvas.tie_point_marks import CASING, colour_of, draw_cross, draw_point
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.qgis_adapters.desk_photo import Pyramid

ACCENT = QColor(255, 213, 0)
"""Colour of the photo's outline and corners."""
SLOW_S = 0.03
"""A picture that took longer than this is drawn at half the resolution while it is dragged."""
HANDLE = 5
"""Half the side of a handle, pixels."""
MOST_FOUND = 250
"""The most tie points of the machine that are drawn: more would hide the land."""


class LiveItem(QgsMapCanvasItem):
    """Draws one photo over the map.

    Args:
        canvas: the map.
    """

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self._pyramid: Pyramid | None = None
        self._placement: Placement | None = None
        self._work: Work | None = None
        self._appearance = Appearance()
        self._coarse = False
        self._dirty = True
        self._picture: Picture | None = None
        self._image: QImage | None = None
        self._slow = False
        self.with_handles = False
        self.with_tie_points = True
        self.dark = False
        """Whether a blinking photo is hidden at the moment."""
        self.pending: tuple[float, float] | None = None
        """A point of the photo that waits for its place on the ground."""
        self.exaggeration = 1.0
        self.warp_seconds = 0.0
        """How long the last picture took to warp."""
        self._screen = Screen.of(canvas.mapSettings())
        self._shown = self._state()
        super().__init__(canvas)
        self.setZValue(5)

    @property
    def screen(self) -> Screen:
        """The map as it is now."""
        state = self._state()
        if state != self._shown:
            self._shown = state
            self._screen = Screen.of(self._canvas.mapSettings())
            self._dirty = True
        return self._screen

    def show_photo(self, pyramid: Pyramid | None, placement: Placement | None, work: Work | None) -> None:
        """Show a photo at a placement; None shows no photo."""
        self._pyramid, self._placement, self._work = pyramid, placement, work
        self._invalidate()

    def set_appearance(self, appearance: Appearance) -> None:
        """Change the appearance of the photo."""
        again = (appearance.mode is Mode.EDGES) != (self._appearance.mode is Mode.EDGES)
        again |= (appearance.brightness, appearance.contrast) != (
            self._appearance.brightness,
            self._appearance.contrast,
        )
        self._appearance = appearance
        if again:
            self._invalidate()
        else:
            self.update()

    def set_dragging(self, dragging: bool) -> None:
        """Draw at half the resolution during a drag, if drawing is slow."""
        if self._coarse != dragging:
            self._coarse = dragging
            self._invalidate()

    def handles(self) -> Handles | None:
        """Where the photo can be grabbed."""
        return None if self._placement is None else Handles.of(self.screen, self._placement)

    def boundingRect(self) -> QRectF:
        """The whole canvas."""
        return QRectF(0, 0, self._canvas.width(), self._canvas.height())

    def updatePosition(self) -> None:
        """Follow the map (called by the canvas when it shows something else)."""
        self.prepareGeometryChange()
        self.setPos(0, 0)
        self._invalidate()

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem | None = None,  # noqa: ARG002 - Qt calls it with all three
        widget: QWidget | None = None,  # noqa: ARG002
    ) -> None:
        """Draw everything."""
        if self._placement is None:
            return
        if self.screen and self._dirty:
            self._render()
        painter.save()
        if (
            self._image is not None
            and self._picture is not None
            and not (self._appearance.mode is Mode.BLINK and self.dark)
        ):
            self._draw_photo(painter, self._image, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_outline(painter)
        if self.with_tie_points:
            self._draw_tie_points(painter)
        if self.with_handles:
            self._draw_handles(painter)
        painter.restore()

    def _state(self) -> tuple[object, ...]:
        """The values that identify the view of the map."""
        extent, crs = self._canvas.extent(), self._canvas.mapSettings().destinationCrs()
        box = (extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum())
        return (*box, self._canvas.width(), self._canvas.height(), self._canvas.rotation(), crs.authid(), crs.srsid())

    def _invalidate(self) -> None:
        self._dirty = True
        self.update()

    def _render(self) -> None:
        self._dirty = False
        self._picture = self._image = None
        if self._pyramid is None or self._placement is None:
            return
        started = time.perf_counter()
        ratio = self._canvas.devicePixelRatioF() * (0.5 if self._coarse and self._slow else 1.0)
        picture = warp(self._pyramid, self._placement, self.screen, ratio)
        if picture is not None:
            self._picture = Picture(np.ascontiguousarray(self._appearance.apply(picture.pixels)), picture.rect)
            height, width = self._picture.pixels.shape
            data = self._picture.pixels.data
            self._image = QImage(data, width, height, 4 * width, QImage.Format.Format_ARGB32)
        self.warp_seconds = time.perf_counter() - started
        if ratio >= self._canvas.devicePixelRatioF():
            self._slow = self.warp_seconds > SLOW_S

    def _draw_photo(self, painter: QPainter, image: QImage, picture: Picture) -> None:
        painter.save()
        painter.setOpacity(self._appearance.opacity)
        if self._appearance.mode is Mode.SWIPE:
            line = self._appearance.swipe * self._canvas.width()
            painter.setClipRect(QRectF(0, 0, line, self._canvas.height()))
        painter.drawImage(picture.rect, image)
        painter.restore()
        if self._appearance.mode is Mode.SWIPE:
            line = self._appearance.swipe * self._canvas.width()
            for colour, width in ((CASING, 4.0), (QColor(255, 255, 255), 2.0)):
                painter.setPen(QPen(colour, width))
                painter.drawLine(QPointF(line, 0), QPointF(line, self._canvas.height()))

    def _draw_outline(self, painter: QPainter) -> None:
        if self._placement is None:
            return
        ring = self.screen.outline(self._placement)
        if len(ring) < 3 or np.abs(ring).max() > 1e6:
            return
        polygon = QPolygonF([QPointF(x, y) for x, y in ring])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((CASING, 3.5), (ACCENT, 1.6)):
            painter.setPen(QPen(colour, width))
            painter.drawPolygon(polygon)

    def _draw_handles(self, painter: QPainter) -> None:
        handles = self.handles()
        if handles is None or not np.isfinite(handles.corners).all() or np.abs(handles.corners).max() > 1e6:
            return
        painter.setPen(QPen(CASING, 1.2))
        top, turn = QPointF(*handles.edges[0]), QPointF(*handles.turn)
        painter.setPen(QPen(ACCENT, 1.4))
        painter.drawLine(top, turn)
        painter.setPen(QPen(CASING, 1.2))
        painter.setBrush(QColor(255, 255, 255))
        painter.drawEllipse(turn, HANDLE + 1, HANDLE + 1)
        for x, y in handles.edges:
            path = QPainterPath(QPointF(x, y - HANDLE))
            for dx, dy in ((HANDLE, 0), (0, HANDLE), (-HANDLE, 0)):
                path.lineTo(QPointF(x + dx, y + dy))
            path.closeSubpath()
            painter.drawPath(path)
        painter.setBrush(ACCENT)
        for number, (x, y) in enumerate(handles.corners):
            painter.drawRect(QRectF(x - HANDLE, y - HANDLE, 2 * HANDLE, 2 * HANDLE))
            if number == 0:  # which corner of the photo is its first
                painter.drawEllipse(QPointF(x, y), 1.5, 1.5)

    def _draw_tie_points(self, painter: QPainter) -> None:
        if self._placement is None or self._work is None:
            return
        placement = self._placement
        found = [point for point in self._work.tie_points if not point.by_hand][:: self._stride()]
        points = [*found, *(point for point in self._work.tie_points if point.by_hand)]
        if points:
            photo = np.array([[point.x, point.y] for point in points])
            lonlat = np.array([[point.lon, point.lat] for point in points])
            there, here = self.screen.from_lonlat(lonlat), self.screen.from_photo(placement, photo)
            for point, at, seen in zip(points, there, here, strict=True):
                if np.isfinite(at).all() and np.isfinite(seen).all() and np.abs(at).max() < 1e5:
                    tip = at + (seen - at) * self.exaggeration
                    painter.setPen(QPen(colour_of(point), 1.5))
                    painter.drawLine(QPointF(*at), QPointF(*tip))
                    draw_point(painter, QPointF(*at), point)
        if self.pending is not None:
            (at,) = self.screen.from_photo(placement, np.array([self.pending]))
            if np.isfinite(at).all():
                draw_cross(painter, QPointF(*at))

    def _stride(self) -> int:
        count = sum(not point.by_hand for point in self._work.tie_points) if self._work else 0
        return max(1, -(-count // MOST_FOUND))
