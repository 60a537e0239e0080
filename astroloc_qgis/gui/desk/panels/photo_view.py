"""The photo as it was taken, with its tie points, which are set here to the pixel."""

from __future__ import annotations

import numpy as np
from qgis.PyQt.QtCore import QPointF, QRectF, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QImage, QMouseEvent, QPainter, QPen, QResizeEvent, QWheelEvent
from qgis.PyQt.QtWidgets import (
    QFrame,
    QGraphicsItem,
    QGraphicsScene,
    QGraphicsView,
    QStyleOptionGraphicsItem,
    QWidget,
)

from astroloc_qgis.gui.desk.canvas.appearance import Appearance
from astroloc_qgis.gui.desk.canvas.tie_point_marks import REACH, STILL, draw_cross, draw_point, nearest_point
from astroloc_qgis.gui.model.tie_points import TiePoint
from astroloc_qgis.qgis_adapters.desk_photo import Pyramid
from astroloc_qgis.qgis_adapters.text import tr

ZOOM_STEP = 1.25


class PhotoView(QGraphicsView):
    """Shows one photo; the wheel zooms, dragging pans, a click sets a point where points are being set."""

    clicked = pyqtSignal(float, float)
    """A place in the photo was clicked while points are being set: pixels."""
    point_moved = pyqtSignal(int, float, float, bool)
    """A tie point is dragged: its number, pixels, whether it was let go."""
    point_toggled = pyqtSignal(int)
    """A tie point was clicked with the right button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setScene(QGraphicsScene(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setBackgroundBrush(QColor(40, 40, 40))
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumSize(160, 100)
        self.setToolTip(tr("The photo as it was taken: the wheel zooms, dragging moves it"))
        self.setAccessibleName(tr("Photo"))
        self._item: _PyramidItem | None = None
        self._points: tuple[TiePoint, ...] = ()
        self._selected: set[int] = set()
        self._pending: tuple[float, float] | None = None
        self._setting = False
        self._dragged: int | None = None
        self._pressed_at: QPointF | None = None
        self._still = True
        self._fitted = True
        self.empty_text = ""

    def show_photo(self, pyramid: Pyramid | None) -> None:
        """Show another photo, all of it; None shows no photo."""
        self.scene().clear()
        self._item = None
        if pyramid is not None:
            self._item = _PyramidItem(pyramid)
            self.scene().addItem(self._item)
            self.setSceneRect(self._item.boundingRect())
            self.fit()
        self.viewport().update()

    def show_points(
        self, points: tuple[TiePoint, ...], selected: set[int], pending: tuple[float, float] | None
    ) -> None:
        """Show tie points over the photo."""
        self._points, self._selected, self._pending = points, selected, pending
        self.viewport().update()

    def set_appearance(self, appearance: Appearance) -> None:
        """Show it brighter or with more contrast."""
        if self._item is not None:
            self._item.set_appearance(appearance)

    def set_setting(self, setting: bool) -> None:
        """Whether clicks set points."""
        self._setting = setting
        self.setCursor(Qt.CursorShape.CrossCursor if setting else Qt.CursorShape.OpenHandCursor)
        self.viewport().setCursor(self.cursor())

    def fit(self) -> None:
        """Show all of the photo."""
        if self._item is not None:
            self.fitInView(self._item.boundingRect(), Qt.AspectRatioMode.KeepAspectRatio)
            self._fitted = True

    def center_on_point(self, x: float, y: float) -> None:
        """Bring a place of the photo into the middle."""
        self.centerOn(QPointF(x, y))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep all of the photo in view until the user zooms."""
        super().resizeEvent(event)
        if self._fitted:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the mouse."""
        factor = ZOOM_STEP if event.angleDelta().y() > 0 else 1 / ZOOM_STEP
        scale = self.transform().m11() * factor
        if 0.005 < scale < 40:
            self._fitted = False
            self.scale(factor, factor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab a tie point, else the photo."""
        at = self.mapToScene(event.pos())
        near = self._point_at(at)
        if event.button() == Qt.MouseButton.RightButton:
            if near is not None:
                self.point_toggled.emit(near)
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._pressed_at = QPointF(event.pos())
        self._still = True
        self._dragged = near
        if near is None:
            self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag a tie point, else the photo."""
        if self._dragged is not None:
            self._still = self._still and self._is_near(event)
            if not self._still:
                at = self.mapToScene(event.pos())
                self.point_moved.emit(self._dragged, at.x(), at.y(), False)
        else:
            super().mouseMoveEvent(event)
            self._fitted = self._fitted and self._pressed_at is None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag; without one, set a point."""
        super().mouseReleaseEvent(event)
        self.setDragMode(QGraphicsView.DragMode.NoDrag)
        still = self._still and self._is_near(event)
        pressed, self._pressed_at = self._pressed_at, None
        dragged, self._dragged = self._dragged, None
        at = self.mapToScene(event.pos())
        if event.button() != Qt.MouseButton.LeftButton or pressed is None:
            return
        if dragged is not None and not still:
            self.point_moved.emit(dragged, at.x(), at.y(), True)
        elif still and self._setting and self._item is not None and self._item.boundingRect().contains(at):
            self.clicked.emit(at.x(), at.y())
        self.set_setting(self._setting)

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # noqa: ARG002 - Qt calls it with both
        """Draw the tie points, of the same size at every zoom; say what to do where there is no photo."""
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._item is None:
            painter.setPen(QColor(200, 200, 200))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.viewport().rect().adjusted(10, 6, -10, -6), flags, self.empty_text)
        for number, point in enumerate(self._points):
            at = QPointF(self.mapFromScene(QPointF(point.x, point.y)))
            draw_point(painter, at, point)
            if number in self._selected:
                painter.setPen(QPen(QColor(255, 255, 255), 1.6))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(at, 8, 8)
        if self._pending is not None:
            draw_cross(painter, QPointF(self.mapFromScene(QPointF(*self._pending))))
        painter.restore()

    def _is_near(self, event: QMouseEvent) -> bool:
        """Whether the mouse is still where it was pressed: then it has clicked, not dragged."""
        return self._pressed_at is not None and (QPointF(event.pos()) - self._pressed_at).manhattanLength() < STILL

    def _point_at(self, at: QPointF) -> int | None:
        drawn = np.array([[point.x, point.y] for point in self._points])
        reach = REACH / max(self.transform().m11(), 1e-9)
        return nearest_point(self._points, drawn, np.array([at.x(), at.y()]), reach)


