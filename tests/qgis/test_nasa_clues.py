"""Clues to a photo's place side by side: those that disagree are told, each can be used, an outline is verified."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.nasa.record import NasaRecord
from astroloc_qgis.gui.desk.panels.details_panel import describe
from astroloc_qgis.gui.model import nasa_facts, photo_list
from astroloc_qgis.gui.model.nasa_facts import with_record
from astroloc_qgis.gui.model.work import PhotoState

from .conftest import WARNING
from .files import make_photo

NUMBER = "ISS064-E-358"
OUTLINE = ((10.0, 47.0), (11.0, 47.0), (11.0, 46.0), (10.0, 46.0))
RECORD = NasaRecord(
    NUMBER,
    nadir=(46.0, 10.0),
    centre=(46.5, 10.5),
    outline=OUTLINE,
    outline_centre=(46.5, 10.5),
    focal_length_mm=400,
    taken="2020-11-07T13:45:01",
    tilt="HO",
)
FAR = Nadir(46.0, 30.0, source="exif")


@pytest.fixture
def item(scripted, tmp_path, monkeypatch):
    """A photo on the list whose EXIF says another place than NASA."""
    exif = SimpleNamespace(nadir=FAR)
    monkeypatch.setattr(photo_list, "read_exif", lambda _path: exif)
    monkeypatch.setattr(nasa_facts, "read_exif", lambda _path: exif)
    scripted.add_photos([make_photo(tmp_path, NUMBER)])
    scripted.show()
    return scripted.photos.photos.items[0]


def know(dock, item, record=RECORD):
    item.desk.change(with_record(item.desk.work, record), "NASA")
    dock.refresh()


def test_a_single_clue_is_no_panel(scripted, item):
    scripted.refresh()
    assert scripted.clues.isHidden()


def test_clues_that_disagree_are_listed_with_their_distance(scripted, item):
    know(scripted, item)
    assert not scripted.clues.isHidden()
    assert scripted.clues.lines == [
        "NASA's nadir: 46.00° N 10.00° E",
        "EXIF position: 46.00° N 30.00° E",
        "NASA's centre: 46.50° N 10.50° E",
        "NASA's machine outline: 46.50° N 10.50° E",
        "⚠ NASA's nadir and EXIF position are 1,541 km apart: one of them is wrong.",
        "2020-11-07 13:45:01 UTC  ·  400 mm",
        "⚠ High oblique: the horizon is in view, and only the ground below it can be placed.",
    ]
    assert sorted(scripted.clues.buttons) == ["centre", "exif", "outline"]


def test_the_desk_shows_time_and_lens_where_exif_does_not(scripted, item):
    know(scripted, item)
    assert describe(item.path, None, item.desk.work) == f"{NUMBER}.jpg  ·  2020-11-07 13:45:01 UTC  ·  400 mm"
    assert describe(item.path, None) == f"{NUMBER}.jpg"


def test_one_click_uses_a_clue_and_the_other_stays_listed(scripted, item):
    know(scripted, item)
    scripted.clues.buttons["exif"].click()
    assert item.nadir == FAR
    assert scripted.options.nadir.text() == "46, 30"
    assert sorted(scripted.clues.buttons) == ["centre", "nasa", "outline"]
    scripted.clues.buttons["nasa"].click()
    assert item.nadir == Nadir(46.0, 10.0, source="nasa")
    scripted.clues.buttons["centre"].click()
    assert item.desk.work.search == {"centre": (46.5, 10.5), "centre_km": 300.0}
    assert "centre" not in scripted.clues.buttons
    for _ in range(3):
        item.desk.stack.undo()
    assert item.nadir.source == "nasa"


def test_the_height_of_exif_is_kept_where_both_agree(scripted, item):
    near = Nadir(46.1, 10.1, 410_000.0, source="exif")
    item.desk.change(replace(item.desk.work, nadir=near), "EXIF")
    know(scripted, item)
    assert item.nadir == Nadir(46.0, 10.0, 410_000.0, source="nasa")


def test_a_nadir_of_orbital_elements_is_kept_and_stays_a_clue(scripted, item):
    tle = Nadir(45.9, 9.9, source="tle")
    item.desk.change(replace(item.desk.work, nadir=tle, clues={"tle": list(tle.numbers)}), "TLE")
    know(scripted, item)
    assert item.nadir == tle
    scripted.clues.buttons["nasa"].click()
    assert "Orbital elements: 45.90° N 9.90° E" in scripted.clues.lines


def test_the_outline_is_verified_in_all_turns_and_never_believed(scripted, item, messages, monkeypatch):
    know(scripted, item)
    monkeypatch.setattr(scripted.session, "imagery", lambda: "x.tif")
    jobs = []
    monkeypatch.setattr(scripted.session, "run", lambda more: jobs.extend(more))
    before = item.desk.work
    scripted.clues.buttons["outline"].click()
    report = {"status": "not_localized", "reason": "only 3 tie points agree"}
    while len(jobs) < 5:
        job = jobs[-1]
        assert (job.method, job.params["imagery"]) == ("refine", "x.tif")
        assert job.params["nadir"] == (46.0, 10.0)
        assert item.state is PhotoState.WAITING
        count = len(jobs)
        job.done(report)
        if len(jobs) == count:
            break
    assert len({str(job.params["footprint"]) for job in jobs}) == len(jobs) == 4
    assert item.desk.work == before
    assert item.state is PhotoState.NEW
    level, sentence = messages()[-1]
    assert level == WARNING
    assert sentence == f"NASA's outline of {NUMBER} is not confirmed: the reference there does not match the photo."


def test_an_outline_that_the_reference_confirms_is_a_localization(scripted, item, messages, monkeypatch):
    know(scripted, item)
    monkeypatch.setattr(scripted.session, "imagery", lambda: "x.tif")
    published, jobs = [], []
    monkeypatch.setattr(scripted.jobs, "_publisher", lambda *_, **__: published.append)
    monkeypatch.setattr(scripted.session, "run", lambda more: jobs.extend(more))
    scripted.clues.buttons["outline"].click()
    report = {"status": "localized"}
    jobs[0].done(report)
    assert (published, len(jobs)) == ([report], 1)


def test_the_outline_waits_while_the_engine_works(scripted, item, monkeypatch):
    know(scripted, item)
    monkeypatch.setattr(type(scripted.session), "busy", property(lambda _self: True))
    scripted.refresh()
    assert not scripted.clues.buttons["outline"].isEnabled()
