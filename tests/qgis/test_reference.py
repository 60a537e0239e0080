"""What the engine is told to open for a layer of the project."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.gui.dock.index_dialog import IndexDialog, suggest_zooms
from astroloc_qgis.qgis_adapters.reference import imagery_uri

gdal.UseExceptions()


def make_raster(path, driver="GTiff", size=64):
    world = 20037508.342789244
    raster = gdal.GetDriverByName("MEM").Create("", size, size, 3)
    raster.SetGeoTransform((-world, 2 * world / size, 0, world, 0, -2 * world / size))
    raster.SetProjection("EPSG:3857")
    for band in (1, 2, 3):
        raster.GetRasterBand(band).WriteRaster(0, 0, size, size, np.full(size * size, 60 * band, np.uint8).tobytes())
    gdal.GetDriverByName(driver).CreateCopy(str(path), raster)
    return path


def opened(uri):
    return gdal.Open(uri)


def test_a_raster_file_is_opened_by_its_path(qgis_app, tmp_path):
    layer = QgsRasterLayer(str(make_raster(tmp_path / "a b.tif")), "reference")
    assert imagery_uri(layer) == str(tmp_path / "a b.tif")


def test_open_options_of_qgis_are_left_out(qgis_app, tmp_path):
    layer = QgsRasterLayer(f"{make_raster(tmp_path / 'a.tif')}|option:NUM_THREADS=1", "reference")
    assert layer.isValid()
    assert opened(imagery_uri(layer)).RasterXSize == 64


def test_a_raster_in_a_geopackage_keeps_its_table(qgis_app, tmp_path):
    path = make_raster(tmp_path / "tiles.gpkg", "GPKG", size=256)
    layer = QgsRasterLayer(f"GPKG:{path}:tiles", "reference")
    assert layer.isValid()
    assert opened(imagery_uri(layer)).RasterXSize == 256


def test_an_mbtiles_file_is_opened_by_its_path(qgis_app, tmp_path):
    path = make_raster(tmp_path / "tiles.mbtiles", "MBTILES", size=256)
    for layer in (
        QgsRasterLayer(f"type=mbtiles&url=file://{path}", "reference", "wms"),
        QgsRasterLayer(str(path), "reference", "gdal"),
    ):
        assert layer.isValid()
        assert opened(imagery_uri(layer)).RasterCount >= 3


def test_an_xyz_layer_becomes_a_description_that_gdal_reads_tiles_with(qgis_app, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tile = tmp_path / "tiles" / "0" / "0"
    tile.mkdir(parents=True)
    make_raster(tile / "0.png", "PNG", size=256)
    source = f"type=xyz&url=file://{tmp_path}/tiles/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=0&zmin=0"
    layer = QgsRasterLayer(source, "tiles", "wms")
    assert layer.isValid()
    dataset = opened(imagery_uri(layer))
    assert (dataset.RasterXSize, dataset.GetSpatialRef().GetAuthorityCode(None)) == (256, "3857")
    assert dataset.GetRasterBand(2).ReadRaster(128, 128, 1, 1) == bytes([120])


def test_a_url_with_ampersands_is_still_a_description(qgis_app):
    source = "type=xyz&url=http://localhost/t?x%3D%7Bx%7D%26y%3D%7By%7D%26z%3D%7Bz%7D&zmax=3&zmin=0"
    uri = imagery_uri(QgsRasterLayer(source, "tiles", "wms"))
    assert "t?x=${x}&amp;y=${y}&amp;z=${z}" in uri
    assert opened(uri).RasterXSize == 256 * 2**3


@pytest.mark.parametrize(
    ("source", "provider"),
    [
        ("url=http://localhost/wms&layers=a&styles=&format=image/png&crs=EPSG:4326", "wms"),
        ("type=xyz&url=http://localhost/%7Bq%7D.png&zmax=3&zmin=0", "wms"),
    ],
)
def test_a_layer_that_cannot_be_read_outside_qgis_is_refused_by_name(qgis_app, source, provider):
    with pytest.raises(InputError, match="“service”"):
        imagery_uri(QgsRasterLayer(source, "service", provider))


def test_the_chooser_offers_the_index_the_rasters_of_the_project_and_a_file(dock, tmp_path):
    layer = QgsRasterLayer(str(make_raster(tmp_path / "a.tif")), "Mosaic")
    assert dock.session.reference.uri() is None
    QgsProject.instance().addMapLayer(layer)
    dock.reference.layers.setLayer(layer)
    assert dock.session.reference.uri() == str(tmp_path / "a.tif")
    dock.reference.set_file(str(tmp_path / "b.tif"))
    assert dock.session.reference.uri() == str(tmp_path / "b.tif")
    entries = [dock.reference.layers.itemText(row) for row in range(dock.reference.layers.count())]
    assert entries == ["The index's own imagery", "Mosaic", "A file…"]


def test_a_layer_that_leaves_the_project_leaves_the_chooser(dock, tmp_path):
    layer = QgsRasterLayer(str(make_raster(tmp_path / "a.tif")), "Mosaic")
    QgsProject.instance().addMapLayer(layer)
    dock.reference.layers.setLayer(layer)
    QgsProject.instance().removeMapLayer(layer.id())
    assert dock.reference.layers.currentLayer() is None


def test_zooms_are_suggested_that_fit_the_reference():
    assert suggest_zooms(side_m=40e6, resolution_m=611) == [9, 10, 11]
    assert suggest_zooms(side_m=78_272, resolution_m=156) == [11, 12]
    assert suggest_zooms(side_m=78_272, resolution_m=10) == [11, 12, 13]


def test_the_dialog_suggests_what_the_engine_can_take_and_names_what_it_cannot(dock, tmp_path):
    layer = QgsRasterLayer(str(make_raster(tmp_path / "a.tif", size=256)), "Mosaic")
    dialog = IndexDialog(layer, tmp_path / "index", dock)
    params = dialog.params()
    assert params["zooms"] == [9]
    assert params["extent"] == pytest.approx([-180, -85.0511, 180, 85.0511], abs=1e-3)
    assert params["out"] == str(tmp_path / "index")
    dialog.zooms.setText("9, ten")
    dialog.accept()
    assert "“9, ten”" in dialog.problem.text()
    assert dialog.result() != dialog.DialogCode.Accepted


def test_a_project_remembers_the_layer_that_was_chosen(dock, tmp_path):
    project = QgsProject.instance()
    layer = QgsRasterLayer(str(make_raster(tmp_path / "a.tif")), "mine")
    project.addMapLayer(layer)
    layers = dock.reference.layers
    row = layers.findText("mine")
    layers.setCurrentIndex(row)
    layers.activated.emit(row)  # as a user's choice does
    assert project.isDirty()
    project.write(str(tmp_path / "a.qgz"))
    project.clear()
    assert dock.session.reference.layer() is None
    project.read(str(tmp_path / "a.qgz"))
    assert dock.session.reference.layer().name() == "mine"
    layers.setCurrentIndex(0)
    layers.activated.emit(0)
    project.write(str(tmp_path / "b.qgz"))
    project.read(str(tmp_path / "b.qgz"))
    assert dock.session.reference.layer() is None
