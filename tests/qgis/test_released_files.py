"""While the engine replaces a photo's files QGIS lets go of them, as Windows needs it; then the layers come back."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from qgis.core import QgsProject

from astroloc_qgis.qgis_adapters import released_files
from astroloc_qgis.qgis_adapters.layers import add_photo_layers, photo_layers
from astroloc_qgis.qgis_adapters.released_files import release_files, restore_files

from .test_layers import layers, project, report
from .test_plugin import add, click, ready, wait_until_idle

__all__ = ["layers", "project", "ready", "report"]


@pytest.fixture
def windows(monkeypatch):
    """A system that refuses to replace open files; Linux replaces them."""
    monkeypatch.setattr(released_files, "OPEN_FILES_STAY", True)


def open_files(folder):
    """The names of the files in a folder that QGIS has open."""
    links = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            links.append(link.readlink())
    return {link.name for link in links if link.is_relative_to(folder)}


def test_the_files_are_closed_and_the_layers_come_back_as_they_were(qtbot, windows, layers, project, tmp_path):
    photo = tmp_path / "photo.jpg"
    layers.raster.setOpacity(0.4)
    before = {layer.id(): layer.source() for layer in photo_layers(photo, project)}
    symbol = layers.footprint.renderer().dump()
    qtbot.waitUntil(lambda: "photo.tif" in open_files(tmp_path))
    released = release_files(photo, project)
    qtbot.waitUntil(lambda: open_files(tmp_path) == set())  # a drawing of the map that has begun ends first
    (tmp_path / "new.tif").write_bytes((tmp_path / "photo.tif").read_bytes())
    (tmp_path / "new.tif").replace(tmp_path / "photo.tif")
    restore_files(released, project)
    assert {layer.id(): layer.source() for layer in photo_layers(photo, project)} == before
    assert all(layer.isValid() for layer in photo_layers(photo, project))
    assert layers.raster.opacity() == pytest.approx(0.4)
    assert layers.footprint.renderer().dump() == symbol
    assert layers.footprint.featureCount() == 1


def test_layers_that_made_way_for_new_ones_do_not_come_back(windows, layers, report, project, tmp_path):
    photo = tmp_path / "photo.jpg"
    released = release_files(photo, project)
    new = add_photo_layers(report, photo, project)
    restore_files(released, project)
    assert {layer.id() for layer in photo_layers(photo, project)} == {new.raster.id(), new.footprint.id()}


def test_a_system_that_replaces_open_files_changes_no_layer(layers, project, tmp_path):
    assert release_files(tmp_path / "photo.jpg", project) == []
    assert all(layer.isValid() for layer in photo_layers(tmp_path / "photo.jpg", QgsProject.instance()))


def test_unsaved_edits_are_never_let_go(windows, layers, project, tmp_path):
    layers.footprint.startEditing()
    released = release_files(tmp_path / "photo.jpg", project)
    assert not layers.footprint.isEditable()  # nothing was edited
    restore_files(released, project)
    layers.footprint.startEditing()
    layers.footprint.deleteFeature(next(layers.footprint.getFeatures()).id())
    assert [one.layer_id for one in release_files(tmp_path / "photo.jpg", project)] == [layers.raster.id()]
    assert layers.footprint.isModified()
    layers.footprint.rollBack()


def test_layers_come_back_after_a_run_that_places_nothing(windows, qtbot, ready, report, qgis_canvas, tmp_path):
    (item,) = add(ready, tmp_path, "unlocated")
    qgis_canvas.freeze(True)
    shown = add_photo_layers(report, item.path, QgsProject.instance())
    while_it_ran = []
    ready.session.jobs.progressed.connect(lambda _: while_it_ran.append(shown.raster.isValid()))
    ready.session.jobs.started.connect(lambda *_: while_it_ran.append(shown.raster.isValid()))
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    qgis_canvas.freeze(False)
    assert while_it_ran[0] is False
    assert shown.raster.isValid()
    assert shown.footprint.isValid()
