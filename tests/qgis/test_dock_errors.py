"""What the dock says and offers after errors, and how a file becomes the reference."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QPushButton

from astroloc_qgis.gui.dock import reference_chooser
from astroloc_qgis.gui.dock.photo_list_view import _two_lines
from astroloc_qgis.qgis_adapters.text import brief, headline
from astroloc_qgis.worker.protocol import INPUT, Failure

from .conftest import CRITICAL, WARNING
from .files import make_index, make_photo
from .test_plugin import add, click, wait_until_idle


@pytest.fixture
def ready(scripted, tmp_path):
    """A dock where only photos are missing."""
    scripted.session.index.choose(make_index(tmp_path / "index"))
    return scripted


def test_after_an_error_the_button_tries_all_failed_photos_again(qtbot, ready, tmp_path):
    ready.add_photos([make_photo(_folder(tmp_path, name), "fail") for name in ("a", "b")])
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    assert ready.localize_button.isEnabled()
    assert ready.localize_button.text() == "Localize 2 photos"


def test_the_same_error_of_several_photos_is_one_message_and_so_is_that_none_was_localized(
    qtbot, ready, tmp_path, messages
):
    for name in ("fail", "unlocated"):
        ready.add_photos([make_photo(_folder(tmp_path, folder + name), name) for folder in "abc"])
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    told = [(level, sentence) for level, sentence in messages()]
    assert [level for level, _ in told] == [CRITICAL, WARNING]
    assert "3 photos were not localized" in told[1][1]


def _folder(folder, name):
    (folder / name).mkdir()
    return folder / name


LONG = (
    "The reference imagery https://gibs.earthdata.nasa.gov/wmts/epsg3857/best/BlueMarble_ShadedRelief_Bathymetry/... "
    "could not be read: the file is damaged or the service does not answer."
)


def test_a_long_error_is_short_in_the_list_and_in_the_bar_and_whole_behind_details(
    qtbot, ready, tmp_path, messages, plugin, monkeypatch
):
    (item,) = add(ready, tmp_path, "work")
    ready.jobs._failure_teller(item)(Failure(None, INPUT, LONG, ""))
    ((_, sentence),) = messages()
    assert sentence == (
        "The reference imagery gibs.earthdata.nasa.gov could not be read: the file is damaged or the service does not "
        "answer."
    )
    assert item.state_line == "The reference imagery gibs.earthdata.nasa.gov could not be read"
    assert LONG in ready.session.photos.data(ready.session.photos.index(0), Qt.ItemDataRole.ToolTipRole)
    shown = []
    monkeypatch.setattr(ready.session.messages, "show_details", lambda *texts: shown.append(texts))
    (button,) = plugin.iface.messageBar().currentItem().findChildren(QPushButton)
    click(qtbot, button)
    assert shown == [(LONG, "")]


@pytest.mark.parametrize(
    ("sentence", "short"),
    [
        ("The folder /a/b cannot be read.", "The folder /a/b cannot be read."),
        ("“/home/me/pictures/of/the/station/ISS056-E-1.jpg”: no", "“…/ISS056-E-1.jpg”: no"),
        (r"C:\Users\me\Pictures\of\the\station\a.jpg, damaged", "…/a.jpg, damaged"),
        ("https://me:secret@example.com/a/long/way/to/the/tiles.xml?x=1 is", "example.com is"),
        ("x" * 60, "x" * 15 + "…" + "x" * 15),
    ],
)
def test_long_words_are_cut_down_to_what_tells_most(sentence, short):
    assert brief(sentence, 0) == short
    assert brief(sentence, 200) == sentence


@pytest.mark.parametrize(
    "sentence", ["It is not there: look.", "It is not there. Or is it?", "It is not there.", "It is not there"]
)
def test_the_list_has_what_a_message_says_first(sentence):
    assert headline(sentence) == "It is not there"


def test_a_state_that_is_too_long_for_a_line_takes_two(qtbot, ready):
    metrics = ready.photos.fontMetrics()
    assert _two_lines("error", metrics, 200) == ["error"]
    first, second = _two_lines("The reference imagery example.com could not be read", metrics, 200)
    assert f"{first} {second}" == "The reference imagery example.com could not be read"
    assert metrics.horizontalAdvance(first) <= 200


def test_a_file_as_reference_is_asked_for_as_soon_as_it_is_chosen(qtbot, ready, tmp_path, monkeypatch):
    add(ready, tmp_path, "a")
    asked = []
    chosen = iter([str(tmp_path / "a.tif"), "", str(tmp_path / "b.tif")])

    def ask(_parent, _title, before):
        asked.append(before)
        return next(chosen), ""

    monkeypatch.setattr(reference_chooser.QFileDialog, "getOpenFileName", ask)
    box = ready.reference.layers
    for expected in ("a.tif", "a.tif", "b.tif"):  # the second time the dialog is cancelled
        box.setCurrentIndex(box.count() - 1)
        box.activated.emit(box.count() - 1)
        assert ready.session.reference.uri() == str(tmp_path / expected)
    assert asked == ["", str(tmp_path / "a.tif"), str(tmp_path / "a.tif")]
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert len(asked) == 3
    assert ready.session.reference.uri() is None
