"""The photo on the map, and the tools that move it and its tie points, on Qt 6: drawing, mouse and keys."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qgis.core import QgsRectangle
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QPoint, Qt

from astroloc_qgis.gui.desk.canvas.appearance import Appearance, Mode
from astroloc_qgis.gui.desk.canvas.footprint_tool import FootprintTool
from astroloc_qgis.gui.desk.canvas.live_item import LiveItem
from astroloc_qgis.gui.desk.canvas.tie_point_tool import TiePointTool
from astroloc_qgis.gui.desk.current_photo import CurrentPhoto
from astroloc_qgis.gui.desk.tie_point_edits import TiePointEdits
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.qgis_adapters.desk_photo import read_pyramid

from .pictures import colours

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NO_KEY = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def desk(qtbot, photo, localized):
    """A map of 160 x 120 km with the photo on it, and the desk's parts that draw and move it."""
    canvas = QgsMapCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(800, 600)
    canvas.setExtent(QgsRectangle(1_033_195, 5_720_349, 1_193_195, 5_840_349))
    canvas.show()
    qtbot.waitExposed(canvas)
    current, live, pyramid = CurrentPhoto(), LiveItem(canvas), read_pyramid(photo)
    current.put(PhotoItem(photo, localized))
    edits = TiePointEdits(current)

    def draw():
        live.pending = edits.pending
        live.show_photo(pyramid, current.desk.placement, current.work)

    for changed in (current.changed, current.previewed, edits.pending_changed):
        changed.connect(draw)
    draw()
    yield SimpleNamespace(
        canvas=canvas,
        current=current,
        live=live,
        edits=edits,
        footprint=FootprintTool(canvas, current, live),
        tie=TiePointTool(canvas, current, edits, live),
    )
    canvas.setMapTool(None)


def at(desk, x, y):
    """Where a pixel of the photo is on the screen."""
    return desk.live.screen.from_photo(desk.current.desk.placement, np.array([[x, y]], float))[0]


def by(pixel, step):
    return np.add(pixel, step)


def point(pixel):
    return QPoint(*np.round(pixel).astype(int).tolist())


def drag(qtbot, desk, start, end, keys=NO_KEY):
    port = desk.canvas.viewport()
    qtbot.mouseMove(port, point(start))
    qtbot.mousePress(port, LEFT, keys, point(start))
    for part in (0.3, 0.7, 1.0):
        qtbot.mouseMove(port, point(start + (end - start) * part))
    qtbot.mouseRelease(port, LEFT, keys, point(end))


@pytest.mark.parametrize("mode", list(Mode))
def test_the_photo_is_drawn_in_every_way_to_compare(desk, mode):
    desk.canvas.setMapTool(desk.footprint)
    desk.live.set_appearance(Appearance(mode, opacity=1.0, brightness=0))
    seen = colours(desk.canvas.viewport())
    assert "#ffd500" in seen  # the outline and the handles
    assert ("#c82828" in seen) == (mode is not Mode.EDGES)
    assert ("#2828c8" in seen) == (mode in (Mode.PLAIN, Mode.BLINK))
    desk.live.set_appearance(Appearance(mode, brightness=50, contrast=10))
    assert "#c82828" not in colours(desk.canvas.viewport())


def test_dragged_inside_it_follows_the_mouse_and_is_put_back_by_undo(qtbot, desk):
    desk.canvas.setMapTool(desk.footprint)
    before = desk.current.work.placement
    start = at(desk, 300, 200)
    drag(qtbot, desk, start, by(start, (40, -25)))
    assert at(desk, 300, 200) == pytest.approx(by(start, (40, -25)), abs=1.5)
    qtbot.keyClick(desk.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.current.work.placement == before
    qtbot.keyClick(desk.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert desk.current.work.placement != before


@pytest.mark.parametrize("keys", [NO_KEY, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier])
def test_a_corner_an_edge_and_the_stalk_are_dragged(qtbot, desk, keys):
    desk.canvas.setMapTool(desk.footprint)
    handles = desk.live.handles()
    for grabbed in (handles.corners[1], handles.edges[2], handles.turn):
        before = desk.current.work.placement
        drag(qtbot, desk, grabbed, by(grabbed, (12, 18)), keys)
        assert desk.current.work.placement != before
        desk.current.undo()


def test_keys_nudge_turn_and_scale_it(qtbot, desk):
    desk.canvas.setMapTool(desk.footprint)
    start = at(desk, 450, 300)
    qtbot.keyClick(desk.canvas, Qt.Key.Key_Right)
    qtbot.keyClick(desk.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert at(desk, 450, 300) == pytest.approx(by(start, (11, 0)), abs=0.2)
    for key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_Plus):
        before = desk.current.work.placement
        qtbot.keyClick(desk.canvas, key)
        assert desk.current.work.placement != before


def test_the_cursor_says_what_can_be_grabbed(qtbot, desk):
    desk.canvas.setMapTool(desk.footprint)
    for pixel, cursor in (
        (at(desk, 450, 250), Qt.CursorShape.SizeAllCursor),
        (desk.live.handles().turn, Qt.CursorShape.PointingHandCursor),
        (np.array([3.0, 3.0]), Qt.CursorShape.ArrowCursor),
    ):
        for there in (by(pixel, (1, 1)), pixel):  # a mouse that is there already does not move
            qtbot.mouseMove(desk.canvas.viewport(), point(there))
        qtbot.waitUntil(lambda cursor=cursor: desk.canvas.cursor().shape() == cursor, timeout=2000)


def test_a_tie_point_is_set_moved_switched_and_deleted(qtbot, desk):
    desk.canvas.setMapTool(desk.tie)
    port = desk.canvas.viewport()
    first = at(desk, 300, 200)
    qtbot.mouseClick(port, LEFT, NO_KEY, point(first))
    assert desk.edits.pending == pytest.approx((300, 200), abs=4)
    assert len(colours(port)) > 5  # with the cross
    qtbot.mouseClick(port, LEFT, NO_KEY, point(by(first, (3, 2))))
    assert len(desk.current.work.tie_points) == 10
    own = desk.current.work.tie_points[-1]
    assert own.by_hand
    there = desk.live.screen.from_lonlat(np.array([[own.lon, own.lat]]))[0]
    assert there == pytest.approx(by(first, (3, 2)), abs=1)
    drag(qtbot, desk, there, by(there, (0, 20)))
    moved = desk.current.work.tie_points[-1]
    there = desk.live.screen.from_lonlat(np.array([[moved.lon, moved.lat]]))[0]
    assert there == pytest.approx(by(first, (3, 22)), abs=2)
    qtbot.mouseClick(port, RIGHT, NO_KEY, point(there))
    assert not desk.current.work.tie_points[-1].on
    qtbot.mouseMove(port, point(there))
    qtbot.keyClick(desk.canvas, Qt.Key.Key_Delete)
    assert len(desk.current.work.tie_points) == 9


def test_the_tools_say_that_they_edit(desk):
    assert desk.footprint.flags() == desk.tie.flags() == desk.footprint.Flag.EditTool
