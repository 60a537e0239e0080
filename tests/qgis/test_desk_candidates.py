"""The candidates on the desk: shown, tried, struck out, and all of it undone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qgis.PyQt.QtGui import QImage, QPainter

from astroloc_qgis.gui.model.places import place_name
from astroloc_qgis.gui.model.tie_points import TiePoint
from astroloc_qgis.gui.model.work import Candidate, PhotoState

from .hand import work


@pytest.fixture
def proposed(desk):
    """A photo that the machine localized from the second of three candidates."""
    candidates = (
        Candidate(11, 720, 1090, 4, 1, 0.9),
        Candidate(11, 722, 1092, 4, 2, 0.8, "localized", 71, 0.97),
        Candidate(11, 724, 1094, 4, 3, 0.7),
    )
    ties = tuple(TiePoint(90.0 * n, 60.0 * n, 10.0 + 0.1 * n, 46.5 - 0.03 * n, by_hand=False) for n in range(10))
    found = replace(
        work(desk),
        state=PhotoState.LOCALIZED,
        candidates=candidates,
        tie_points=ties,
        facts={"candidate": {"zoom": 11, "row": 722, "column": 1092}, "confidence": 0.97, "inliers": 71},
    )
    desk.current.item.desk.change(found, "Localize")
    return desk


def text(panel, row, column):
    return panel.table.item(row, column).text()


def test_they_are_listed_with_place_score_and_what_became_of_them(proposed):
    panel = proposed.dock.candidates
    assert panel.table.rowCount() == 3
    assert [text(panel, 1, column) for column in range(6)] == [
        "2",
        place_name(*work(proposed).candidates[1].centre()),
        "0.800",
        "71",
        "0.97",
        "matches",
    ]
    assert text(panel, 0, 5) == "not tried"
    assert panel.current() == work(proposed).candidates[1]  # the one that the photo was found by


def test_a_click_shows_the_place_on_the_map(proposed):
    before = proposed.canvas.extent()
    proposed.dock.candidates.table.selectRow(2)
    proposed.dock.candidates.table.cellClicked.emit(2, 1)
    west, south, east, north = work(proposed).candidates[2].bounds()
    after = proposed.canvas.extent()
    assert after != before
    assert after.xMinimum() < west < east < after.xMaximum()
    assert after.yMinimum() < south < north < after.yMaximum()


def test_refine_this_one_asks_the_engine_for_that_block(proposed, dock, monkeypatch):
    asked = []
    monkeypatch.setattr(dock.session.jobs, "run", lambda jobs: asked.extend(jobs))
    monkeypatch.setattr(dock.session.reference, "uri", lambda: "x.tif")
    proposed.dock.candidates.table.selectRow(0)
    proposed.dock.candidates.refine_button.click()
    (job,) = (job for job in asked if job.method == "refine")
    assert (job.method, job.params["block"], job.params["imagery"]) == ("refine", "11/720/1090", "x.tif")


def test_one_is_struck_out_and_brought_back(proposed):
    proposed.dock.candidates.table.selectRow(0)
    proposed.dock.candidates.reject_button.click()
    assert [one.verdict for one in work(proposed).candidates] == ["rejected", "localized", ""]
    assert text(proposed.dock.candidates, 0, 5) == "rejected"
    proposed.current.undo()
    assert work(proposed).candidates[0].verdict == ""


def test_none_of_these_takes_the_photo_off_the_map_until_it_is_undone(proposed):
    proposed.dock.candidates.none_button.click()
    assert work(proposed).state is PhotoState.NOT_LOCALIZED
    assert work(proposed).placement is None
    assert {one.verdict for one in work(proposed).candidates} == {"rejected"}
    proposed.current.undo()
    assert work(proposed).state is PhotoState.LOCALIZED


def test_the_machines_tie_points_are_drawn_with_their_residuals(proposed):
    plain, arrows = (QImage(proposed.canvas.size(), QImage.Format.Format_ARGB32) for _ in range(2))
    for image, factor in ((plain, 0), (arrows, 3)):
        image.fill(0)
        proposed.dock.compare.arrows.setCurrentIndex(factor)
        painter = QPainter(image)
        proposed.live.paint(painter)
        painter.end()
    assert plain != arrows
    assert "10 tie points" in proposed.dock.status.text()
