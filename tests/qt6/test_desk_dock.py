"""The desk's window on Qt 6: its panels paint themselves, and answer to mouse and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qgis.PyQt.QtCore import QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QWheelEvent

from astroloc_qgis.gui.desk.canvas.appearance import Appearance, Mode
from astroloc_qgis.gui.desk.panels.tie_point_table import ON, PHOTO_X
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.qgis_adapters.desk_photo import read_pyramid

from .pictures import colours

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NO_KEY = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def shown(desk_dock, photo, localized):
    """The window with the photo, and the photo's work."""
    item = PhotoItem(photo, localized)
    desk_dock.photo.show_photo(read_pyramid(photo))
    desk_dock.photo.show_points(localized.tie_points, {1}, (450.0, 500.0))
    desk_dock.show_item(item, (900, 600), busy=False, can_export=True)
    return desk_dock


def test_it_paints_itself_without_a_photo_on_every_tab(desk_dock):
    desk_dock.photo.empty_text = "No photo"
    desk_dock.show_item(None, None, busy=False, can_export=False)
    for number in range(desk_dock.tabs.count()):
        desk_dock.tabs.setCurrentIndex(number)
        assert len(colours(desk_dock)) > 3
    assert len(colours(desk_dock.photo.viewport())) > 1  # the sentence


def test_it_paints_a_photo_with_all_that_is_known_of_it_on_every_tab(shown):
    for number in range(shown.tabs.count()):
        shown.tabs.setCurrentIndex(number)
        assert len(colours(shown)) > 3
    assert "9 tie points" in shown.status.text()
    assert shown.candidates.table.rowCount() == 3
    assert "900 × 600 px" in shown.details.about.text()


def test_the_photo_is_shown_with_its_colours_and_its_tie_points(shown):
    seen = colours(shown.photo.viewport())
    assert {"#c82828", "#2828c8"} <= seen
    assert "#3cc8ff" in seen or "#ff7828" in seen
    shown.photo.set_appearance(Appearance(Mode.PLAIN, brightness=40))
    assert "#c82828" not in colours(shown.photo.viewport())


def test_a_click_in_the_photo_sets_a_point_and_a_drag_moves_one(qtbot, shown, localized):
    view = shown.photo
    view.set_setting(True)
    empty = view.mapFromScene(QPointF(270, 200))
    with qtbot.waitSignal(view.clicked) as caught:
        qtbot.mouseClick(view.viewport(), LEFT, NO_KEY, empty)
    assert caught.args == pytest.approx((270, 200), abs=6)
    start = view.mapFromScene(QPointF(450, 300))
    qtbot.mousePress(view.viewport(), LEFT, NO_KEY, start)
    qtbot.mouseMove(view.viewport(), start + QPoint(10, 0))
    with qtbot.waitSignal(view.point_moved) as caught:
        qtbot.mouseRelease(view.viewport(), LEFT, NO_KEY, start + QPoint(20, 0))
    assert caught.args[0] == 4
    assert caught.args[3] is True
    with qtbot.waitSignal(view.point_toggled) as caught:
        qtbot.mouseClick(view.viewport(), RIGHT, NO_KEY, start)
    assert caught.args == [4]


