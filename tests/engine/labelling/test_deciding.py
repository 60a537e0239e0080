"""What an analyst decides of doubtful footprints: in every file of the labels, taken back, and kept by another run."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from osgeo import ogr

from astroloc_qgis.engine.batch.geopackage import GEOPACKAGE, write_footprints
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.labelling.deciding import apply_to_footprints, decide, read_review, record, write_decided
from astroloc_qgis.engine.labelling.decisions import ACCEPTED, FILE, REJECTED, Decision, read_decisions
from astroloc_qgis.engine.labelling.label_files import write_labels
from astroloc_qgis.engine.training.data.datasets import imported_photos
from tests.engine.labelling.test_names_and_files import doubtful, entry

CORNERS = np.array([[10.1, 46.0], [11.1, 46.0], [11.1, 45.0], [10.1, 45.0]])
FILES = ("photos.csv", "review.csv")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder of labels: one accepted, two doubtful, one of which has a quote in its name."""
    folder = tmp_path / "labels"
    folder.mkdir()
    written(folder)
    return folder


def written(folder: Path) -> None:
    photos = folder.parent / "archive"
    entries = [entry(photos / "good.jpg"), doubtful(photos / "high's.jpg", 0.97), doubtful(photos / "raw.nef", 0.5)]
    write_footprints(folder / GEOPACKAGE, entries)
    write_labels(folder, entries)
    apply_to_footprints(folder)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def footprints(folder: Path) -> dict[str, tuple[str, str, float]]:
    source = ogr.Open(str(folder / GEOPACKAGE))
    found = {}
    for feature in source.GetLayerByName("footprints"):
        shape = feature.GetGeometryRef()
        west = float("nan") if shape is None else shape.GetEnvelope()[0]
        found[feature["name"]] = (feature["status"], feature["message"], west)
    return found


def test_an_accepted_footprint_is_a_label_with_the_analysts_corners(out: Path) -> None:
    file = read_review(out)[0]["file"]
    assert file == "../archive/high's.jpg"
    decide(out, file, Decision.now(ACCEPTED, CORNERS))
    good, accepted = rows_of(out / "photos.csv")
    assert (good["by"], accepted["by"], accepted["lon_tl"]) == ("machine", "analyst", "10.1")
    assert (accepted["file"], accepted["confidence"]) == (file, "0.97")
    assert [row["decision"] for row in rows_of(out / "review.csv")] == ["accepted", ""]
    assert footprints(out)["high's.jpg"] == ("localized", "accepted by an analyst; only 7 tie points agree", 10.1)
    source = ogr.Open(str(out / "review.gpkg"))
    assert [feature["decision"] for feature in source.GetLayerByName("review")] == ["accepted", ""]
    assert len(imported_photos(out)) == 2


def test_a_rejected_footprint_is_no_label_and_says_so(out: Path) -> None:
    decide(out, "../archive/high's.jpg", Decision.now(ACCEPTED, CORNERS))
    decide(out, "../archive/high's.jpg", Decision.now(REJECTED))
    assert len(rows_of(out / "photos.csv")) == 1
    status, message, west = footprints(out)["high's.jpg"]
    assert (status, message) == ("not_localized", "rejected by an analyst; only 7 tie points agree")
    assert np.isnan(west)


def test_a_decision_that_is_taken_back_leaves_everything_as_it_was(out: Path) -> None:
    before = [(out / name).read_text() for name in FILES], footprints(out).keys()
    said = footprints(out)["high's.jpg"][:2]
    decide(out, "../archive/high's.jpg", Decision.now(ACCEPTED, CORNERS))
    decide(out, "../archive/high's.jpg", None)
    assert ([(out / name).read_text() for name in FILES], footprints(out).keys()) == before
    assert footprints(out)["high's.jpg"][:2] == said
    assert read_decisions(out) == {}


def test_decisions_that_were_only_kept_are_written_together_as_if_each_had_been(out: Path) -> None:
    files = ["../archive/high's.jpg", "../archive/raw.nef"]
    for file, verdict in zip(files, (Decision.now(ACCEPTED, CORNERS), Decision.now(REJECTED)), strict=True):
        record(out, file, verdict)
    assert [row["decision"] for row in rows_of(out / "review.csv")] == ["", ""]
    write_decided(out, files)
    together = [(out / name).read_text() for name in FILES], footprints(out)
    assert [row["decision"] for row in rows_of(out / "review.csv")] == ["accepted", "rejected"]
    decisions = read_decisions(out)
    written(out)
    for file in files:
        decide(out, file, decisions[file])
    assert str(([(out / name).read_text() for name in FILES], footprints(out))) == str(together)


def test_label_run_again_keeps_the_decisions(out: Path) -> None:
    decide(out, "../archive/high's.jpg", Decision.now(ACCEPTED, CORNERS))
    decide(out, "../archive/raw.nef", Decision.now(ACCEPTED, CORNERS))
    assert len(rows_of(out / "photos.csv")) == 2  # training reads no raw files
    before = [rows_of(out / name) for name in FILES], footprints(out)
    written(out)
    after = [rows_of(out / name) for name in FILES], footprints(out)
    assert sorted(map(str, after[0][0])) == sorted(map(str, before[0][0]))
    assert after[0][1] == before[0][1]
    assert str(after[1]) == str(before[1])


def test_what_cannot_be_decided_is_refused_in_a_sentence(out: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no photo elsewhere.jpg"):
        decide(out, "elsewhere.jpg", Decision.now(REJECTED))
    with pytest.raises(InputError, match="choose a folder that label has written"):
        read_review(tmp_path)
    (tmp_path / "review.csv").write_text("file,why\na.jpg,dark\n")
    with pytest.raises(InputError, match="is no review list of this version"):
        read_review(tmp_path)
    (out / FILE).write_text("{")
    with pytest.raises(InputError, match="cannot be understood"):
        decide(out, "../archive/raw.nef", Decision.now(REJECTED))
    (out / FILE).unlink()
    (out / GEOPACKAGE).unlink()
    with pytest.raises(InputError, match=r"There is no file .*footprints.gpkg"):
        decide(out, "../archive/raw.nef", Decision.now(REJECTED))
