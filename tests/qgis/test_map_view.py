"""The map stays where the user has it when layers come to an empty project."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from osgeo import gdal, ogr, osr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsLayerTreeMapCanvasBridge

from astroloc_qgis.qgis_adapters.map_view import add_photo_to_map, map_stays, show_layers_now


def test_an_empty_project_takes_the_crs_of_the_raster_and_not_of_its_footprint(qtbot, canvas, tmp_path):
    project = QgsProject.instance()
    project.clear()
    bridge = QgsLayerTreeMapCanvasBridge(project.layerTreeRoot(), canvas)
    iface = SimpleNamespace(layerTreeCanvasBridge=lambda: bridge, mapCanvas=lambda: canvas)
    tif, gpkg = tmp_path / "a.tif", tmp_path / "a.gpkg"
    raster = gdal.GetDriverByName("GTiff").Create(str(tif), 10, 10, 3)
    raster.SetGeoTransform((500_000, 100, 0, 5_000_000, 0, -100))
    raster.SetProjection(QgsCoordinateReferenceSystem("EPSG:32632").toWkt())
    raster = None
    vector = ogr.GetDriverByName("GPKG").CreateDataSource(str(gpkg))
    wgs84 = osr.SpatialReference()
    wgs84.ImportFromEPSG(4326)
    vector.CreateLayer("footprint", wgs84, ogr.wkbPolygon)
    vector = None
    report = {"outputs": {"geotiff": str(tif), "footprint": str(gpkg)}}
    add_photo_to_map(iface, report, tmp_path / "a.jpg", project)
    qtbot.wait(200)
    assert project.crs().authid() == "EPSG:32632"
    photo = project.layerTreeRoot().findGroup("a")
    assert [node.name() for node in photo.children()] == ["Footprint", "a"]
    project.clear()


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
