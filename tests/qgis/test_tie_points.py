"""Tie points set, moved, switched and deleted on the map, in the photo and in the table."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.PyQt.QtCore import QPoint, Qt

from astroloc_qgis.gui.model.tie_points import TiePoint

from .hand import LEFT, click, drag, on_screen, work


def add_tie_point(qtbot, desk, photo_xy, to):
    click(qtbot, desk, on_screen(desk, photo_xy))
    click(qtbot, desk, to)


def test_one_tie_point_shifts_the_photo_two_turn_it_four_give_its_perspective(qtbot, desk):
    desk.canvas.setMapTool(desk.tie_tool)
    wanted = {(100, 100): (300, 250), (800, 120): (560, 200), (780, 520): (600, 420), (90, 540): (280, 400)}
    for number, (photo, to) in enumerate(wanted.items(), start=1):
        add_tie_point(qtbot, desk, photo, np.array(to, float))
        assert len(work(desk).tie_points) == number
        for point, (x, y) in zip(work(desk).tie_points, list(wanted.values())[:number], strict=True):
            np.testing.assert_allclose(on_screen(desk, [point.x, point.y]), (x, y), atol=0.05)
        for point, photo_xy in zip(work(desk).tie_points, wanted, strict=False):
            np.testing.assert_allclose((point.x, point.y), photo_xy, atol=2.5)  # a screen pixel
    _, metres = work(desk).residuals()
    assert np.abs(metres).max() < 1e-3
    desk.current.undo()
    assert len(work(desk).tie_points) == 3


def test_a_tie_point_is_moved_switched_off_and_deleted(qtbot, desk):
    desk.canvas.setMapTool(desk.tie_tool)
    for photo, to in (((100, 100), (300, 250)), ((800, 120), (560, 200))):
        add_tie_point(qtbot, desk, photo, np.array(to, float))
    drag(qtbot, desk, np.array([560.0, 200.0]), np.array([520.0, 240.0]))
    assert len(work(desk).tie_points) == 2
    point = work(desk).tie_points[1]
    np.testing.assert_allclose(on_screen(desk, [point.x, point.y]), (520, 240), atol=0.1)
    qtbot.mouseClick(
        desk.canvas.viewport(), Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, QPoint(520, 240)
    )
    assert [point.on for point in work(desk).tie_points] == [True, False]
    desk.tie_points.delete([1])
    assert len(work(desk).tie_points) == 1
    desk.current.undo(), desk.current.undo()
    assert [point.on for point in work(desk).tie_points] == [True, True]


def test_the_table_has_residuals_in_pixels_and_metres_and_a_box_to_switch(qtbot, desk):
    desk.canvas.setMapTool(desk.tie_tool)
    rng = np.random.default_rng(1)
    places = [(x, y) for x in (100, 450, 800) for y in (80, 300, 520)]
    targets = [on_screen(desk, place) + rng.normal(0, 4, 2) for place in places]
    for place, to in zip(places, targets, strict=True):
        add_tie_point(qtbot, desk, place, to)
    model = desk.dock.table.points
    pixels, metres = work(desk).residuals()
    assert model.rowCount() == 9
    assert float(model.index(4, 6).data()) == pytest.approx(np.hypot(*pixels[4]), abs=0.006)
    assert float(model.index(4, 7).data()) == pytest.approx(np.hypot(*metres[4]), abs=0.06)
    assert np.hypot(*pixels.T).max() > 0.5
    assert "9 tie points" in desk.dock.status.text()
    box = model.index(4, 0)
    assert model.setData(box, Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert not work(desk).tie_points[4].on
    desk.dock.table.sortByColumn(7, Qt.SortOrder.DescendingOrder)
    shown = [float(desk.dock.table.model().index(row, 7).data()) for row in range(9)]
    assert shown == sorted(shown, reverse=True)


def test_tie_points_on_the_photos_own_window_can_be_set_and_moved(qtbot, desk):
    desk.canvas.setMapTool(desk.tie_tool)
    view = desk.dock.photo
    view.resize(300, 200)
    view.fit()
    at = view.mapFromScene(450, 300)
    qtbot.mouseClick(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at)
    assert desk.tie_points.pending == pytest.approx((450, 300), abs=4)
    click(qtbot, desk, np.array([350.0, 300.0]))
    np.testing.assert_allclose(on_screen(desk, [450, 300]), (350, 300), atol=2)
    before = work(desk).tie_points[0]
    desk.tie_points.move_in_photo(0, before.x + 50, before.y, final=True)
    assert work(desk).tie_points[0].x == before.x + 50


def test_photos_that_lie_nowhere_are_placed_by_two_tie_points(qtbot, desk):
    desk.current.undo()
    assert work(desk).placement is None
    desk.canvas.setMapTool(desk.tie_tool)
    for photo, to in (((100, 300), (250, 300)), ((800, 300), (550, 280))):
        desk.tie_points.set_pending(photo)
        click(qtbot, desk, np.array(to, float))
    assert work(desk).placement is not None
    np.testing.assert_allclose(on_screen(desk, [800, 300]), (550, 280), atol=0.1)
    up = on_screen(desk, [450, 0]) - on_screen(desk, [450, 600])
    assert up[1] < 0  # not mirrored


def test_a_click_on_a_tie_point_sets_another_and_leaves_the_first_where_it_is(qtbot, desk):
    found = desk.current.item.desk.placement.to_lonlat(np.array([[450.0, 300.0]]))[0]
    first = TiePoint(450, 300, float(found[0]), float(found[1]), by_hand=False)
    desk.current.item.desk.change(
        desk.current.item.desk.work.with_tie_points((first,), fit=False), "found by the machine"
    )
    desk.canvas.setMapTool(desk.tie_tool)
    click(qtbot, desk, on_screen(desk, [450, 300]) + np.array([3, 0]))
    assert work(desk).tie_points == (first,)
    assert desk.tie_points.pending == pytest.approx((450 + 3 * 900 / np.ptp(screen_corners(desk)[:, 0]), 300), abs=3)


def screen_corners(desk):
    return np.array([on_screen(desk, corner) for corner in ([0, 0], [900, 0], [900, 600], [0, 600])])
