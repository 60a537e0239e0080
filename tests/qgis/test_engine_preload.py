"""The engine starts while the user still chooses, and never unasked."""

from __future__ import annotations

import pytest

from astroloc_qgis.gui.engine_preload import PAUSE_MS
from astroloc_qgis.gui.setup.engine_options import EngineOptionsPage
from astroloc_qgis.qgis_adapters.settings import Settings

from .files import make_index, make_photo
from .test_plugin import add, click, wait_until_idle

LONG_ENOUGH = 3 * PAUSE_MS


@pytest.fixture
def asked(scripted, monkeypatch):
    """What the engine was asked to load ahead."""
    found = []
    monkeypatch.setattr(scripted.session.engine, "preload", found.append)
    return found


@pytest.fixture
def shown(scripted, canvas):
    scripted.show()
    return scripted


def test_it_loads_the_chosen_index_and_matchers_once_photos_are_added(qtbot, shown, asked, tmp_path):
    shown.session.index.choose(make_index(tmp_path / "index"))
    add(shown, tmp_path, "a", "b")
    assert asked == []  # the list comes first
    qtbot.waitUntil(lambda: bool(asked), timeout=5000)
    assert asked == [{"matcher": "auto", "index": str(tmp_path / "index")}]


def test_without_an_index_it_loads_the_rest(qtbot, shown, asked, tmp_path):
    add(shown, tmp_path, "a")
    qtbot.waitUntil(lambda: bool(asked), timeout=5000)
    assert asked == [{"matcher": "auto"}]


def test_a_shown_dock_without_photos_starts_nothing(qtbot, shown, asked):
    qtbot.wait(LONG_ENOUGH)
    assert asked == []


def test_a_hidden_dock_starts_nothing(qtbot, scripted, asked, tmp_path):
    scripted.hide()
    add(scripted, tmp_path, "a")
    qtbot.wait(LONG_ENOUGH)
    assert asked == []


def test_the_option_switches_it_off(qtbot, plugin, shown, asked, tmp_path):
    page = EngineOptionsPage(plugin.engine_parts, Settings())
    assert page.preload.isChecked()
    page.preload.setChecked(False)
    page.apply()
    add(shown, tmp_path, "a")
    qtbot.wait(LONG_ENOUGH)
    assert asked == []


def test_photos_that_come_back_with_a_project_start_nothing_until_one_is_selected(qtbot, shown, asked, tmp_path):
    store = shown.session.project_store
    add(shown, tmp_path, "a")
    shown.session.photos.clear()
    store.restore()
    assert [item.name for item in shown.session.photos.items] == ["a"]
    qtbot.wait(LONG_ENOUGH)
    assert asked == []
    shown.photos.setCurrentIndex(shown.session.photos.index(0))
    qtbot.waitUntil(lambda: bool(asked), timeout=5000)


def test_a_job_is_not_disturbed(qtbot, shown, asked, tmp_path):
    shown.session.index.choose(make_index(tmp_path / "index"))
    add(shown, tmp_path, "unlocated")
    click(qtbot, shown.localize_button)
    shown.add_photos([make_photo(tmp_path, "b")])
    wait_until_idle(qtbot, shown)
    assert shown.session.photos.items[0].note == ""
