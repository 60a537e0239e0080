"""From the desk to files: the dialog asks, the real engine writes, and what is written lies where the photo lay."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from osgeo import gdal, ogr
from qgis.core import QgsProject, QgsRasterLayer

from astroloc_qgis.engine.exports.registry import FORMS
from astroloc_qgis.gui.desk.panels.export_dialog import REPORT, ExportDialog
from astroloc_qgis.gui.model.tie_points import TiePoint
from astroloc_qgis.gui.model.work import PhotoState

from .conftest import ENGINE_SECONDS
from .hand import corners, work

TIMEOUT = ENGINE_SECONDS * 1000


def dialog_for(desk, tmp_path, *forms):
    items = desk.export.exportable()
    dialog = ExportDialog(items, desk.current.item, tmp_path)
    dialog.folder.setFilePath(str(tmp_path / "out"))
    for form, box in dialog.forms.items():
        box.setChecked(form in forms)
    return dialog


def test_the_usual_is_ticked_and_one_click_away(desk, dock, tmp_path):
    dialog = ExportDialog(desk.export.exportable(), desk.current.item, tmp_path)
    assert dialog.options()["forms"] == ["geotiff", "footprint_gpkg", "sidecar"]
    assert dialog.ok.isEnabled()
    assert dialog.example.text() == "For example a_georeferenced.tif"
    assert all(box.toolTip() for box in dialog.forms.values())
    assert list(dialog.forms) == [*FORMS, "report"]


def test_choices_are_remembered(desk, dock, tmp_path):
    dialog = dialog_for(desk, tmp_path, "cog", "stac")
    dialog.name.setText("{number}")
    dialog._on_accept()
    again = ExportDialog(desk.export.exportable(), desk.current.item, tmp_path)
    assert again.options()["forms"] == ["cog", "stac"]
    assert (again.name.text(), again.folder.filePath()) == ("{number}", str(tmp_path / "out"))


def test_nothing_ticked_or_a_bad_name_is_told_and_cannot_be_exported(desk, dock, tmp_path):
    dialog = dialog_for(desk, tmp_path)
    assert not dialog.ok.isEnabled()
    dialog.forms["cog"].setChecked(True)
    assert dialog.ok.isEnabled()
    dialog.name.setText("{what}")
    assert "{what}" in dialog.example.text()
    assert not dialog.ok.isEnabled()


@pytest.mark.slow
def test_a_photo_placed_by_hand_is_exported_where_it_lies_with_its_report(qtbot, desk, dock, tmp_path):
    lonlat = corners(desk)
    ties = tuple(
        TiePoint(x, y, lon, lat)
        for (x, y), (lon, lat) in zip([(0, 0), (900, 0), (900, 600), (0, 600)], lonlat, strict=True)
    )
    desk.current.item.desk.change(replace(work(desk), tie_points=ties), "Add tie points")
    dialog = dialog_for(desk, tmp_path, "geotiff", "cog", "footprint_geojson", "points", "sidecar", REPORT)
    desk.export.run(dialog)
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=TIMEOUT)
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "a_georeferenced.json",
        "a_georeferenced.pdf",
        "a_georeferenced.points",
        "a_georeferenced.tif",
        "a_georeferenced_cog.tif",
        "a_georeferenced_footprint.geojson",
    ]
    assert work(desk).state is PhotoState.EXPORTED
    assert desk.current.item.state is PhotoState.EXPORTED  # in the list, too
    box = QgsRasterLayer(str(out / "a_georeferenced.tif"), "x").extent()
    vector = ogr.Open(str(out / "a_georeferenced_footprint.geojson"))
    west, east, south, north = vector.GetLayer(0).GetExtent()
    np.testing.assert_allclose((west, south, east, north), (*lonlat.min(axis=0), *lonlat.max(axis=0)), atol=1e-6)
    assert gdal.Open(str(out / "a_georeferenced.tif")).RasterCount == 4
    assert not box.isEmpty()
    told = json.loads((out / "a_georeferenced.json").read_text())
    np.testing.assert_allclose(told["footprint"], lonlat, atol=1e-6)
    pdf = (out / "a_georeferenced.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 10_000

    before = work(desk).tie_points
    desk.actions.read_control_points(out / "a_georeferenced.points")
    again = work(desk).tie_points[len(before) :]
    np.testing.assert_allclose(
        [(p.x, p.y, p.lon, p.lat) for p in again], [(p.x, p.y, p.lon, p.lat) for p in before], atol=1e-8
    )


@pytest.mark.slow
def test_accepting_brings_the_files_on_the_map_up_to_date(qtbot, desk, dock, tmp_path):
    dock.session.settings.output = tmp_path / "results"
    desk.actions.accept()
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=TIMEOUT)
    assert work(desk).state is PhotoState.ACCEPTED
    assert not work(desk).stale
    group = QgsProject.instance().layerTreeRoot().findGroup("AstroLoc").findGroup("a")
    assert [node.name() for node in group.children()] == ["Footprint", "a"]
    raster = group.children()[1].layer()
    assert raster.isValid()
    assert not group.children()[1].itemVisibilityChecked()  # the live picture stands for it while it is on the desk
    desk.take(None)
    assert group.children()[1].itemVisibilityChecked()
