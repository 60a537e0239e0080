"""Doubtful footprints of labels on the desk: opened, accepted, rejected, undone, and written into their files."""

from __future__ import annotations

import csv
import threading

import numpy as np
import pytest
from osgeo import ogr
from qgis.PyQt.QtGui import QColor, QImage
from qgis.PyQt.QtWidgets import QFileDialog

from astroloc_qgis.engine.batch.entries import unfinished_entry
from astroloc_qgis.engine.batch.geopackage import write_footprints
from astroloc_qgis.engine.labelling.deciding import record, write_decided
from astroloc_qgis.engine.labelling.decisions import ACCEPTED, Decision, read_decisions
from astroloc_qgis.engine.labelling.label_files import write_labels
from astroloc_qgis.engine.photo.copies import copy_path
from astroloc_qgis.gui import label_review
from astroloc_qgis.gui.model.work import PhotoState
from astroloc_qgis.qgis_adapters.engine import photo_copies
from astroloc_qgis.qgis_adapters.files import pictures_folder

from .conftest import SECOND, SUCCESS, WARNING
from .files import make_photo

SQUARE = [[10.0, 46.0], [10.2, 46.0], [10.2, 45.9], [10.0, 45.9]]


def doubtful(path, confidence, footprint):
    label = {"footprint": footprint, "off_km": 12.5, "photo_id": path.stem, "centre": [10.1, 45.9]}
    return unfinished_entry(path, "only 7 tie points agree") | {"confidence": confidence, "label": label}


@pytest.fixture
def labels(tmp_path):
    """A folder of labels with three doubtful photos: two with a footprint, one of them without its file."""
    photos, out = tmp_path / "archive", tmp_path / "labels"
    photos.mkdir()
    out.mkdir()
    for name in ("high", "nothing"):
        make_photo(photos, name)
    entries = [
        doubtful(photos / "high.jpg", 0.97, SQUARE),
        doubtful(photos / "gone.jpg", 0.5, SQUARE),
        doubtful(photos / "nothing.jpg", 0.0, None),
    ]
    write_footprints(out / "footprints.gpkg", entries)
    write_labels(out, entries)
    return out


@pytest.fixture
def opened(qtbot, plugin, dock, canvas, labels, monkeypatch):
    """The desk with the first photo of the review list."""
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(labels))
    {action.objectName(): action for action in plugin.menu_actions}["AstroLocReviewAction"].trigger()
    desk = plugin.desk
    qtbot.waitUntil(lambda: desk.current.pyramid is not None, timeout=3 * SECOND)
    return desk


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def status_of(folder):
    source = ogr.Open(str(folder / "footprints.gpkg"))
    return {feature["name"]: feature["status"] for feature in source.GetLayerByName("footprints")}


def test_a_doubtful_footprint_comes_to_the_desk_where_it_was_found(opened, dock, messages):
    (item,) = dock.photos.photos.items
    assert opened.current.item is item
    assert opened.is_open
    assert item.state is PhotoState.NEEDS_REVIEW
    assert item.note == "confidence 0.97, only 7 tie points agree"
    assert np.allclose(item.desk.work.placement.footprint(), SQUARE, atol=1e-6)
    assert item.desk.work.centre == (45.9, 10.1)
    assert any(level == SUCCESS and "1 doubtful footprints are on the list" in text for level, text in messages())


def test_accepted_it_is_a_label_undone_it_is_none_and_rejected_it_says_so(qtbot, opened, labels):
    opened.actions.accept()
    qtbot.waitUntil(lambda: status_of(labels)["high.jpg"] == "localized")
    (label,) = rows_of(labels / "photos.csv")
    assert (label["file"], label["by"]) == ("../archive/high.jpg", "analyst")
    assert float(label["lon_tl"]) == pytest.approx(10.0, abs=1e-6)
    opened.current.undo()
    qtbot.waitUntil(lambda: status_of(labels)["high.jpg"] == "not_localized")
    assert rows_of(labels / "photos.csv") == []
    assert {row["decision"] for row in rows_of(labels / "review.csv")} == {""}
    opened.actions.reject()
    qtbot.waitUntil(lambda: [row["decision"] for row in rows_of(labels / "review.csv")] == ["rejected", "", ""])
    assert rows_of(labels / "photos.csv") == []


