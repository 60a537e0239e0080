"""A localized photo on the map: in its group, in its place, styled and editable."""

from __future__ import annotations

from pathlib import Path

import pytest
from osgeo import gdal, ogr, osr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsExpression,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.qgis_adapters.layers import add_photo_layers, has_unsaved_edits, photo_layers, zoom_to

gdal.UseExceptions()
EXTENT = (-103.7, 20.3, -103.0, 20.9)


@pytest.fixture
def report(tmp_path):
    """What the engine reports and writes, of a photo over Guadalajara."""
    west, south, east, north = EXTENT
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(4326)
    srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    tif, gpkg = tmp_path / "photo.tif", tmp_path / "photo_footprint.gpkg"
    raster = gdal.GetDriverByName("GTiff").Create(str(tif), 70, 60, 4)
    raster.SetGeoTransform((west, (east - west) / 70, 0, north, 0, (south - north) / 60))
    raster.SetProjection(srs.ExportToWkt())
    for band in range(1, 5):
        raster.GetRasterBand(band).Fill(255)
    raster.FlushCache()
    vector = ogr.GetDriverByName("GPKG").CreateDataSource(str(gpkg))
    layer = vector.CreateLayer("footprint", srs, ogr.wkbPolygon)
    for name, kind in (("photo", ogr.OFTString), ("nasa_id", ogr.OFTString), ("confidence", ogr.OFTReal)):
        layer.CreateField(ogr.FieldDefn(name, kind))
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetField("photo", "folder/photo.jpg")
    ring = f"({west} {north}, {east} {north}, {east} {south}, {west} {south}, {west} {north})"
    feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON ({ring})"))
    layer.CreateFeature(feature)
    layer = vector = raster = None
    return {"status": "localized", "outputs": {"geotiff": str(tif), "footprint": str(gpkg), "preview": "photo.png"}}


@pytest.fixture
def project(qgis_new_project):
    project = QgsProject.instance()
    yield project
    project.clear()


@pytest.fixture
def layers(report, project, qgis_canvas, tmp_path):
    """The layers, on a map that is not drawn.

    Who reads a GeoPackage just after editing began, while QGIS draws it, is at times given none of its features (12 of
    300 times, with a drawing begun up to 4 ms before).
    """
    qgis_canvas.freeze(True)
    yield add_photo_layers(report, tmp_path / "photo.jpg", project)
    qgis_canvas.freeze(False)


def tree(project):
    def names(node):
        return [child.name() for child in node.children()]

    groups = project.layerTreeRoot().children()
    return [(group.name(), [(photo.name(), names(photo)) for photo in group.children()]) for group in groups]


def test_the_layers_are_in_the_group_of_the_photo_with_the_footprint_on_top(layers, project):
    assert tree(project) == [("AstroLoc", [("photo", ["Footprint", "photo"])])]


def test_a_second_run_replaces_the_layers_of_the_first(layers, report, project, tmp_path):
    add_photo_layers(report, tmp_path / "photo.jpg", project)
    assert tree(project) == [("AstroLoc", [("photo", ["Footprint", "photo"])])]
    assert len(project.mapLayers()) == 2


def test_another_photo_gets_a_group_of_its_own(layers, report, project, tmp_path):
    add_photo_layers(report, tmp_path / "other.jpg", project)
    assert [name for name, _ in tree(project)[0][1]] == ["other", "photo"]
    assert len(photo_layers(tmp_path / "photo.jpg", project)) == 2


def test_the_footprint_is_an_outline_with_a_label_in_a_halo(layers):
    symbol = layers.footprint.renderer().symbol()
    assert [part.layerType() for part in symbol.symbolLayers()] == ["SimpleLine", "SimpleLine"]
    settings = layers.footprint.labeling().settings()
    assert layers.footprint.labelsEnabled()
    assert settings.format().buffer().enabled()


def test_the_label_is_the_photos_name(layers):
    (feature,) = layers.footprint.getFeatures()
    expression = QgsExpression(layers.footprint.labeling().settings().fieldName)
    context = layers.footprint.createExpressionContext()
    context.setFeature(feature)
    assert expression.evaluate(context) == "photo"
    assert not expression.hasEvalError()


def test_the_footprint_can_be_corrected_by_hand_and_saved(layers, report):
    footprint = layers.footprint
    (feature,) = footprint.getFeatures()
    assert footprint.startEditing()
    moved = feature.geometry()
    assert moved.moveVertex(-103.8, 20.95, 0)
    assert footprint.changeGeometry(feature.id(), moved)
    assert footprint.commitChanges()
    (again,) = QgsVectorLayer(report["outputs"]["footprint"], "again", "ogr").getFeatures()
    assert again.geometry().boundingBox().yMaximum() == pytest.approx(20.95)


def test_edits_that_are_not_saved_are_seen(layers, project, tmp_path):
    photo = tmp_path / "photo.jpg"
    assert not has_unsaved_edits(photo, project)
    (feature,) = layers.footprint.getFeatures()
    assert layers.footprint.startEditing()
    assert layers.footprint.changeGeometry(feature.id(), QgsGeometry.fromRect(QgsRectangle(0, 0, 1, 1)))
    assert has_unsaved_edits(photo, project)
    layers.footprint.rollBack()


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32613", "EPSG:3031"])
def test_the_map_shows_the_photo_in_whatever_crs_it_is(layers, project, qgis_canvas, crs):
    qgis_canvas.setDestinationCrs(QgsCoordinateReferenceSystem(crs))
    zoom_to([layers.raster], qgis_canvas, project)
    transform = QgsCoordinateTransform(layers.raster.crs(), QgsCoordinateReferenceSystem(crs), project)
    shown = transform.transformBoundingBox(QgsRectangle(*EXTENT))
    assert qgis_canvas.extent().contains(shown)
    seen = qgis_canvas.extent()
    assert min(seen.width() / shown.width(), seen.height() / shown.height()) < 1.3


@pytest.mark.parametrize("lost", ["geotiff", "footprint"])
def test_a_file_that_has_gone_is_named_and_nothing_is_added(report, project, tmp_path, lost):
    Path(report["outputs"][lost]).write_text("broken")
    with pytest.raises(AstroLocError, match=Path(report["outputs"][lost]).name):
        add_photo_layers(report, tmp_path / "photo.jpg", project)
    assert not project.mapLayers()
    assert not tree(project)