def test_the_wheel_zooms_and_a_drag_pans(qtbot, shown):
    view = shown.photo
    middle = QPointF(view.viewport().rect().center())
    before = view.transform().m11()
    wheel = QWheelEvent(
        middle, QPointF(view.viewport().mapToGlobal(middle.toPoint())), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, NO_KEY, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    view.wheelEvent(wheel)
    assert view.transform().m11() == pytest.approx(before * 1.25)
    qtbot.mousePress(view.viewport(), LEFT, NO_KEY, QPoint(5, 5))
    assert view.dragMode() == view.DragMode.ScrollHandDrag
    qtbot.mouseRelease(view.viewport(), LEFT, NO_KEY, QPoint(40, 5))
    assert view.dragMode() == view.DragMode.NoDrag


def test_the_table_of_tie_points_shows_aligned_numbers_and_boxes(shown, localized):
    model = shown.table.points
    number = model.index(1, PHOTO_X)
    assert number.data() == "100.0"
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    assert Qt.AlignmentFlag(number.data(Qt.ItemDataRole.TextAlignmentRole)) == right
    box = model.index(1, ON)
    assert Qt.CheckState(box.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
    assert model.flags(box) & Qt.ItemFlag.ItemIsUserCheckable
    assert not model.flags(number) & Qt.ItemFlag.ItemIsUserCheckable
    shown.table.sortByColumn(PHOTO_X, Qt.SortOrder.DescendingOrder)
    order = [float(shown.table.model().index(row, PHOTO_X).data()) for row in range(9)]
    assert order == sorted(order, reverse=True)


def test_a_click_on_a_box_of_the_table_switches_its_tie_point(qtbot, shown):
    shown.tabs.setCurrentWidget(shown.table)
    table = shown.table
    index = table.model().index(2, ON)
    option = table.visualRect(index)
    inside = QPoint(option.left() + 10, option.center().y())
    with qtbot.waitSignal(table.points.toggled) as caught:
        for x in range(option.left() + 2, option.right(), 4):  # where in the cell the style draws the box
            qtbot.mouseClick(table.viewport(), LEFT, NO_KEY, QPoint(x, inside.y()))
    assert caught.args == [2]


def test_keys_delete_and_switch_the_selected_tie_points(qtbot, shown):
    shown.table.selectRow(3)
    with qtbot.waitSignal(shown.table.delete_requested) as caught:
        qtbot.keyClick(shown.table, Qt.Key.Key_Delete)
    assert caught.args == [[3]]
    with qtbot.waitSignal(shown.table.points.toggled) as caught:
        qtbot.keyClick(shown.table, Qt.Key.Key_Space)
    assert caught.args == [3]


def test_a_candidate_is_chosen_and_rejected(qtbot, shown, localized, photo):
    panel = shown.candidates
    assert panel.current() == localized.candidates[1]
    panel.add_pictures({localized.candidates[1].block: str(photo)})
    shown.tabs.setCurrentWidget(panel)
    assert "#c82828" in colours(panel.picture)
    with qtbot.waitSignal(panel.reject_requested) as caught:
        qtbot.mouseClick(panel.reject_button, LEFT)
    assert caught.args == [localized.candidates[1]]
    rejected = replace(localized.candidates[1], verdict="rejected")
    candidates = (localized.candidates[0], rejected, localized.candidates[2])
    panel.show_work(replace(localized, candidates=candidates), busy=False)
    assert panel.table.item(1, 0).font().strikeOut()


def test_ways_to_compare_blink_and_are_reset(qtbot, shown):
    panel = shown.compare
    heard = []
    panel.appearance_changed.connect(heard.append)
    qtbot.mouseClick(panel.mode_buttons[Mode.SWIPE], LEFT)
    panel.swipe.setValue(250)
    assert (heard[-1].mode, heard[-1].swipe) == (Mode.SWIPE, 0.25)
    with qtbot.waitSignal(panel.blinked, timeout=3000, check_params_cb=bool):
        panel.set_mode(Mode.BLINK)
    qtbot.mouseClick(panel.reset_button, LEFT)
    assert panel.appearance() == Appearance()
    with qtbot.waitSignal(panel.exaggeration_changed) as caught:
        panel.arrows.setCurrentIndex(2)
    assert caught.args == [20.0]


def test_nadir_and_search_area_are_typed_and_chosen(qtbot, shown):
    panel = shown.details
    shown.tabs.setCurrentWidget(panel)
    panel.nadir.setFocus()
    qtbot.keyClicks(panel.nadir, "19.3, -103.6")
    with qtbot.waitSignal(panel.nadir_edited) as caught:
        qtbot.keyClick(panel.nadir, Qt.Key.Key_Return)
    assert (caught.args[0].latitude, caught.args[0].longitude) == (19.3, -103.6)
    with qtbot.waitSignal(panel.area_edited) as caught:
        panel.area.setCurrentIndex(0)
        panel.area.activated.emit(0)
    assert caught.args == [{"radius_km": 0}]


def test_actions_have_their_keys_and_do_what_they_are_connected_with(qtbot, shown):
    heard = []
    shown.connect_actions({shown.accept: lambda: heard.append("accept"), shown.export: lambda: heard.append("export")})
    assert shown.accept.shortcut().toString() == "Ctrl+Return"
    assert "(Ctrl+E)" in shown.export.toolTip()
    assert shown.undo.shortcut().toString() == "Ctrl+Z"
    shown.accept.trigger()
    qtbot.mouseClick(shown.bar.widgetForAction(shown.export), LEFT)
    assert heard == ["accept", "export"]


def test_work_is_undone_and_redone_with_its_history(shown, photo, localized):
    item = PhotoItem(photo)
    item.desk.change(localized, "Localize")
    item.desk.change(replace(localized, centre=(1.0, 2.0)), "Nudge", 7)
    item.desk.change(replace(localized, centre=(3.0, 4.0)), "Nudge", 7)
    assert item.desk.stack.count() == 2
    item.desk.stack.undo()
    assert item.desk.work == localized
    item.desk.stack.undo()
    assert item.desk.work == Work()
    item.desk.stack.redo()
    item.desk.stack.redo()
    assert item.desk.work.centre == (3.0, 4.0)
    shown.show_item(item, (900, 600), busy=False, can_export=True)
    assert shown.undo.isEnabled()
    assert "Nudge" in shown.undo.toolTip()
    assert np.isfinite(item.desk.placement.footprint()).all()