def test_decisions_are_kept_at_once_and_written_into_the_tables_together(qtbot, opened, plugin, labels, monkeypatch):
    written = []

    def write(folder, files):
        written.append(files)
        write_decided(folder, files)

    monkeypatch.setattr(label_review, "write_decided", write)
    opened.actions.accept()
    opened.current.undo()
    opened.actions.accept()
    assert read_decisions(labels)["../archive/high.jpg"].verdict == ACCEPTED
    assert rows_of(labels / "photos.csv") == []
    plugin.label_review.write()  # as when QGIS ends
    assert len(rows_of(labels / "photos.csv")) == 1
    qtbot.wait(50)
    assert written == [["../archive/high.jpg"]]


def test_what_was_decided_before_qgis_was_killed_is_written_when_the_list_is_opened_again(qtbot, plugin, labels):
    record(labels, "../archive/high.jpg", Decision.now(ACCEPTED, np.array(SQUARE)))
    plugin.label_review.open(labels)
    assert plugin.dock.session.photos.items == []
    qtbot.waitUntil(lambda: status_of(labels)["high.jpg"] == "localized")
    assert len(rows_of(labels / "photos.csv")) == 1


def test_a_raw_file_is_placed_once_the_engine_has_read_it_and_qgis_does_not_wait(
    qtbot, plugin, dock, canvas, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path, out, go_on = tmp_path / "p.dng", tmp_path / "labels", threading.Event()
    path.write_bytes(b"a raw file without a picture of the camera's")
    out.mkdir()
    write_footprints(out / "footprints.gpkg", [doubtful(path, 0.9, SQUARE)])
    write_labels(out, [doubtful(path, 0.9, SQUARE)])

    def make(photo):
        assert threading.current_thread() is not threading.main_thread()
        assert go_on.wait(20)
        copy_path(pictures_folder(), photo).parent.mkdir(parents=True)
        image = QImage(300, 200, QImage.Format.Format_RGB32)
        image.fill(QColor("red"))
        assert image.save(str(copy_path(pictures_folder(), photo)))

    monkeypatch.setattr(photo_copies, "_make", make)
    plugin.label_review.open(out)
    (item,) = dock.photos.photos.items
    assert (item.state, item.desk.work.placement) == (PhotoState.NEEDS_REVIEW, None)
    assert not plugin.desk.dock.accept.isEnabled()
    go_on.set()
    qtbot.waitUntil(lambda: item.desk.work.placement is not None, timeout=20 * SECOND)
    assert item.desk.work.placement.size == (300, 200)
    assert np.allclose(item.desk.work.placement.footprint(), SQUARE, atol=1e-6)
    assert plugin.desk.map.shows(item.desk.work.placement)
    plugin.desk.actions.accept()
    qtbot.waitUntil(lambda: status_of(out)["p.dng"] == "localized")


def test_what_was_corrected_before_it_was_accepted_is_the_label(qtbot, opened, labels):
    work = opened.current.item.desk.work
    shift = np.array([[1.0, 0, 5000.0], [0, 1, 0], [0, 0, 1]])  # metres of the plane, to the east
    opened.current.item.desk.change(work.moved_to(work.placement.moved(shift)), "moved")
    opened.actions.accept()
    qtbot.waitUntil(lambda: rows_of(labels / "photos.csv") != [])
    (label,) = rows_of(labels / "photos.csv")
    assert float(label["lon_tl"]) == pytest.approx(10.0646, abs=0.002)


def test_a_photo_with_the_horizon_in_view_is_accepted_as_no_label(opened, plugin, labels, messages):
    desk = opened.current.item.desk
    placement = desk.work.placement
    tilted = placement.matrix.copy()
    tilted[2] = [0.0, 4.0 / placement.size[1], -1.0]
    lower = placement.of(tilted, placement.plane, placement.size, "hand")
    desk.change(desk.work.moved_to(lower), "tilted")
    opened.actions.accept()
    plugin.label_review.write()
    assert rows_of(labels / "photos.csv") == []
    assert any(level == WARNING and "the horizon is in view" in text for level, text in messages())


def test_what_is_decided_is_not_opened_again_and_a_foreign_folder_is_refused(
    opened, plugin, labels, messages, tmp_path
):
    opened.actions.accept()
    plugin.label_review.open(labels)
    assert any("waits for a decision" in text for _, text in messages())
    plugin.label_review.open(tmp_path)
    assert any(level == WARNING and "choose a folder that label has written" in text for level, text in messages())


def test_a_folder_that_is_gone_is_told_when_something_is_decided(qtbot, opened, labels, messages):
    (labels / "footprints.gpkg").unlink()
    opened.actions.accept()
    qtbot.waitUntil(lambda: any(level == WARNING and "There is no file" in text for level, text in messages()))
