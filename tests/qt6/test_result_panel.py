"""The result in the dock on Qt 6: the candidates of a photo that was not localized, as pictures to click."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from astroloc_qgis.gui.dock.result_candidates import ResultCandidates
from astroloc_qgis.gui.model.work import PhotoState
from tests.qgis.files import make_photo

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def shown(qtbot, localized, photo):
    """Three candidates, of which the first has a picture and the second was tried."""
    first, second, third = localized.candidates
    widget = ResultCandidates()
    qtbot.addWidget(widget)
    widget.resize(340, 200)
    widget.show()
    tried = replace(second, verdict="not localized")
    widget.show_candidates((first, tried, third), {first.block: photo}, "too few points match", busy=False)
    return widget


def test_they_are_painted_with_their_pictures(shown):
    assert [shown.row.item(number).text() for number in range(3)] == ["1", "2: no match", "3"]
    image = shown.row.viewport().grab().toImage()
    seen = [QColor(image.pixel(x, y)) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)]
    assert any(colour.red() > 150 and colour.blue() < 80 for colour in seen)
    assert any(colour.blue() > 150 and colour.red() < 80 for colour in seen)


def test_a_click_chooses_one_and_the_button_tries_it(qtbot, shown, localized):
    told = []
    shown.chosen.connect(lambda one: told.append(("chosen", one.block)))
    shown.try_requested.connect(lambda one: told.append(("try", one.block)))
    assert not shown.try_button.isEnabled()
    place = shown.row.visualItemRect(shown.row.item(2)).center()
    qtbot.mouseClick(shown.row.viewport(), LEFT, pos=place)
    qtbot.mouseClick(shown.try_button, LEFT)
    block = localized.candidates[2].block
    assert told == [("chosen", block), ("try", block)]


def test_the_dock_shows_the_candidates_of_a_photo_that_was_not_localized(dock, localized, tmp_path):
    dock.add_photos([make_photo(tmp_path, "a")])
    assert not dock.result.isVisibleTo(dock)
    (item,) = dock.session.photos.items
    lost = replace(localized, state=PhotoState.NOT_LOCALIZED, placement=None)
    item.desk.change(lost, "Localize: not found")
    dock.refresh()
    assert dock.result.candidates.isVisibleTo(dock)
    assert not dock.result.controls.isVisibleTo(dock)
    assert dock.result.candidates.row.count() == 3
