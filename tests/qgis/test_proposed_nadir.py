"""A nadir that the photo's EXIF proposes is shown as a proposal, kept or cleared; one that was wrong is told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from qgis.PyQt.QtCore import Qt

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.gui import localization_jobs
from astroloc_qgis.gui.desk.panels.details_panel import NADIR_FIRST, RADIUS, DetailsPanel
from astroloc_qgis.gui.dock.options_box import OptionsBox
from astroloc_qgis.gui.localization_jobs import _far_from_nadir, _why_not
from astroloc_qgis.gui.model import photo_list
from astroloc_qgis.gui.model.work import Work

from .files import make_photo

PROPOSED = Nadir(43.8811, 79.4616, source="exif")


@pytest.fixture
def item(scripted, tmp_path, monkeypatch):
    """A photo on the list whose EXIF has a position."""
    monkeypatch.setattr(photo_list, "read_exif", lambda _path: SimpleNamespace(nadir=PROPOSED))
    scripted.add_photos([make_photo(tmp_path, "a")])
    return scripted.photos.photos.items[0]


def shown(dock):
    options = dock.options
    return options.nadir.text(), options.nadir_note.text() if not options.nadir_note.isHidden() else "", options.title()


def test_the_dock_shows_it_as_proposed_and_the_engine_is_told_so(scripted, item):
    assert item.nadir == PROPOSED
    assert shown(scripted) == (
        "43.8811, 79.4616",
        "proposed by the photo's EXIF: keep it or clear it",
        "Options (nadir: EXIF)",
    )
    params = scripted.jobs.photo_job(item, "x.tif").params
    assert (params["nadir"], params["nadir_source"]) == ((43.8811, 79.4616), "exif")
    assert Work.from_json(item.desk.work.to_json()) == item.desk.work


def test_cleared_it_stays_away(qtbot, scripted, item):
    scripted.options.nadir.selectAll()
    qtbot.keyClick(scripted.options.nadir, Qt.Key.Key_Delete)
    qtbot.keyClick(scripted.options.nadir, Qt.Key.Key_Return)
    assert item.nadir is None
    assert shown(scripted) == ("", "", "Options")
    params = scripted.jobs.photo_job(item, "x.tif").params
    assert (params["nadir"], params["nadir_source"]) == (None, None)
    assert Work.from_json(item.desk.work.to_json()).nadir is None
    scripted.add_photos([item.path])
    assert item.nadir is None


def test_a_nadir_that_is_typed_is_the_users(qtbot, scripted, item):
    scripted.options.nadir.selectAll()
    qtbot.keyClicks(scripted.options.nadir, "44, 80")
    qtbot.keyClick(scripted.options.nadir, Qt.Key.Key_Return)
    assert item.nadir == Nadir(44, 80)
    assert shown(scripted) == ("44, 80", "", "Options")


def test_the_desk_shows_it_and_offers_the_nadir_first_or_only(qtbot, tmp_path):
    panel = DetailsPanel()
    qtbot.addWidget(panel)
    areas = []
    panel.area_edited.connect(areas.append)
    panel.show_photo(tmp_path / "b.jpg", Work(nadir=PROPOSED), None)
    assert panel.nadir_note.text() == "proposed by the photo's EXIF"
    assert panel.area.currentData() == NADIR_FIRST
    for kind in (RADIUS, NADIR_FIRST):
        panel.area.setCurrentIndex(panel.area.findData(kind))
        panel.area.activated.emit(panel.area.currentIndex())
        work = Work(nadir=PROPOSED, area=areas[-1])
        panel.show_photo(tmp_path / "b.jpg", work, None)
        assert panel.area.currentData() == kind
    assert areas == [{"radius_km": 2500}, {"radius_km": None}]
    assert Work(nadir=PROPOSED, centre=(1, 2), area=areas[1]).search == {}


def test_a_photo_found_away_from_its_nadir_is_told_with_the_distance(scripted, item, messages, monkeypatch):
    monkeypatch.setattr(localization_jobs, "add_photo_to_map", lambda *_arguments: None)  # there are no files
    report = {
        "photo": str(item.path), "status": "localized", "confidence": 0.97, "inliers": 88, "matcher": "sift",
        "footprint": [[1, 2], [2, 2], [2, 1], [1, 1]], "homography": None, "working_plane": None, "outputs": {},
        "reason": "found 1,480 km from the nadir in the photo's EXIF",
        "nadir": {"latitude": 43.9, "longitude": 79.5, "source": "exif", "used": False, "distance_km": 1480.2},
        "searched": ["about the nadir", "the whole world"],
    }  # fmt: skip
    scripted.jobs.photo_job(item, "x.tif").done(report)
    assert messages()[-1][1] == (
        "a is on the map (confidence 0.97, 88 inliers), but 1,480 km from its nadir: check the nadir."
    )
    assert _far_from_nadir({**report, "nadir": {**report["nadir"], "used": True}}) is None
    assert _far_from_nadir({}) is None


def test_a_photo_found_nowhere_says_that_all_was_searched(scripted, item):
    assert "nor any elsewhere" in _why_not(item, False, {"searched": ["about the nadir", "the whole world"]})
    assert "elsewhere" not in _why_not(item, False, {"searched": ["about the nadir"]})


def test_a_thorough_search_and_a_time_limit_are_remembered_and_asked_for(qtbot, scripted, item):
    params = scripted.jobs.photo_job(item, "x.tif").params
    assert (params["thorough"], params["seconds"]) == (False, None)
    scripted.options.thorough.click()
    scripted.options.seconds.setValue(90)
    params = scripted.jobs.photo_job(item, "x.tif").params
    assert (params["thorough"], params["seconds"]) == (True, 90)
    again = OptionsBox(scripted.options._settings)
    qtbot.addWidget(again)
    assert again.thorough.isChecked()
    assert again.seconds.value() == 90
    scripted.options.thorough.click()
    scripted.options.seconds.setValue(0)
    assert scripted.jobs.photo_job(item, "x.tif").params["seconds"] is None
