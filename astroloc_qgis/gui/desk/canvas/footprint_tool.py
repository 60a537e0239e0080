"""The map tool that corrects a footprint: corners for perspective, inside to move, a stalk to turn, edges to scale."""

from __future__ import annotations

import cmath
import math

import numpy as np
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QKeyEvent

from astroloc_qgis.engine.geometry.homography import (
    apply_homography,
    homography_from_points,
    rotation_and_scaling,
    translation,
)
from astroloc_qgis.engine.geometry.polygons import is_convex
from astroloc_qgis.engine.geometry.projection import WGS84, Array, transform_points
from astroloc_qgis.gui.desk.canvas.desk_tool import DeskTool
from astroloc_qgis.gui.desk.canvas.live_item import LiveItem
from astroloc_qgis.gui.desk.current_photo import CurrentPhoto
from astroloc_qgis.gui.model.placement import Placement, is_sound
from astroloc_qgis.qgis_adapters.text import tr

REACH = 10
"""How near to a handle the mouse must be, pixels."""
NUDGE = 1
FAR_KM = 60.0
"""A photo that was moved farther than this from the middle of its local plane gets a plane of its own."""
NUDGE_ID, TURN_ID = 1, 2


class FootprintTool(DeskTool):
    """Drags the photo on the map.

    Args:
        canvas: the map.
        owner: tells which photo is on the desk.
        item: draws it.
    """

    def __init__(self, canvas: QgsMapCanvas, current: CurrentPhoto, item: LiveItem) -> None:
        super().__init__(canvas, current)
        self._item = item
        self._grabbed: str | None = None
        self._start: Placement | None = None
        self._start_at = np.zeros(2)

    def activate(self) -> None:
        """Show the handles."""
        super().activate()
        self._item.with_handles = True
        self._item.update()

    def deactivate(self) -> None:
        """Hide the handles; cancel a drag."""
        self._give_up()
        self._item.with_handles = False
        self._item.update()
        super().deactivate()

    def what_is_at(self, pixel: Array) -> str | None:
        """Name what the mouse would grab: "corner 0" to "corner 3", "edge 0" to "edge 3", "turn", "inside", or None."""
        handles = self._item.handles()
        desk = self._current.desk
        if handles is None or desk is None or desk.placement is None:
            return None
        named = [("turn", handles.turn)]
        named += [(f"corner {number}", at) for number, at in enumerate(handles.corners)]
        named += [(f"edge {number}", at) for number, at in enumerate(handles.edges)]
        for name, at in named:
            if np.isfinite(at).all() and np.hypot(*(at - pixel)) <= REACH:
                return name
        photo = self._item.screen.to_photo(desk.placement, pixel[None])[0]
        inside = np.isfinite(photo).all() and (photo >= 0).all() and (photo <= desk.placement.size).all()
        return "inside" if inside else None

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Grab what is under the mouse."""
        desk = self._current.desk
        if event.button() != Qt.MouseButton.LeftButton or desk is None or desk.placement is None:
            return
        pixel = _at(event.pos())
        self._grabbed = self.what_is_at(pixel)
        self._start, self._start_at = desk.placement, pixel
        if self._grabbed:
            self._item.set_dragging(True)

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Drag, or show by the cursor what can be grabbed."""
        pixel = _at(event.pos())
        if self._grabbed is None or self._start is None:
            name = self.what_is_at(pixel)
            self.canvas().setCursor(_cursor(name))
            self.canvas().setToolTip(_hint(name))
            return
        desk = self._current.desk
        if desk is not None and (placement := self._dragged(pixel, event.modifiers())) is not None:
            desk.preview(placement)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """End the drag and keep the new placement."""
        desk, grabbed, start = self._current.desk, self._grabbed, self._start
        if event.button() != Qt.MouseButton.LeftButton or grabbed is None or start is None or desk is None:
            return
        pixel = _at(event.pos())
        moved = self._dragged(pixel, event.modifiers()) if np.hypot(*(pixel - self._start_at)) > 0 else None
        moved = moved or (desk.placement if desk.previewing else None)
        self._grabbed = self._start = None
        self._item.set_dragging(False)
        if moved is None:
            desk.preview(None)
        else:
            desk.change(desk.work.moved_to(settled(moved)), _name(grabbed))

    def key(self, event: QKeyEvent) -> bool:
        """Arrows nudge, with Shift ten pixels at a time; + and - scale, [ and ] turn; Escape cancels a drag."""
        desk = self._current.desk
        step = NUDGE * (10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        arrows = {
            Qt.Key.Key_Left: (-step, 0),
            Qt.Key.Key_Right: (step, 0),
            Qt.Key.Key_Up: (0, -step),
            Qt.Key.Key_Down: (0, step),
        }
        factors = {
            Qt.Key.Key_Plus: (0.0, 1.01),
            Qt.Key.Key_Minus: (0.0, 1 / 1.01),
            Qt.Key.Key_BracketLeft: (math.radians(0.5), 1.0),
            Qt.Key.Key_BracketRight: (math.radians(-0.5), 1.0),
        }
        if event.key() == Qt.Key.Key_Escape and self._grabbed:
            self._give_up()
        elif desk is None or desk.placement is None or self._grabbed:
            return False
        elif event.key() in arrows:
            middle = self._item.screen.from_photo(desk.placement, desk.placement.centre[None])
            change = self._shift(desk.placement, middle[0], middle[0] + arrows[event.key()])
            if change is not None:
                desk.change(desk.work.moved_to(settled(change)), tr("Nudge the photo"), NUDGE_ID)
        elif event.key() in factors:
            turn, scale = factors[event.key()]
            change = desk.placement.moved(rotation_and_scaling(_middle(desk.placement), turn, scale))
            desk.change(desk.work.moved_to(settled(change)), tr("Turn or scale the photo"), TURN_ID)
        else:
            return False
        return True

    def _dragged(self, pixel: Array, modifiers: Qt.KeyboardModifier) -> Placement | None:
        """The placement with the mouse at a pixel; None where none is sound."""
        start, grabbed = self._start, self._grabbed
        if start is None or grabbed is None:
            return None
        if grabbed == "inside":
            return self._shift(start, self._start_at, pixel)
        ends = self._item.screen.to_plane(np.stack([self._start_at, pixel]), start.plane)
        if not np.isfinite(ends).all():
            return None
        if grabbed.startswith("corner") and not modifiers & Qt.KeyboardModifier.ControlModifier:
            return _with_corner(start, int(grabbed[-1]), ends[1] - ends[0])
        middle = _middle(start)
        a, b = complex(*(ends[0] - middle)), complex(*(ends[1] - middle))
        if abs(a) < 1e-6 or abs(b) < 1e-6:
            return None
        if grabbed == "turn":
            turn = cmath.phase(b / a)
            if modifiers & Qt.KeyboardModifier.ShiftModifier:
                turn = math.radians(15) * round(turn / math.radians(15))
            return _sound(start.moved(rotation_and_scaling(middle, turn, 1.0)))
        return _sound(start.moved(rotation_and_scaling(middle, 0.0, abs(b) / abs(a))))

    def _shift(self, start: Placement, pixel: Array, to: Array) -> Placement | None:
        ends = self._item.screen.to_plane(np.stack([pixel, to]), start.plane)
        return _sound(start.moved(translation(*(ends[1] - ends[0])))) if np.isfinite(ends).all() else None

    def _give_up(self) -> None:
        desk = self._current.desk
        if self._grabbed is not None and desk is not None:
            desk.preview(None)
        self._grabbed = self._start = None
        self._item.set_dragging(False)


def settled(placement: Placement) -> Placement:
    """The placement in a suitable plane: far from the middle of its local plane it gets another plane."""
    if "+proj=aeqd" not in placement.plane or np.hypot(*_middle(placement)) < FAR_KM * 1000:
        return placement
    return placement.re_centred()


def placement_from_corners(corners: Array, placement: Placement) -> Placement | None:
    """The placement whose anchors lie at four (longitude, latitude) corners; None where no photo has them."""
    ground = transform_points(corners, WGS84, placement.plane)
    if not np.isfinite(ground).all() or not is_convex(ground):
        return None
    matrix = homography_from_points(placement.anchors(), ground)
    return _sound(Placement.of(matrix, placement.plane, placement.size, "hand"))


def _with_corner(start: Placement, corner: int, step: Array) -> Placement | None:
    anchors = start.anchors()
    ground = apply_homography(start.matrix, anchors)
    ground[corner] += step
    if not is_convex(ground):
        return None
    return _sound(Placement.of(homography_from_points(anchors, ground), start.plane, start.size, "hand"))


def _sound(placement: Placement) -> Placement | None:
    return placement if is_sound(placement) else None


def _middle(placement: Placement) -> Array:
    return np.asarray(apply_homography(placement.matrix, placement.centre[None])[0])


def _at(point: QPoint) -> Array:
    return np.array([point.x(), point.y()], dtype=np.float64)


def _cursor(name: str | None) -> Qt.CursorShape:
    if name is None:
        return Qt.CursorShape.ArrowCursor
    if name == "inside":
        return Qt.CursorShape.SizeAllCursor
    return Qt.CursorShape.PointingHandCursor if name == "turn" else Qt.CursorShape.CrossCursor


def _hint(name: str | None) -> str:
    if name is None:
        return ""
    if name == "inside":
        return tr("Drag: move the photo (arrow keys: one pixel at a time)")
    if name == "turn":
        return tr("Drag: turn the photo (Shift: in steps of 15 degrees)")
    if name.startswith("edge"):
        return tr("Drag: scale the photo about its middle")
    return tr("Drag: move this corner (Ctrl: scale about the middle)")


def _name(grabbed: str) -> str:
    if grabbed == "inside":
        return tr("Move the photo")
    if grabbed == "turn":
        return tr("Turn the photo")
    return tr("Move a corner") if grabbed.startswith("corner") else tr("Scale the photo")
