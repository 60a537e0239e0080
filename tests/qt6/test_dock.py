"""The dock on Qt 6: photos come onto the list, are painted, and go to the engine."""

from __future__ import annotations

import time

import pytest
from qgis.core import Qgis, QgsMessageLog
from qgis.PyQt.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from qgis.PyQt.QtGui import QColor, QDropEvent
from qgis.PyQt.QtWidgets import QPushButton

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.gui.model.photo_list import PhotoState
from astroloc_qgis.gui.setup.engine_parts import EngineParts
from astroloc_qgis.qgis_adapters.text import install_translation, remove_translation, tr
from tests.qgis.files import make_index, make_photo

LEFT = Qt.MouseButton.LeftButton
SECOND = 1000


@pytest.fixture
def ready(dock, tmp_path):
    """A dock where only photos are missing."""
    dock.session.index.choose(make_index(tmp_path / "index"))
    return dock


def add(dock, folder, *names):
    dock.add_photos([make_photo(folder, name) for name in names])
    return dock.session.photos.items


def messages(dock):
    return [(item.level, item.text()) for item in reversed(dock.session.iface.messageBar().items())]


def wait_until_idle(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=20 * SECOND)


def test_an_empty_dock_paints_its_hint(dock):
    assert dock.hint.text() == "To begin, add a photo."
    image = dock.photos.viewport().grab().toImage()
    assert len({image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}) > 2


def test_photos_are_painted_with_thumbnail_name_and_state(qtbot, dock, tmp_path):
    first, second = add(dock, tmp_path, "a", "b")
    qtbot.waitUntil(lambda: first.thumbnail is not None and second.thumbnail is not None, timeout=5 * SECOND)
    dock.photos.setCurrentIndex(dock.session.photos.index(0))
    image = dock.photos.viewport().grab().toImage()
    seen = [QColor(pixel) for pixel in {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}]
    assert any(colour.red() < 9 and 120 < colour.green() < 136 and 120 < colour.blue() < 136 for colour in seen)
    assert len(seen) > 20  # the letters
    assert dock.session.photos.index(0).data(Qt.ItemDataRole.ToolTipRole).endswith("\nnew")


def test_dropped_files_are_added(dock, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(make_photo(tmp_path, "dropped")))])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier, QEvent.Type.Drop
    )
    dock.photos.dropEvent(event)
    assert event.isAccepted()
    assert [item.name for item in dock.session.photos.items] == ["dropped"]


def test_delete_takes_the_selected_photo_off_the_list(qtbot, dock, tmp_path):
    items = add(dock, tmp_path, "a", "b")
    dock.photos.setCurrentIndex(dock.session.photos.index(0))
    qtbot.keyClick(dock.photos, Qt.Key.Key_Delete)
    assert [item.name for item in items] == ["b"]


def test_the_menu_offers_files_folders_and_layers(dock, monkeypatch):
    chosen = []
    monkeypatch.setattr(dock, "_choose_folder", lambda: chosen.append("folder"))
    dock._fill_add_menu()
    files, folder, number, layers = dock.add_button.menu().actions()
    folder.trigger()
    assert chosen == ["folder"]
    assert files.text() == "Files…"
    assert "number" in number.text()
    assert not layers.menu().isEnabled()


def test_options_are_folded_and_remembered(qtbot, ready, tmp_path):
    (item,) = add(ready, tmp_path, "a")
    qtbot.keyClicks(ready.options.nadir, "19.3, -103.6")
    qtbot.keyClick(ready.options.nadir, Qt.Key.Key_Return)
    assert item.nadir == Nadir(19.3, -103.6)
    ready.options.matcher.setCurrentIndex(1)
    ready.options.output.setFilePath(str(tmp_path / "out"))
    assert ready.session.settings.matcher == ready.options.matcher.itemData(1)
    assert ready.session.settings.output == str(tmp_path / "out")


def test_the_reference_is_the_indexs_own_or_a_file(dock, tmp_path):
    assert dock.reference.file.isHidden()
    dock.reference.set_file(str(tmp_path / "a.tif"))
    assert dock.session.reference.uri() == str(tmp_path / "a.tif")
    dock.reference.layers.setCurrentIndex(0)
    assert dock.session.reference.uri() is None


def test_a_click_sends_the_photo_to_the_engine_and_its_answer_is_told(qtbot, ready, tmp_path):
    (item,) = add(ready, tmp_path, "unlocated")
    qtbot.mouseClick(ready.localize_button, LEFT)
    wait_until_idle(qtbot, ready)
    assert item.state is PhotoState.NOT_LOCALIZED
    ((level, text),) = messages(ready)
    assert level == Qgis.MessageLevel.Warning
    assert "unlocated" in text
    assert any(text in line for line, *_ in QgsMessageLog.lines)


def test_progress_is_shown_and_cancel_acts_within_a_second(qtbot, ready, tmp_path):
    first, second = add(ready, tmp_path, "work", "hang")
    qtbot.mouseClick(ready.localize_button, LEFT)
    qtbot.waitUntil(lambda: ready.progress.bar.value() > 0, timeout=20 * SECOND)
    assert first.state is PhotoState.RUNNING
    assert "4/5 matching with the reference" in ready.progress.text.text()
    started = time.monotonic()
    qtbot.mouseClick(ready.progress.cancel_button, LEFT)
    wait_until_idle(qtbot, ready)
    assert time.monotonic() - started < 1
    assert (first.state, second.state) == (PhotoState.NEW, PhotoState.NEW)


def test_a_defect_has_a_details_button(qtbot, ready, tmp_path):
    add(ready, tmp_path, "fail")
    qtbot.mouseClick(ready.localize_button, LEFT)
    wait_until_idle(qtbot, ready)
    item = ready.session.iface.messageBar().items()[0]
    (button,) = item.findChildren(QPushButton)
    qtbot.mouseClick(button, LEFT)
    viewer = ready.session.messages.show_details("a", "b")
    assert viewer.isVisible()


def test_what_the_engine_stopped_with_is_a_number(qtbot, ready, tmp_path):
    add(ready, tmp_path, "die")
    qtbot.mouseClick(ready.localize_button, LEFT)
    wait_until_idle(qtbot, ready)
    assert [text for _, text in messages(ready)] == [
        "The engine stopped unexpectedly. Nothing of the project is lost: just try again."
    ]


def test_the_banner_and_the_window_that_sets_the_engine_up(qtbot, ready):
    parts = EngineParts(ready.session, ready)
    ready.add_banner(parts.banner)
    assert parts.banner.device.text().startswith("Engine:")
    parts.open()
    dialog = parts.dialog
    assert dialog.isVisible()
    dialog.source.setCurrentIndex(1)
    assert dialog.status.text() == "Give the address."
    dialog.source.setCurrentIndex(2)
    assert dialog.status.text() == "Choose the folder."
    qtbot.keyClicks(dialog.wheels.lineEdit(), "/nowhere")
    assert dialog._later.isActive()  # it asks for a plan once the typing has paused
    dialog._show_progress("packages", 0.5)
    dialog._on_end(False, "It broke.", "details")
    assert dialog.install_button.text() == "&Retry"
    assert "details" in dialog.log.toPlainText()
    assert not dialog.grab().isNull()
    parts.stop()


def test_the_texts_are_translated(qapp):
    translator = install_translation("de")
    assert tr("Localize photo") != "Localize photo"
    remove_translation(translator)
    assert tr("Localize photo") == "Localize photo"
