"""The result of the current photo in the dock: opacity, blink, zoom, and candidates instead of a dead end."""

from __future__ import annotations

import json

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QColor, QImage

from astroloc_qgis.gui.model.photo_list import PhotoState
from astroloc_qgis.qgis_adapters.desk_layers import raster_layers, show_rasters
from astroloc_qgis.qgis_adapters.on_map.reference_layer import shown_reference

from .conftest import WARNING
from .files import make_index, make_photo, make_raster, make_result, make_unplaced
from .test_newcomer import GUADALAJARA, WGS84, localize, map_of_qgis, seen
from .test_plugin import add, click, wait_until_idle

__all__ = ["map_of_qgis"]
SECOND = 1000
PLACES = [(11, 902, 434), (11, 700, 1090), (10, 300, 500)]


@pytest.fixture
def ready(scripted, tmp_path, monkeypatch):
    """A dock where only photos are missing; the reference is a file that shows Guadalajara."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    scripted.session.index.choose(make_index(tmp_path / "index"))
    scripted.reference.set_file(str(make_raster(tmp_path / "land.tif", WGS84, (-105.0, 19.0, -102.0, 22.0))))
    scripted.resize(360, 700)
    scripted.show()
    return scripted


@pytest.fixture
def placed(qtbot, ready, tmp_path, map_of_qgis):
    """The panel, with a photo on the map."""
    localize(qtbot, ready, tmp_path, GUADALAJARA)
    return ready.result


@pytest.fixture
def unplaced(qtbot, ready, tmp_path, map_of_qgis):
    """The panel, with a photo that was not localized."""
    photo = make_photo(tmp_path, "told")
    make_unplaced(photo, PLACES)
    ready.add_photos([photo])
    click(qtbot, ready.localize_button)
    wait_until_idle(qtbot, ready)
    qtbot.wait(50)
    wait_until_idle(qtbot, ready)  # the pictures of the candidates
    return ready.result


def raster(panel):
    (layer,) = raster_layers(panel.current_item().path, QgsProject.instance())
    return layer


def is_shown(layer):
    return QgsProject.instance().layerTreeRoot().findLayer(layer.id()).isVisible()


def test_there_is_no_panel_before_there_is_a_result(ready, tmp_path):
    assert not ready.result.isVisibleTo(ready)
    add(ready, tmp_path, "work")
    assert not ready.result.isVisibleTo(ready)


def test_the_slider_makes_the_photo_transparent(placed):
    assert placed.controls.isVisible()
    assert not placed.candidates.isVisible()
    assert placed.opacity.value() == 100
    placed.opacity.setValue(40)
    assert raster(placed).opacity() == pytest.approx(0.4)


def test_blink_hides_and_shows_the_photo_and_leaves_it_shown(qtbot, placed):
    layer = raster(placed)
    click(qtbot, placed.blink_button)
    qtbot.waitUntil(lambda: not is_shown(layer), timeout=5 * SECOND)
    assert placed.opacity.isEnabled()
    qtbot.waitUntil(lambda: is_shown(layer), timeout=5 * SECOND)
    qtbot.waitUntil(lambda: not is_shown(layer), timeout=5 * SECOND)
    click(qtbot, placed.blink_button)
    assert is_shown(layer)
    qtbot.wait(600)
    assert is_shown(layer)


@pytest.mark.parametrize("how", ["another photo", "a job", "dock closed", "unloaded"])
def test_a_photo_does_not_blink_on_alone(qtbot, plugin, ready, placed, tmp_path, how):
    layer = raster(placed)
    click(qtbot, placed.blink_button)
    qtbot.waitUntil(lambda: not is_shown(layer), timeout=5 * SECOND)
    if how == "another photo":
        ready.add_photos([make_photo(tmp_path, "work")])
        ready.photos.setCurrentIndex(ready.session.photos.index(1))
        assert not placed.isVisible()
    elif how == "a job":
        click(qtbot, ready.localize_button)
        wait_until_idle(qtbot, ready)
        layer = raster(placed)
    elif how == "dock closed":
        ready.hide()
    else:
        plugin.unload()
    assert is_shown(layer)


def test_zoom_brings_the_photo_back_into_view(qtbot, placed, map_of_qgis):
    map_of_qgis.setExtent(shown_reference(QgsProject.instance()).extent())
    click(qtbot, placed.zoom_button)
    assert max(seen(map_of_qgis, GUADALAJARA)) > 0.6


def test_while_the_desk_draws_the_photo_its_own_controls_rule(ready, placed):
    photo = placed.current_item().path
    show_rasters(photo, False)  # as the desk does, which draws the photo itself
    assert not placed.opacity.isEnabled()
    assert not placed.blink_button.isEnabled()
    ready.refresh()
    assert not placed.opacity.isEnabled()
    show_rasters(photo, True)
    assert placed.opacity.isEnabled()
    assert placed.blink_button.isEnabled()


def test_a_photo_that_was_not_localized_shows_its_likeliest_places(qtbot, unplaced):
    assert unplaced.candidates.isVisible()
    assert not unplaced.controls.isVisible()
    row = unplaced.candidates.row
    assert [row.item(number).text() for number in range(row.count())] == ["1", "2", "3"]
    assert not unplaced.candidates.try_button.isEnabled()
    assert unplaced.candidates.text.toolTip() == "too few points match"


def test_a_click_on_a_place_goes_there_over_the_reference(qtbot, unplaced, map_of_qgis):
    assert not QgsProject.instance().mapLayers()
    row = unplaced.candidates.row
    qtbot.mouseClick(
        row.viewport(), Qt.MouseButton.LeftButton, pos=row.visualItemRect(row.item(0)).center() + QPoint(0, -5)
    )
    one = unplaced.candidates.current()
    assert one.block == "11/902/434"
    assert shown_reference(QgsProject.instance()) is not None
    assert QgsProject.instance().crs().authid() == "EPSG:32613"
    lon, lat = one.centre()
    seen(map_of_qgis, (lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1))
    assert map_of_qgis.extent().width() < 400_000
    assert unplaced.candidates.try_button.isEnabled()


def test_try_here_refines_about_that_place(qtbot, ready, unplaced, monkeypatch):
    asked = []
    monkeypatch.setattr(ready.session.jobs, "run", lambda jobs: asked.extend(jobs))
    unplaced.candidates.row.setCurrentRow(1)
    click(qtbot, unplaced.candidates.try_button)
    (job,) = asked
    assert (job.method, job.params["block"]) == ("refine", "11/700/1090")
    assert job.params["imagery"].endswith("land.tif")


def test_a_place_that_matches_puts_the_photo_on_the_map(qtbot, ready, unplaced):
    (item,) = ready.session.photos.items
    make_result(item.path, WGS84, GUADALAJARA)
    unplaced.candidates.row.setCurrentRow(0)
    click(qtbot, unplaced.candidates.try_button)
    wait_until_idle(qtbot, ready)
    assert item.state is PhotoState.LOCALIZED
    assert unplaced.controls.isVisible()
    assert not unplaced.candidates.isVisible()
    assert is_shown(raster(unplaced))


def test_a_place_that_does_not_match_is_marked_and_told_in_plain_words(qtbot, ready, unplaced, messages):
    (item,) = ready.session.photos.items
    report = make_unplaced(item.path, PLACES[:1])
    report["candidate"] = {"zoom": 11, "row": 902, "column": 434}
    item.path.with_suffix(".json").write_text(json.dumps(report))
    unplaced.candidates.row.setCurrentRow(0)
    click(qtbot, unplaced.candidates.try_button)
    wait_until_idle(qtbot, ready)
    row = unplaced.candidates.row
    assert [row.item(number).text() for number in range(row.count())] == ["1: no match", "2", "3"]
    assert messages() == [(WARNING, "told was not localized there: the reference shows no match at this place.")]
    assert unplaced.candidates.current().rank == 1
    assert unplaced.candidates.try_button.isEnabled()


def test_pictures_that_are_on_the_disk_are_shown_without_asking_for_them(qtbot, ready, unplaced, monkeypatch):
    asked = []
    monkeypatch.setattr(ready.session.jobs, "run", lambda jobs: asked.extend(jobs))
    pictures = unplaced.pictures
    pictures._folder.mkdir(parents=True, exist_ok=True)
    image = QImage(32, 32, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    for zoom, row, column in PLACES:
        assert image.save(str(pictures._folder / f"{zoom}_{row}_{column}.jpg"))
    unplaced.refresh()
    qtbot.waitUntil(lambda: len(pictures.files) == 3, timeout=5 * SECOND)
    icon = unplaced.candidates.row.item(0).icon().pixmap(84, 84).toImage()
    assert icon.pixelColor(icon.width() // 2, icon.height() // 2).red() > 200
    assert asked == []


def test_the_dock_with_candidates_fits_a_small_screen(ready, unplaced):
    assert ready.minimumSizeHint().width() <= 320
    assert ready.minimumSizeHint().height() <= 500
