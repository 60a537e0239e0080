"""The desk: decisions on its photo, other photos on it, and what the map shows meanwhile."""

from __future__ import annotations

import numpy as np
from qgis.core import QgsExpression, QgsExpressionContextScope, QgsProject, QgsRasterLayer, QgsRectangle

from astroloc_qgis.gui.model.work import PhotoState
from astroloc_qgis.qgis_adapters.desk_layers import footprint_layer, raster_layers, show_rasters
from astroloc_qgis.qgis_adapters.layers import PHOTO_PROPERTY

from .conftest import SECOND
from .files import make_photo
from .hand import corners, work


def test_accepting_and_rejecting_are_decisions_that_can_be_undone(desk, dock):
    dock.session.run = lambda jobs: list(jobs)  # the files are another test's business
    desk.actions.accept()
    assert work(desk).state is PhotoState.ACCEPTED
    desk.actions.reject()
    assert work(desk).state is PhotoState.NOT_LOCALIZED
    assert work(desk).placement is None
    desk.current.undo()
    assert work(desk).state is PhotoState.ACCEPTED
    assert work(desk).placement is not None


def test_another_photo_on_the_desk_leaves_the_first_as_it_was(qtbot, desk, dock, tmp_path):
    first, before = desk.current.item, corners(desk)
    dock.add_photos([make_photo(tmp_path, "b")])
    dock.photos.setCurrentIndex(dock.photos.photos.index(1))
    qtbot.waitUntil(lambda: desk.current.pyramid is not None, timeout=10 * SECOND)
    assert desk.current.item is not first
    assert work(desk).placement is None
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    np.testing.assert_array_equal(corners(desk), before)
    desk.current.undo()
    assert work(desk).placement is None


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
    raster = QgsRasterLayer(str(other.path), "b")
    raster.setCrs(desk.canvas.mapSettings().destinationCrs())
    raster.setCustomProperty(PHOTO_PROPERTY, str(other.path))
    QgsProject.instance().addMapLayer(raster)
    desk.session.localized.emit(other)
    assert desk.canvas.extent() == shown
    desk.dock.hide()
    desk.session.localized.emit(other)
    assert desk.canvas.extent() != shown


def test_the_rasters_that_the_desk_hides_come_back_even_if_the_project_was_saved_meanwhile(qtbot, desk, tmp_path):
    project = QgsProject.instance()
    raster = QgsRasterLayer(str(desk.current.item.path), "a")
    raster.setCustomProperty(PHOTO_PROPERTY, str(desk.current.item.path))
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
    layer = footprint_layer(desk.current.item.path, QgsProject.instance())
    (feature,) = layer.getFeatures()

    def label():
        context = layer.createExpressionContext()
        context.appendScope(QgsExpressionContextScope(desk.canvas.expressionContextScope()))
        context.setFeature(feature)
        return QgsExpression(layer.labeling().settings().fieldName).evaluate(context)

    assert label() == ""
    desk.dock.hide()
    assert label() == "a"
