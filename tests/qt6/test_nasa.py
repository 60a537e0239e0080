"""NASA's dialogs, button and clues on Qt 6; the requests go through a stand-in for QGIS's network."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtWidgets import QDialog

from astroloc_qgis.engine.nasa import client as client_module
from astroloc_qgis.engine.nasa.addresses import DATABASE_VARIABLE, PICTURES_VARIABLE
from astroloc_qgis.engine.nasa.direct import direct
from astroloc_qgis.gui.dock import nasa_lookups
from astroloc_qgis.gui.dock.nasa_dialog import NasaDialog
from astroloc_qgis.gui.dock.nasa_numbers import NumbersDialog
from astroloc_qgis.qgis_adapters.nasa_access import KeyStore
from astroloc_qgis.qgis_adapters.settings import Settings
from tests.engine.nasa.nasa_server import KEY, NUMBER, running
from tests.qgis.files import make_photo

SECOND = 1000


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr(client_module.NasaClient.__init__, "__defaults__", (None, None, 0.0))
    monkeypatch.setattr(nasa_lookups, "QgisTransport", lambda _stopped: direct)
    with running() as nasa:
        monkeypatch.setenv(DATABASE_VARIABLE, nasa.database)
        monkeypatch.setenv(PICTURES_VARIABLE, nasa.pictures)
        yield nasa


def test_a_photo_is_looked_up_and_its_clues_are_listed(qtbot, dock, server, tmp_path):
    dock.nasa.keys.session = KEY
    dock.session.settings.nasa = "yes"
    dock.add_photos([make_photo(tmp_path, NUMBER)])
    dock.nasa.button.click()
    qtbot.waitUntil(lambda: not dock.nasa.lookups.busy, timeout=20 * SECOND)
    (item,) = dock.session.photos.items
    assert item.nadir.source == "nasa"
    assert not dock.clues.isHidden()
    assert dock.clues.lines[0] == "NASA's nadir: 12.30° N 45.60° W"
    dock.clues.buttons["centre"].click()
    assert item.desk.work.search["centre"] == (13.5, -44.0)


def test_the_dialogs_open_and_take_what_is_typed(qtbot, settings):
    keys = KeyStore()
    dialog = NasaDialog(Settings(), keys)
    numbers = NumbersDialog(Settings())
    for one in (dialog, numbers):
        qtbot.addWidget(one)
        one.show()
    qtbot.keyClicks(dialog.key, KEY)
    dialog.buttons.button(dialog.buttons.StandardButton.Ok).click()
    assert (dialog.result(), keys.read()) == (QDialog.DialogCode.Accepted, KEY)
    numbers.numbers.setPlainText("ISS064-E-358 STS-106-718-28")
    numbers.buttons.button(numbers.buttons.StandardButton.Ok).click()
    assert numbers.read()[0] == ["ISS064-E-358", "STS106-718-28"]
    assert Settings().nasa_folder
