"""Blue Marble comes with the engine, where it is wanted, can be fetched and has room."""

from __future__ import annotations

import shutil

import pytest
from qgis.core import QgsSettings

from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
from astroloc_qgis.engine.imagery.kept.places import kept_file
from astroloc_qgis.gui import blue_marble
from astroloc_qgis.worker.protocol import ProgressEvent
from tests.qgis.setup.installing import TIMEOUT, install


@pytest.mark.parametrize("wanted", [True, False])
def test_blue_marble_comes_with_the_engine_where_its_box_is_ticked(qtbot, opened, fresh, wanted, monkeypatch):
    session, dialog, asked = fresh.dock.session, opened.dialog, []
    monkeypatch.setattr(session.jobs, "run", asked.extend)
    QgsSettings().remove("astroloc/imagery/with_engine")  # as of a new user
    dialog._refresh()
    assert dialog.imagery.isEnabled()
    assert dialog.imagery.isChecked()
    assert "170 MB" in dialog.imagery.text()
    assert dialog.install_button.isDefault()
    if not wanted:
        dialog.imagery.click()
        assert session.settings.imagery_with_engine == "no"
    assert install(qtbot, opened)[0] is True
    assert [job.method for job in asked] == ["imagery_keep"] * wanted
    assert session.blue_marble.busy is wanted
    if wanted:
        assert dialog.bar.isVisible()
        session.jobs.started.emit(asked[0], 1, 1)
        session.jobs.progressed.emit(ProgressEvent(1, "fetch", 0.25))
        assert dialog.status.text() == "7/7 fetching Blue Marble…"
        assert dialog.bar.value() == 250
        kept_file(BLUE_MARBLE).parent.mkdir(parents=True, exist_ok=True)
        kept_file(BLUE_MARBLE).write_bytes(b"tiles")
        asked[0].done({"bytes": 170_000_000})
        assert "Blue Marble is on this computer now (170 MB)" in dialog.status.text()
        assert not dialog.imagery.isEnabled()
    qtbot.waitUntil(lambda: not opened.setup.jobs.busy, timeout=TIMEOUT)
    assert not dialog.bar.isVisible()
    assert dialog.focusWidget() is dialog.close_button


def test_blue_marble_is_not_fetched_where_there_is_no_network(opened, fresh):
    settings, dialog = fresh.dock.session.settings, opened.dialog
    settings.imagery_with_engine = "yes"
    dialog._refresh()
    assert dialog.imagery.is_wanted
    settings.wheels = "/a folder of packages"
    dialog._refresh()
    assert not dialog.imagery.is_wanted
    assert not dialog.imagery.isEnabled()


def test_blue_marble_is_not_offered_where_there_is_no_room_for_it(opened, fresh, monkeypatch):
    dialog = opened.dialog
    monkeypatch.setattr(blue_marble.shutil, "disk_usage", lambda _place: shutil._ntuple_diskusage(10**12, 10**12, 1))
    dialog._show_plan(dialog._plan)
    assert not dialog.imagery.isEnabled()
    assert not dialog.imagery.is_wanted
    assert "No room" in dialog.imagery.text()