class _PyramidItem(QGraphicsItem):
    """Paints a photo at the level that its size on the screen needs."""

    def __init__(self, pyramid: Pyramid) -> None:
        super().__init__()
        self._pyramid = pyramid
        self._appearance = Appearance()
        self._images = [
            QImage(level.data, level.shape[1], level.shape[0], 4 * level.shape[1], QImage.Format.Format_ARGB32)
            for level in pyramid.levels
        ]
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def set_appearance(self, appearance: Appearance) -> None:
        """Show it brighter or with more contrast."""
        self._appearance = Appearance(brightness=appearance.brightness, contrast=appearance.contrast)
        self.update()

    def boundingRect(self) -> QRectF:
        """All of the photo, in its pixels."""
        width, height = self._pyramid.size
        return QRectF(0, 0, width, height)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:  # noqa: ARG002
        """Paint what is in view."""
        scale = painter.worldTransform().m11()
        number = self._pyramid.level_for(1 / max(scale, 1e-6))
        shown = option.exposedRect & self.boundingRect()
        image = self._images[number]
        width, height = self._pyramid.size
        x, y = image.width() / width, image.height() / height
        source = QRectF(shown.x() * x, shown.y() * y, shown.width() * x, shown.height() * y)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 3)
        if self._appearance.brightness or self._appearance.contrast:
            box = source.toAlignedRect() & image.rect()
            pixels = np.ascontiguousarray(
                self._pyramid.levels[number][box.top() : box.bottom() + 1, box.left() : box.right() + 1]
            )
            adjusted = np.ascontiguousarray(self._appearance.apply(pixels))
            part = QImage(adjusted.data, box.width(), box.height(), 4 * box.width(), QImage.Format.Format_ARGB32)
            target = QRectF(box.x() / x, box.y() / y, box.width() / x, box.height() / y)
            painter.drawImage(target, part, QRectF(part.rect()))
        else:
            painter.drawImage(shown, image, source)
