"""The dock looks photos up in the world index that comes with the plugin, unless told otherwise."""

from __future__ import annotations

import json

import pytest

from astroloc_qgis.gui.dock.index_chooser import IndexChooser
from astroloc_qgis.gui.model import index_choice
from astroloc_qgis.gui.model.index_choice import IndexChoice
from astroloc_qgis.qgis_adapters import index_folder
from astroloc_qgis.qgis_adapters.settings import Settings

SERVICE = '<GDAL_WMS><Service name="TMS"><ServerUrl>https://example.org/${z}/${y}/${x}</ServerUrl></Service></GDAL_WMS>'


@pytest.fixture
def world(tmp_path):
    folder = tmp_path / "world"
    folder.mkdir()
    content = {"title": "World", "model": "m", "zooms": [9], "counts": {"9": 7}, "imagery_uri": SERVICE}
    (folder / "index.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def index(world, monkeypatch):
    monkeypatch.setattr(index_choice, "world_index", lambda: world)
    return IndexChoice(Settings())


@pytest.fixture
def chooser(qtbot, index):
    made = IndexChooser(index)
    qtbot.addWidget(made)
    return made


def test_the_world_index_is_the_default(chooser, index, world):
    assert index.path == world
    assert index.problem == ""
    assert chooser.folder.lineEdit().placeholderText() == "The world: Blue Marble"
    assert chooser.about.text() == "7 blocks, zooms 9"
    assert "Imagery: https://example.org/${z}/${y}/${x}" in chooser.about.toolTip()
    assert Settings().index == ""


def test_another_index_takes_its_place_and_leaving_it_brings_it_back(chooser, index, world, tmp_path):
    chooser.folder.setFilePath(str(tmp_path))
    assert index.path == tmp_path
    assert "There is no index in" in index.problem
    chooser.folder.setFilePath("")
    assert index.path == world
    assert index.problem == ""


def test_without_a_world_index_one_must_be_chosen(qtbot, monkeypatch):
    monkeypatch.setattr(index_choice, "world_index", lambda: None)
    index = IndexChoice(Settings())
    chooser = IndexChooser(index)
    qtbot.addWidget(chooser)
    assert index.problem == "Choose an index, or build one from the reference."
    assert chooser.folder.lineEdit().placeholderText() == "Choose a folder, or build one"


def test_the_world_index_is_looked_for_among_the_plugins_own_files(world, monkeypatch):
    monkeypatch.setattr(index_folder, "shipped", lambda *_: world)
    assert index_folder.world_index() == world
    (world / "index.json").unlink()
    assert index_folder.world_index() is None
