"""The plugin and its dock, with scripted work in the engine's place."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from qgis.PyQt.QtGui import QDropEvent
from qgis.PyQt.QtWidgets import QPushButton

from astroloc_qgis import classFactory
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.gui import localization_jobs
from astroloc_qgis.gui.model.photo_list import PhotoState
from astroloc_qgis.gui.model.places import parse_nadir

from .conftest import CRITICAL, WARNING
from .files import make_index, make_photo

SECOND = 1000


@pytest.fixture
def ready(scripted, tmp_path):
    """A dock where only photos are missing."""
    scripted.session.index.choose(make_index(tmp_path / "index"))
    return scripted


def add(dock, folder, *names):
    dock.add_photos([make_photo(folder, name) for name in names])
    return dock.photos.photos.items


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_until_idle(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=20 * SECOND)


def wait_until_working(qtbot, dock):
    qtbot.waitUntil(lambda: dock.progress.bar.value() > 0, timeout=20 * SECOND)


def test_loading_and_unloading_leaves_nothing_behind(plugin):
    assert plugin.dock.objectName() == "AstroLocDock"
    assert plugin.action.text() == "AstroLoc"
    assert not plugin.action.icon().isNull()
    plugin.unload()
    assert plugin.dock is None
    assert plugin.action is None


def test_loading_the_plugin_starts_no_engine(plugin):
    assert plugin.dock.session.engine.process_id == 0


def test_an_empty_dock_says_what_to_do_next_step_by_step(scripted, tmp_path):
    assert scripted.hint.text() == "To begin, add a photo."
    assert not scripted.localize_button.isEnabled()
    add(scripted, tmp_path, "work")
    assert "Choose an index, or build one" in scripted.hint.text()
    scripted.session.index.choose(tmp_path)
    assert str(tmp_path) in scripted.hint.text()
    scripted.session.index.choose(make_index(tmp_path / "index"))
    assert scripted.hint.text() == ""
    assert scripted.localize_button.isEnabled()


def test_the_index_is_described_below_its_folder(ready):
    assert ready.index.about.text() == "20 blocks, zooms 9, 10"
    assert "Generated" in ready.index.about.toolTip()
    assert "xfeat-vlad" in ready.index.about.toolTip()


def test_a_damaged_index_is_told_in_a_sentence(scripted, tmp_path):
    folder = make_index(tmp_path / "index")
    (folder / "index.json").write_text('{"model": ')
    add(scripted, tmp_path, "work")
    scripted.session.index.choose(folder)
    assert "is damaged: build it again" in scripted.hint.text()


def test_photos_are_added_once_from_files_and_folders(dock, tmp_path):
    photo = make_photo(tmp_path, "a")
    (tmp_path / "notes.txt").write_text("no photo")
    dock.add_photos([photo, tmp_path, photo])
    make_photo(tmp_path, "b")
    dock.add_photos([tmp_path])
    assert [item.name for item in dock.photos.photos.items] == ["a", "b"]


def test_dropped_files_are_added(dock, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(make_photo(tmp_path, "dropped")))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        QEvent.Type.Drop,
    )
    dock.photos.dropEvent(event)
    assert event.isAccepted()
    assert [item.name for item in dock.photos.photos.items] == ["dropped"]


def test_a_thumbnail_appears_and_keeps_the_photos_shape(qtbot, dock, tmp_path):
    (item,) = add(dock, tmp_path, "a")
    qtbot.waitUntil(lambda: item.thumbnail is not None, timeout=5 * SECOND)
    assert item.thumbnail.width() / item.thumbnail.height() == pytest.approx(1.5, abs=0.1)


def test_delete_takes_the_selected_photo_off_the_list_and_not_off_the_disk(qtbot, dock, tmp_path):
    items = add(dock, tmp_path, "a", "b")
    dock.photos.setCurrentIndex(dock.photos.photos.index(0))
    qtbot.keyClick(dock.photos, Qt.Key.Key_Delete)
    assert [item.name for item in items] == ["b"]
    assert (tmp_path / "a.jpg").exists()


def test_the_button_says_how_many_photos_it_works_on(ready, tmp_path):
    add(ready, tmp_path, "a", "b")
    assert ready.localize_button.text() == "Localize 2 photos"
    ready.photos.setCurrentIndex(ready.photos.photos.index(1))
    assert ready.localize_button.text() == "Localize photo"
    assert [item.name for item in ready.target_photos()] == ["b"]


def test_a_nadir_belongs_to_the_photo_it_was_typed_for(qtbot, ready, tmp_path):
    first, second = add(ready, tmp_path, "a", "b")
    ready.photos.setCurrentIndex(ready.photos.photos.index(0))
    qtbot.keyClicks(ready.options.nadir, "19.3, -103.6")
    qtbot.keyClick(ready.options.nadir, Qt.Key.Key_Return)
    assert (first.nadir, second.nadir) == (Nadir(19.3, -103.6), None)
    ready.photos.setCurrentIndex(ready.photos.photos.index(1))
    assert ready.options.nadir.text() == ""


def test_a_nadir_is_read_in_the_usual_spellings_and_refused_in_others():
    assert (
        parse_nadir("19.3, -103.6") == parse_nadir("19.3 -103.6") == parse_nadir(" 19.3;-103.6 ") == Nadir(19.3, -103.6)
    )
    assert parse_nadir("19,3; -103,6") == parse_nadir("19,3, -103,6") == parse_nadir("19,3 -103,6")
    assert parse_nadir("19,3, -103,6") == Nadir(19.3, -103.6)
    assert parse_nadir(" ") is None
    for wrong in ("19.3", "north", "1 2 3", "nan nan", "91, 0", "0, 181"):
        with pytest.raises(InputError, match="nadir"):
            parse_nadir(wrong)


def test_a_nadir_with_many_digits_keeps_them_when_its_field_is_left(qtbot, ready, tmp_path):
    (first,) = add(ready, tmp_path, "a")
    exact = Nadir(19.30123, -103.61234)
    first.desk.change(replace(first.desk.work, nadir=exact), "Nadir from orbital elements")
    ready.refresh()
    assert parse_nadir(ready.options.nadir.text()) == exact


def test_leaving_the_field_of_the_nadir_changes_no_photo(qtbot, ready, tmp_path):
    for item, nadir in zip(add(ready, tmp_path, "a", "b"), (Nadir(1, 2), Nadir(3, 4)), strict=True):
        item.desk.change(replace(item.desk.work, nadir=nadir), "Change the nadir")
    ready.refresh()
    qtbot.keyClick(ready.options.nadir, Qt.Key.Key_Return)
    assert [item.nadir for item in ready.session.photos.items] == [Nadir(1, 2), Nadir(3, 4)]
    ready.options.nadir.selectAll()
    qtbot.keyClicks(ready.options.nadir, "5, 6")
    qtbot.keyClick(ready.options.nadir, Qt.Key.Key_Return)
    assert [item.nadir for item in ready.session.photos.items] == [Nadir(5, 6), Nadir(5, 6)]


def test_a_click_shows_progress_and_the_window_stays_alive(qtbot, ready, tmp_path):
    (item,) = add(ready, tmp_path, "work")
    click(qtbot, ready.localize_button)
    assert ready.progress.isVisibleTo(ready)
    assert not ready.localize_button.isEnabled()
    wait_until_working(qtbot, ready)
    assert item.state is PhotoState.RUNNING
    assert "4/5 matching with the reference" in ready.progress.text.text()


def test_cancel_ends_the_work_within_a_second_and_the_photo_is_new_again(qtbot, ready, tmp_path, messages):
    first, second = add(ready, tmp_path, "hang", "work")
    click(qtbot, ready.localize_button)
    qtbot.waitUntil(lambda: first.note != "", timeout=20 * SECOND)
    started = time.monotonic()
    click(qtbot, ready.progress.cancel_button)
    wait_until_idle(qtbot, ready)
    assert time.monotonic() - started < 1
    assert (first.state, second.state) == (PhotoState.NEW, PhotoState.NEW)
    assert [text for _, text in messages()] == ["Cancelled."]
    assert not ready.progress.isVisibleTo(ready)
    assert ready.localize_button.isEnabled()


def test_an_engine_killed_in_the_middle_is_one_sentence_and_the_next_click_works(qtbot, ready, tmp_path, messages):
    (item,) = add(ready, tmp_path, "work")
    click(qtbot, ready.localize_button)
    wait_until_working(qtbot, ready)
    os.kill(ready.session.engine.process_id, signal.SIGKILL)
    wait_until_idle(qtbot, ready)
    assert messages() == [
        (CRITICAL, "The engine stopped unexpectedly. Nothing of the project is lost: just try again.")
    ]
    assert item.state is PhotoState.ERROR
    ready.progress.bar.reset()
    click(qtbot, ready.localize_button)
    wait_until_working(qtbot, ready)
    assert item.state is PhotoState.RUNNING


def test_a_defect_has_a_details_button_with_the_traceback(qtbot, ready, tmp_path, messages, plugin, monkeypatch):
    add(ready, tmp_path, "fail")
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    ((level, sentence),) = messages()
    assert level == CRITICAL
    assert "ZeroDivisionError" in sentence
    shown = []
    monkeypatch.setattr(ready.session.messages, "show_details", lambda *texts: shown.append(texts))
    (button,) = plugin.iface.messageBar().currentItem().findChildren(QPushButton)
    assert button.text() == "Details"
    click(qtbot, button)
    assert "Traceback" in shown[0][1]


def test_one_bad_photo_does_not_stop_the_others(qtbot, ready, tmp_path):
    bad, good = add(ready, tmp_path, "fail", "unlocated")
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    assert (bad.state, good.state) == (PhotoState.ERROR, PhotoState.NOT_LOCALIZED)


def test_photos_with_unsaved_footprints_are_named_at_once_and_the_others_localized(
    qtbot, ready, tmp_path, messages, monkeypatch
):
    monkeypatch.setattr(localization_jobs, "has_unsaved_edits", lambda path, _project: path.stem in ("work", "hang"))
    first, good, second = add(ready, tmp_path, "work", "unlocated", "hang")
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    assert [item.state for item in (first, good, second)] == [PhotoState.NEW, PhotoState.NOT_LOCALIZED, PhotoState.NEW]
    assert messages()[0] == (
        WARNING,
        "The footprint of work, hang has edits that are not saved: save or discard them first.",
    )


def test_a_photo_that_is_not_localized_is_told_in_plain_words(qtbot, ready, tmp_path, messages):
    (item,) = add(ready, tmp_path, "unlocated")
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    assert item.state is PhotoState.NOT_LOCALIZED
    ((level, sentence),) = messages()
    assert level == WARNING
    assert sentence.startswith("unlocated was not localized")
    assert not QgsProject.instance().mapLayers()


@pytest.mark.parametrize(
    ("known", "advised"), [({}, True), ({"nadir": Nadir(19.3, -103.6)}, False), ({"area": {"radius_km": 100.0}}, False)]
)
def test_a_nadir_is_asked_for_where_the_whole_index_was_searched(qtbot, ready, tmp_path, messages, known, advised):
    (item,) = add(ready, tmp_path, "unlocated")
    item.desk.change(replace(item.desk.work, **known), "known")
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    ((_, sentence),) = messages()
    assert ("nadir, under Options" in sentence) == advised


def test_where_there_is_no_engine_a_sentence_says_what_to_do(qtbot, ready, tmp_path, messages):
    ready.session.engine._command = lambda: _no_engine()
    first, second = add(ready, tmp_path, "work", "echo")
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    assert messages() == [(WARNING, "No engine: choose its Python.")]
    assert (first.state, second.state) == (PhotoState.ERROR, PhotoState.NEW)


def _no_engine():
    raise InputError("No engine: choose its Python.", "looked everywhere")


def test_unloading_in_the_middle_of_work_leaves_no_process_behind(qtbot, plugin, ready, tmp_path):
    add(ready, tmp_path, "hang")
    click(qtbot, ready.localize_button)
    qtbot.waitUntil(lambda: ready.photos.photos.items[0].note != "", timeout=20 * SECOND)
    process = ready.session.engine.process_id
    plugin.unload()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_choices_are_remembered_between_sessions(ready, tmp_path):
    from astroloc_qgis.qgis_adapters.settings import Settings

    ready.reference.set_file(str(tmp_path / "reference.tif"))
    ready.options.matcher.setCurrentIndex(ready.options.matcher.findData("sift"))
    assert (Settings().index, Settings().reference) == (str(tmp_path / "index"), str(tmp_path / "reference.tif"))
    assert Settings().matcher == "sift"


def test_building_an_index_asks_for_a_reference_first(qtbot, ready, messages):
    click(qtbot, ready.index.build_button)
    ((level, sentence),) = messages()
    assert level == WARNING
    assert sentence.startswith("Choose the reference imagery first")


def test_the_dock_fits_a_small_screen(dock):
    assert dock.minimumSizeHint().width() <= 320
    assert dock.minimumSizeHint().height() <= 360


def test_loading_builds_no_dock_until_it_is_asked_for(qgis_iface, qgis_new_project):
    plugin = classFactory(qgis_iface)
    plugin.initGui()
    assert plugin._dock is None
    assert plugin.action.isCheckable()
    plugin.action.trigger()
    assert plugin._dock is not None
    plugin.unload()
