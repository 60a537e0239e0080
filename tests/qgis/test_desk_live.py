"""Correcting a photo on the map with the mouse: it follows, what is undone is undone, and the polygon goes with it."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsExpression,
    QgsExpressionContextScope,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsLayerTreeMapCanvasBridge
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, QPointF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QIcon, QImage, QMouseEvent, QPainter, QPixmap

from astroloc_qgis.gui.desk.canvas.look import Mode
from astroloc_qgis.gui.desk.canvas.screen import Screen
from astroloc_qgis.gui.desk.panels.desk_bar import ICON, DeskBar
from astroloc_qgis.gui.model.work import PhotoState, TiePoint
from astroloc_qgis.qgis_adapters.desk_layers import footprint_layer, raster_layers, read_corners, show_rasters
from astroloc_qgis.qgis_adapters.layers import PHOTO_PROPERTY
from astroloc_qgis.qgis_adapters.map_view import map_stays, show_layers_now

from .test_plugin import make_photo

SECOND = 1000
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def canvas(qtbot, qgis_canvas):
    window = qgis_canvas.window()
    window.show()
    qgis_canvas.setFixedSize(QSize(800, 600))
    qtbot.waitUntil(lambda: qgis_canvas.mapSettings().outputSize().width() > 700, timeout=2 * SECOND)
    qgis_canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    qgis_canvas.setExtent(QgsRectangle(1_000_000, 5_700_000, 1_400_000, 6_000_000))
    yield qgis_canvas
    qgis_canvas.setMinimumSize(0, 0)
    qgis_canvas.setMaximumSize(16777215, 16777215)
    window.hide()


@pytest.fixture
def desk(qtbot, dock, canvas, tmp_path):
    """The desk, open, with one photo of 900 x 600 pixels placed in the middle of the map."""
    image = QImage(900, 600, QImage.Format.Format_RGB32)
    image.fill(QColor(200, 80, 40))
    for x in range(40):
        image.setPixelColor(x, x, QColor("black"))  # the engine refuses a photo of one colour
    assert image.save(str(tmp_path / "a.png"))
    dock.add_photos([tmp_path / "a.png"])
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    dock.desk_button.click()
    qtbot.waitUntil(lambda: dock.desk.pyramid is not None, timeout=3 * SECOND)
    dock.desk.place_here()
    qtbot.wait(200)  # QGIS zooms to the first layer of an empty project, when it comes round to it
    return dock.desk


def work(desk):
    return desk.item.desk.work


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


def test_a_photo_placed_by_hand_lies_upright_in_the_middle_of_the_map_with_a_footprint_layer(desk):
    screen = Screen.of(desk.canvas.mapSettings())
    at = screen.from_photo(work(desk).placement, np.array([[450.0, 300.0], [450.0, 0.0], [900.0, 300.0]]))
    np.testing.assert_allclose(at[0], np.array(screen.size) / 2, atol=3)
    assert at[1][1] < at[0][1]
    assert at[2][0] > at[0][0]
    assert work(desk).state is PhotoState.NEEDS_REVIEW
    layer = footprint_layer(desk.item.path, QgsProject.instance())
    np.testing.assert_allclose(read_corners(layer), corners(desk), atol=1e-7)
    assert desk.canvas.mapTool() is desk.footprint_tool


def test_dragged_inside_it_follows_the_mouse_exactly(qtbot, desk):
    start = on_screen(desk, [450, 300])
    drag(qtbot, desk, start, start + np.array([60, -40]))
    np.testing.assert_allclose(on_screen(desk, [450, 300]), np.round(start) + np.array([60, -40]), atol=1.01)
    assert desk.item.desk.stack.undoText() == "Move the photo"


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
    desk.undo()
    np.testing.assert_allclose(on_screen(desk, [450, 300]), start, atol=0.01)


def test_escape_gives_a_drag_up(qtbot, desk):
    before, start = corners(desk), on_screen(desk, [450, 300])
    port = desk.canvas.viewport()
    qtbot.mousePress(port, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(*np.round(start).astype(int)))
    send_move(desk, QPoint(500, 200))
    assert desk.item.desk.previewing
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
        desk.undo()
        np.testing.assert_array_equal(corners(desk), before)
    for after in seen[1:]:
        desk.redo()
        np.testing.assert_array_equal(corners(desk), after)
    desk.undo(), desk.undo(), desk.undo(), desk.undo()
    assert work(desk).placement is None
    assert footprint_layer(desk.item.path, QgsProject.instance()) is None


def test_the_polygon_follows_the_photo(qtbot, desk):
    layer = footprint_layer(desk.item.path, QgsProject.instance())
    start = on_screen(desk, [0, 0])
    drag(qtbot, desk, start, start + np.array([-30, -25]))
    np.testing.assert_allclose(read_corners(layer), corners(desk), atol=1e-7)
    desk.undo()
    np.testing.assert_allclose(read_corners(layer), corners(desk), atol=1e-7)


def test_the_photo_follows_the_polygon_when_qgis_edits_it_and_back_when_the_edits_are_discarded(desk):
    before = corners(desk)
    layer = footprint_layer(desk.item.path, QgsProject.instance())
    assert layer.startEditing()
    (feature,) = layer.getFeatures()
    moved = feature.geometry()
    vertex = moved.vertexAt(2)
    moved.moveVertex(vertex.x() + 0.1, vertex.y() - 0.05, 2)
    assert layer.changeGeometry(feature.id(), moved)
    after = corners(desk)
    np.testing.assert_allclose(after[2], before[2] + (0.1, -0.05), atol=1e-6)
    np.testing.assert_allclose(np.delete(after, 2, 0), np.delete(before, 2, 0), atol=1e-6)
    assert desk.item.desk.stack.undoText() == "Edit the footprint"
    assert layer.rollBack()
    np.testing.assert_allclose(corners(desk), before, atol=1e-6)


def test_a_fifth_corner_leaves_the_photo_where_it_is(desk):
    before = corners(desk)
    layer = footprint_layer(desk.item.path, QgsProject.instance())
    layer.startEditing()
    (feature,) = layer.getFeatures()
    ring = [QgsPointXY(*xy) for xy in [*before, before[3] + (-0.2, 0.2)]]
    layer.changeGeometry(feature.id(), QgsGeometry.fromPolygonXY([ring]))
    np.testing.assert_allclose(corners(desk), before)
    layer.rollBack()


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
    desk.undo()
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
    desk.undo(), desk.undo()
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
    desk.undo()
    assert work(desk).placement is None
    desk.canvas.setMapTool(desk.tie_tool)
    for photo, to in (((100, 300), (250, 300)), ((800, 300), (550, 280))):
        desk.tie_points.set_pending(photo)
        click(qtbot, desk, np.array(to, float))
    assert work(desk).placement is not None
    np.testing.assert_allclose(on_screen(desk, [800, 300]), (550, 280), atol=0.1)
    up = on_screen(desk, [450, 0]) - on_screen(desk, [450, 600])
    assert up[1] < 0  # not mirrored


def test_the_ways_to_compare_draw_the_photo_differently(qtbot, desk):
    def seen(mode, opacity=100):
        desk.dock.compare.opacity.setValue(opacity)
        desk.dock.compare.set_mode(mode)
        image = QImage(desk.canvas.size(), QImage.Format.Format_ARGB32)
        image.fill(QColor("white"))
        render(desk, image)
        return image

    left, right = on_screen(desk, [200, 300]), on_screen(desk, [700, 300])

    def colour(image, at):
        return QColor(image.pixel(*np.round(at).astype(int))).getRgb()[:3]

    plain = seen(Mode.PLAIN)
    assert colour(plain, left) == (200, 80, 40)
    half = seen(Mode.PLAIN, opacity=50)
    assert colour(half, left) == pytest.approx((227, 168, 148), abs=3)
    swiped = seen(Mode.SWIPE)
    assert colour(swiped, left) == (200, 80, 40)
    assert colour(swiped, right) == (255, 255, 255)
    desk.live.dark = True
    assert colour(seen_blinking(desk), left) == (255, 255, 255)
    assert colour(seen(Mode.EDGES), left) == (255, 255, 255)


def seen_blinking(desk):
    desk.dock.compare.set_mode(Mode.BLINK)
    desk.live.dark = True
    image = QImage(desk.canvas.size(), QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    render(desk, image)
    desk.dock.compare.set_mode(Mode.PLAIN)
    return image


def render(desk, image):
    painter = QPainter(image)
    desk.live.paint(painter)
    painter.end()


def test_brightness_and_contrast_change_the_picture_and_not_the_photo(desk):
    level = desk.pyramid.levels[0].copy()
    desk.dock.compare.brightness.setValue(50)
    desk.dock.compare.contrast.setValue(30)
    image = QImage(desk.canvas.size(), QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    render(desk, image)
    shown = QColor(image.pixel(*np.round(on_screen(desk, [200, 300])).astype(int))).getRgb()[:3]
    assert shown != (200, 80, 40)
    np.testing.assert_array_equal(desk.pyramid.levels[0], level)


def test_accepting_and_rejecting_are_decisions_that_can_be_undone(desk, dock):
    dock.localization.run = lambda jobs: list(jobs)  # the files are another test's business
    desk.accept()
    assert work(desk).state is PhotoState.ACCEPTED
    desk.reject()
    assert work(desk).state is PhotoState.NOT_LOCALIZED
    assert work(desk).placement is None
    desk.undo()
    assert work(desk).state is PhotoState.ACCEPTED
    assert work(desk).placement is not None


def test_another_photo_on_the_desk_leaves_the_first_as_it_was(qtbot, desk, dock, tmp_path):
    first, before = desk.item, corners(desk)
    dock.add_photos([make_photo(tmp_path, "b")])
    dock.photos.setCurrentIndex(dock.photos.photos.index(1))
    qtbot.waitUntil(lambda: desk.pyramid is not None, timeout=10 * SECOND)
    assert desk.item is not first
    assert work(desk).placement is None
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    np.testing.assert_array_equal(corners(desk), before)
    desk.undo()
    assert work(desk).placement is None


def test_a_click_on_a_tie_point_sets_another_and_leaves_the_first_where_it_is(qtbot, desk):
    found = desk.item.desk.placement.to_lonlat(np.array([[450.0, 300.0]]))[0]
    first = TiePoint(450, 300, float(found[0]), float(found[1]), by_hand=False)
    desk.item.desk.change(desk.item.desk.work.with_tie_points((first,), fit=False), "found by the machine")
    desk.canvas.setMapTool(desk.tie_tool)
    click(qtbot, desk, on_screen(desk, [450, 300]) + np.array([3, 0]))
    assert work(desk).tie_points == (first,)
    assert desk.tie_points.pending == pytest.approx((450 + 3 * 900 / np.ptp(screen_corners(desk)[:, 0]), 300), abs=3)


def screen_corners(desk):
    return np.array([on_screen(desk, corner) for corner in ([0, 0], [900, 0], [900, 600], [0, 600])])


def test_the_map_moves_to_a_photo_chosen_while_the_desk_is_open_only_if_it_is_out_of_view(qtbot, desk, dock, tmp_path):
    shown = desk.canvas.extent()
    dock.add_photos([make_photo(tmp_path, "b")])
    dock.photos.setCurrentIndex(dock.photos.photos.index(1))
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    assert desk.canvas.extent() == shown
    desk.canvas.setExtent(QgsRectangle(5_000_000, 700_000, 5_400_000, 1_000_000))
    dock.photos.setCurrentIndex(dock.photos.photos.index(1))
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    assert desk.map.shows(work(desk).placement)


def test_a_photo_that_the_engine_places_meanwhile_does_not_move_the_map(qtbot, desk, dock, tmp_path):
    dock.add_photos([make_photo(tmp_path, "b")])
    other = dock.photos.photos.items[1]
    shown = desk.canvas.extent()
    assert desk.show_published(other)
    assert desk.canvas.extent() == shown
    desk.dock.hide()
    assert not desk.show_published(other)


def test_the_rasters_that_the_desk_hides_come_back_even_if_the_project_was_saved_meanwhile(qtbot, desk, tmp_path):
    project = QgsProject.instance()
    raster = QgsRasterLayer(str(desk.item.path), "a")
    raster.setCustomProperty(PHOTO_PROPERTY, str(desk.item.path))
    project.addMapLayer(raster)
    desk.refresh()
    assert not project.layerTreeRoot().findLayer(raster.id()).itemVisibilityChecked()
    assert project.write(str(tmp_path / "work.qgz"))
    desk.dock.hide()
    assert project.layerTreeRoot().findLayer(raster.id()).itemVisibilityChecked()
    assert project.read(str(tmp_path / "work.qgz"))
    (layer,) = raster_layers(tmp_path / "a.png", project)
    node = project.layerTreeRoot().findLayer(layer.id())
    assert not node.itemVisibilityChecked()
    show_rasters(tmp_path / "a.png", True)
    assert node.itemVisibilityChecked()
    node.setItemVisibilityChecked(False)
    show_rasters(tmp_path / "a.png", True)
    assert not node.itemVisibilityChecked()  # this time it was the user


def test_labels_that_the_picture_would_cut_are_left_out_while_the_desk_is_open(desk):
    layer = footprint_layer(desk.item.path, QgsProject.instance())
    (feature,) = layer.getFeatures()

    def label():
        context = layer.createExpressionContext()
        context.appendScope(QgsExpressionContextScope(desk.canvas.expressionContextScope()))
        context.setFeature(feature)
        return QgsExpression(layer.labeling().settings().fieldName).evaluate(context)

    assert label() == ""
    desk.dock.hide()
    assert label() == "a"


@pytest.mark.parametrize("share", [0.4, 0.7, 1.1])
def test_the_tool_bar_drops_words_and_never_a_button(qtbot, share):
    bar = DeskBar()
    qtbot.addWidget(bar)
    actions = [bar.addAction(QIcon(QPixmap(16, 16)), f"Some words {number}") for number in range(8)]
    wanted = bar.sizeHint().width()
    bar.drop_first(actions)
    bar.resize(round(share * wanted), 40)
    bar.show()
    buttons = [bar.widgetForAction(action) for action in actions]
    qtbot.waitUntil(lambda: all(button.isVisible() for button in buttons), timeout=SECOND)
    with_words = [bar.widgetForAction(action).toolButtonStyle() != ICON for action in actions]
    assert with_words == sorted(with_words)  # the first are the first to lose theirs
    assert all(with_words) == (share > 1)


@pytest.mark.parametrize("stays", [True, False])
def test_layers_come_to_an_empty_project_with_the_map_where_it_is_or_at_them_at_once(qtbot, canvas, stays):
    project = QgsProject.instance()
    project.clear()
    bridge = QgsLayerTreeMapCanvasBridge(project.layerTreeRoot(), canvas)
    iface = SimpleNamespace(layerTreeCanvasBridge=lambda: bridge)
    layer = QgsVectorLayer("Point?crs=EPSG:3857", "far away", "memory")
    feature = QgsFeature()
    for x in (5_000_000, 5_100_000):
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(x, 1_000_000)))
        layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    canvas.setExtent(QgsRectangle(1_000_000, 5_700_000, 1_400_000, 6_000_000))
    before = canvas.extent()
    with map_stays(iface) if stays else contextlib.nullcontext():
        project.addMapLayer(layer)
    show_layers_now(iface)
    at_once = canvas.extent()
    qtbot.wait(300)
    assert canvas.extent() == at_once
    assert (at_once == before) == stays
    assert bridge.autoSetupOnFirstLayer()
    project.clear()
