"""The dock on a small screen: nothing is cut off at the side, and what is at the bottom stays in sight."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from astroloc_qgis.gui.dock import nasa_dialog
from astroloc_qgis.gui.dock.index_chooser import zooms_text
from astroloc_qgis.gui.widgets import ColumnScroll

from .files import make_photo

LONG = "a button with a long text, as other languages have it"


@pytest.fixture
def window(qtbot):
    """A narrow window with a column that is too high for it, above a button."""
    window, column = QWidget(), QWidget()
    inner = QVBoxLayout(column)
    for _ in range(40):
        inner.addWidget(QLabel("a row"))
    outer = QVBoxLayout(window)
    outer.addWidget(ColumnScroll(column, window), 1)
    outer.addWidget(QPushButton("below"))
    qtbot.addWidget(window)
    window.resize(150, 300)
    window.show()
    return window


def test_a_column_that_grows_wider_is_not_cut_off_behind_its_scroll_bar(qtbot, window):
    scroll = window.findChild(ColumnScroll)
    button = QPushButton(LONG)
    scroll.widget().layout().addWidget(button)

    def whole():
        assert button.width() >= button.minimumSizeHint().width()
        assert scroll.widget().width() <= scroll.viewport().width()
        assert scroll.verticalScrollBar().isVisible()

    qtbot.waitUntil(whole)
    assert window.height() == 300


def test_the_list_of_photos_asks_for_two_rows_and_shows_both(dock, tmp_path):
    dock.add_photos([make_photo(tmp_path, "a"), make_photo(tmp_path, "b")])
    assert dock.photos.sizeHint().height() == dock.photos.minimumHeight()
    rows = 2 * dock.photos.sizeHintForRow(0)
    assert rows <= dock.photos.minimumHeight() - 2 * dock.photos.frameWidth() < rows + 10


@pytest.mark.parametrize(
    ("zooms", "text"), [((9,), "9"), ((9, 10), "9, 10"), ((7, 8, 9, 10, 11), "7–11"), ((7, 9, 10), "7, 9, 10")]
)
def test_zooms_are_told_in_few_words(zooms, text):
    assert zooms_text(zooms) == text


class Keys:
    """A store that needs, or does not need, a new master password."""

    keeps, has_key = True, False

    def __init__(self, new):
        self.needs_master_password = new


@pytest.mark.parametrize("new", [True, False])
def test_the_window_of_the_key_says_that_qgis_asks_for_a_master_password(qtbot, dock, new):
    dialog = nasa_dialog.NasaDialog(dock.session.settings, Keys(new))
    qtbot.addWidget(dialog)
    told = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert ("choose a master password" in told) is new
