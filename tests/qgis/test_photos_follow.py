"""Photos that follow each other: one job for all, whose results reach each photo, and what the dock shows meanwhile."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.gui import localization_jobs
from astroloc_qgis.gui.desk.photo_report import _facts
from astroloc_qgis.gui.dock.options_box import OptionsBox
from astroloc_qgis.gui.model.photo_list import PhotoState
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.worker.protocol import CANCELLED, DEFECT, Failure

from .files import make_index, make_photo

SECOND = 1000


@pytest.fixture
def start(qtbot, scripted, tmp_path):
    """Adds photos, ticks the box and presses the button; what the scripted engine does is told by their names."""
    scripted.session.index.choose(make_index(tmp_path / "index"))
    scripted.options.sequence.click()

    def begin(*names):
        scripted.add_photos([make_photo(tmp_path, name) for name in names])
        qtbot.mouseClick(scripted.localize_button, Qt.MouseButton.LeftButton)
        return scripted.photos.photos.items

    return begin


@pytest.fixture
def items(scripted, tmp_path):
    scripted.add_photos([make_photo(tmp_path, name) for name in ("a", "b", "c")])
    return scripted.photos.photos.items


def entry(item, **more):
    found = {
        "photo": str(item.path), "status": "not_localized", "reason": "nothing found", "confidence": 0.0, "inliers": 0,
        "matcher": None, "homography": None, "working_plane": None, "outputs": {}, "placed_by": None,
        "neighbours": [], "uncertainty_m": None,
    }  # fmt: skip
    return {**found, **more}


BY_NEIGHBOURS = {
    "status": "localized", "confidence": 0.9, "matcher": "sequence", "placed_by": "neighbours",
    "photo_size": [40, 30], "homography": [[0.001, 0, 10], [0, -0.001, 50], [0, 0, 1]], "working_plane": "EPSG:4326",
    "neighbours": ["b"], "uncertainty_m": 2134.0,
}  # fmt: skip


def wait_until_idle(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.session.busy, timeout=20 * SECOND)


def test_one_job_asks_for_all_photos_with_what_is_their_own(scripted, items, tmp_path):
    items[1].desk.change(Work(nadir=Nadir(1, 2, source="exif"), area={"extent": [0, 1, 2, 3]}), "Change")
    scripted.options.thorough.click()
    job = scripted.jobs.sequence_job(items, "x.tif")
    assert (job.method, job.title) == ("localize_sequence", "3 photos that follow each other")
    assert job.params == {
        "photos": [str(item.path) for item in items],
        "outs": [scripted.jobs.photo_job(item, None).params["out"] for item in items],
        "nadirs": [None, (1, 2), None], "nadir_sources": [None, "exif", None],
        "areas": [{}, {"extent": [0, 1, 2, 3]}, {}],
        "index": str(scripted.session.index.path), "imagery": "x.tif",
        "matcher": "auto", "thorough": True, "seconds": None, "finer": None,
    }  # fmt: skip


def test_each_photo_gets_its_own_outcome(scripted, items, messages, monkeypatch):
    shown = []
    monkeypatch.setattr(
        localization_jobs, "add_photo_to_map", lambda _iface, report, *_more: shown.append(report["photo"])
    )
    job = scripted.jobs.sequence_job(items, "x.tif")
    bad = entry(items[2], status="error", reason="The photo c.jpg cannot be read.")
    job.done({"entries": [entry(items[0], **BY_NEIGHBOURS), entry(items[1]), bad], "problem": ""})
    assert [item.state for item in items] == [PhotoState.LOCALIZED, PhotoState.NOT_LOCALIZED, PhotoState.ERROR]
    assert shown == [str(items[0].path)]
    told = [sentence for _level, sentence in messages()]
    assert "a is on the map (confidence 0.90, placed by its neighbours to within 2.13 km)." in told
    assert "The photo c.jpg cannot be read." in told
    assert len(told) == 3
    assert items[0].state_text == "localized · confidence 0.90, placed by its neighbours to within 2.13 km"
    assert ("Place", "placed by its neighbours to within 2.13 km") in _facts(items[0])
    assert Work.from_json(items[0].desk.work.to_json()).facts["neighbours"] == ["b"]


def test_what_kept_the_neighbours_from_being_compared_is_told(scripted, items, messages):
    job = scripted.jobs.sequence_job(items[:2], "x.tif")
    job.done({"entries": [entry(item) for item in items[:2]], "problem": "The disk is full."})
    assert "The disk is full." in [sentence for _level, sentence in messages()]
    assert {item.state for item in items[:2]} == {PhotoState.NOT_LOCALIZED}


def test_a_failure_is_told_once_and_shown_at_every_photo(scripted, items, messages):
    job = scripted.jobs.sequence_job(items, "x.tif")
    job.failed(Failure(1, DEFECT, "The engine met a defect.", "details"))
    assert [sentence for _level, sentence in messages()] == ["The engine met a defect."]
    assert {item.state for item in items} == {PhotoState.ERROR}
    job.failed(Failure(1, CANCELLED, "Cancelled."))
    assert {item.state for item in items} == {PhotoState.NEW}


def test_the_photo_under_work_runs_and_the_others_wait_until_all_are_compared(qtbot, scripted, start):
    first, second = start("follow", "b")
    qtbot.waitUntil(lambda: first.note == "matching with the reference", timeout=20 * SECOND)
    assert second.state is PhotoState.WAITING
    qtbot.waitUntil(lambda: second.state is PhotoState.RUNNING, timeout=20 * SECOND)
    assert first.state_text == "waiting · for the other photos"
    qtbot.waitUntil(lambda: first.state_text == "comparing the photos…", timeout=20 * SECOND)
    assert second.state_text == "comparing the photos…"
    assert scripted.progress.text.text() == "2 photos that follow each other\n6/6 comparing the photos…"
    wait_until_idle(qtbot, scripted)
    assert {item.state for item in (first, second)} == {PhotoState.NOT_LOCALIZED}


def test_cancel_stops_all_of_them(qtbot, scripted, start, messages):
    items = start("follow", "b")
    qtbot.waitUntil(lambda: scripted.progress.bar.value() > 0, timeout=20 * SECOND)
    assert scripted.progress.cancel_button.toolTip() == "Stop all photos of this job now"
    qtbot.mouseClick(scripted.progress.cancel_button, Qt.MouseButton.LeftButton)
    wait_until_idle(qtbot, scripted)
    assert {item.state for item in items} == {PhotoState.NEW}
    assert [sentence for _level, sentence in messages()] == ["Cancelled."]


def test_a_single_photo_and_a_box_that_is_not_ticked_are_as_ever(qtbot, scripted, start):
    run = []
    scripted.session.run = run.extend
    start("a")
    scripted.options.sequence.click()
    start("b", "c")
    assert [(job.method, job.title) for job in run] == [("localize", name) for name in "abc"]


def test_the_box_is_remembered(qtbot, scripted):
    scripted.options.sequence.click()
    again = OptionsBox(scripted.options._settings)
    qtbot.addWidget(again)
    assert again.sequence.isChecked()
    scripted.options.sequence.click()
    assert not scripted.session.settings.sequence
