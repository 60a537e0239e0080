"""What the chosen index means for jobs: its imagery as the engine opens it, and an index behind a service."""

from __future__ import annotations

import json

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.gui.dock.index_chooser import IndexChooser

SERVICE = '<GDAL_WMS><Service name="TMS"><ServerUrl>https://example.org/${z}/${y}/${x}</ServerUrl></Service></GDAL_WMS>'


def test_the_engine_gets_the_imagery_itself_and_not_the_address_alone(plugin, tmp_path):
    content = {"title": "World", "model": "m", "zooms": [9], "counts": {"9": 7}, "imagery_uri": SERVICE}
    (tmp_path / "index.json").write_text(json.dumps(content))
    plugin.dock.session.index.choose(tmp_path)
    assert plugin.dock.session.imagery() == SERVICE


def test_an_index_service_is_named_by_its_address(qtbot, scripted):
    index = scripted.session.index
    chooser = IndexChooser(index)
    qtbot.addWidget(chooser)
    chooser.folder.setFilePath("http://127.0.0.1:8765")
    assert index.is_service
    assert index.place == "http://127.0.0.1:8765"
    assert index.problem == ""
    assert "never its pixels" in chooser.about.text()
    with pytest.raises(InputError, match="Choose the reference imagery"):
        scripted.session.imagery()
