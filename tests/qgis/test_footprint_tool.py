"""Correcting a photo on the map with the mouse: it follows, changes are undone, and the polygon goes with it."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import QgsGeometry, QgsPointXY, QgsProject
from qgis.PyQt.QtCore import QPoint, Qt

from astroloc_qgis.gui.desk.canvas.screen import Screen
from astroloc_qgis.gui.model.work import PhotoState
from astroloc_qgis.qgis_adapters.desk_layers import footprint_layer, read_corners

from .hand import LEFT, corners, drag, on_screen, send_move, work


def test_a_photo_placed_by_hand_lies_upright_in_the_middle_of_the_map_with_a_footprint_layer(desk):
    screen = Screen.of(desk.canvas.mapSettings())
    at = screen.from_photo(work(desk).placement, np.array([[450.0, 300.0], [450.0, 0.0], [900.0, 300.0]]))
    np.testing.assert_allclose(at[0], np.array(screen.size) / 2, atol=3)
    assert at[1][1] < at[0][1]
    assert at[2][0] > at[0][0]
    assert work(desk).state is PhotoState.NEEDS_REVIEW
    layer = footprint_layer(desk.current.item.path, QgsProject.instance())
    np.testing.assert_allclose(read_corners(layer), corners(desk), atol=1e-7)
    assert desk.canvas.mapTool() is desk.footprint_tool


def test_dragged_inside_it_follows_the_mouse_exactly(qtbot, desk):
    start = on_screen(desk, [450, 300])
    drag(qtbot, desk, start, start + np.array([60, -40]))
    np.testing.assert_allclose(on_screen(desk, [450, 300]), np.round(start) + np.array([60, -40]), atol=1.01)
    assert desk.current.item.desk.stack.undoText() == "Move the photo"


def test_a_dragged_corner_goes_where_the_mouse_goes_and_the_others_stay(qtbot, desk):
    before = [on_screen(desk, xy) for xy in ([0, 0], [900, 0], [900, 600], [0, 600])]
    drag(qtbot, desk, before[1], before[1] + (40, -30))
    after = [on_screen(desk, xy) for xy in ([0, 0], [900, 0], [900, 600], [0, 600])]
    np.testing.assert_allclose(after[1], before[1] + (40, -30), atol=1.5)
    for number in (0, 2, 3):
        np.testing.assert_allclose(after[number], before[number], atol=0.01)


def test_a_corner_cannot_be_dragged_so_that_the_photo_folds(qtbot, desk):
    before = corners(desk)
    start, opposite = on_screen(desk, [0, 0]), on_screen(desk, [900, 600])
    drag(qtbot, desk, start, opposite + 30, steps=1)
    np.testing.assert_allclose(corners(desk), before)


def test_the_stalk_turns_it_about_its_middle(qtbot, desk):
    handles, middle = desk.live.handles(), on_screen(desk, [450, 300])
    length = np.hypot(*(handles.turn - middle))
    drag(qtbot, desk, handles.turn, middle + np.array([length, 0]))
    np.testing.assert_allclose(on_screen(desk, [450, 300]), middle, atol=0.01)
    up = on_screen(desk, [450, 0]) - on_screen(desk, [450, 300])
    assert np.degrees(np.arctan2(up[1], up[0])) == pytest.approx(0, abs=0.6)  # its top points to the right now


def test_an_edge_scales_it_about_its_middle(qtbot, desk):
    handles, middle = desk.live.handles(), on_screen(desk, [450, 300])
    start = handles.edges[1]
    drag(qtbot, desk, start, middle + (start - middle) * 1.5)
    np.testing.assert_allclose(on_screen(desk, [450, 300]), middle, atol=0.01)
    after = on_screen(desk, [900, 300])
    np.testing.assert_allclose(after - middle, (start - middle) * 1.5, atol=1.5)


def test_the_keyboard_nudges_it_and_nudges_are_undone_together(qtbot, desk):
    start = on_screen(desk, [450, 300])
    desk.canvas.setFocus()
    for _ in range(3):
        qtbot.keyClick(desk.canvas, Qt.Key.Key_Right)
    qtbot.keyClick(desk.canvas, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    np.testing.assert_allclose(on_screen(desk, [450, 300]), start + np.array([3, -10]), atol=0.02)
    desk.current.undo()
    np.testing.assert_allclose(on_screen(desk, [450, 300]), start, atol=0.01)


def test_escape_gives_a_drag_up(qtbot, desk):
    before, start = corners(desk), on_screen(desk, [450, 300])
    port = desk.canvas.viewport()
    qtbot.mousePress(port, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(*np.round(start).astype(int)))
    send_move(desk, QPoint(500, 200))
    assert desk.current.item.desk.previewing
    qtbot.keyClick(desk.canvas, Qt.Key.Key_Escape)
    qtbot.mouseRelease(port, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(500, 200))
    np.testing.assert_allclose(corners(desk), before)


def test_everything_is_undone_and_redone_step_by_step(qtbot, desk):
    seen = [corners(desk)]
    for photo_xy, step in (([450, 300], (50, 20)), ([0, 0], (-20, -20)), ([900, 600], (25, 10))):
        start = on_screen(desk, photo_xy)
        drag(qtbot, desk, start, start + np.array(step))
        seen.append(corners(desk))
    for before in seen[-2::-1]:
        desk.current.undo()
        np.testing.assert_array_equal(corners(desk), before)
    for after in seen[1:]:
        desk.current.redo()
        np.testing.assert_array_equal(corners(desk), after)
    desk.current.undo(), desk.current.undo(), desk.current.undo(), desk.current.undo()
    assert work(desk).placement is None
    assert footprint_layer(desk.current.item.path, QgsProject.instance()) is None


def test_the_polygon_follows_the_photo(qtbot, desk):
    layer = footprint_layer(desk.current.item.path, QgsProject.instance())
    start = on_screen(desk, [0, 0])
    drag(qtbot, desk, start, start + np.array([-30, -25]))
    np.testing.assert_allclose(read_corners(layer), corners(desk), atol=1e-7)
    desk.current.undo()
    np.testing.assert_allclose(read_corners(layer), corners(desk), atol=1e-7)


def test_the_photo_follows_the_polygon_when_qgis_edits_it_and_back_when_the_edits_are_discarded(desk):
    before = corners(desk)
    layer = footprint_layer(desk.current.item.path, QgsProject.instance())
    assert layer.startEditing()
    (feature,) = layer.getFeatures()
    moved = feature.geometry()
    vertex = moved.vertexAt(2)
    moved.moveVertex(vertex.x() + 0.1, vertex.y() - 0.05, 2)
    assert layer.changeGeometry(feature.id(), moved)
    after = corners(desk)
    np.testing.assert_allclose(after[2], before[2] + (0.1, -0.05), atol=1e-6)
    np.testing.assert_allclose(np.delete(after, 2, 0), np.delete(before, 2, 0), atol=1e-6)
    assert desk.current.item.desk.stack.undoText() == "Edit the footprint"
    assert layer.rollBack()
    np.testing.assert_allclose(corners(desk), before, atol=1e-6)


def test_a_fifth_corner_leaves_the_photo_where_it_is(desk):
    before = corners(desk)
    layer = footprint_layer(desk.current.item.path, QgsProject.instance())
    layer.startEditing()
    (feature,) = layer.getFeatures()
    ring = [QgsPointXY(*xy) for xy in [*before, before[3] + (-0.2, 0.2)]]
    layer.changeGeometry(feature.id(), QgsGeometry.fromPolygonXY([ring]))
    np.testing.assert_allclose(corners(desk), before)
    layer.rollBack()
