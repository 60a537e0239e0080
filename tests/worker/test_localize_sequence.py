"""Photos that follow each other, localized by one request: entries in order, bad photos told, the others completed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.retrieval import remote_index
from astroloc_qgis.engine.sequence import localization
from astroloc_qgis.worker.handlers import handlers
from tests.engine.sequence.flight import Flight
from tests.engine.synthetic import make_world


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Flight:
    return Flight(tmp_path_factory.mktemp("flight"), make_world())


@pytest.fixture
def request_of(flight, tmp_path, monkeypatch):
    """Runs the method on a bad photo and photos 1 to 4, of which the work on each alone locates all but 4 (cloud).

    Returns the answer, the progress, and the options with which each photo was localized.
    """
    results = flight.results((1, 2, 3))
    bad = tmp_path / "bad.jpg"
    photos = [flight.photos[4], bad, *flight.photos[1:4]]
    heard, asked = [], {}

    def localize(photo, _index, out, *, progress, **options):
        asked[photo] = {"out": out, **options}
        progress("match", 0.5)
        if photo == bad:
            raise InputError(f"The photo {photo} cannot be read.")
        return results[photo]

    monkeypatch.setattr(pipeline, "localize", localize)
    monkeypatch.setattr(remote_index, "open_local", lambda _folder: type("Opened", (), {"info": None}))

    def run(progress=lambda *event: heard.append(event), **more):
        params = {
            "photos": [str(photo) for photo in photos],
            "outs": [str(tmp_path / f"out {number}") for number in range(5)],
            "index": str(tmp_path), "imagery": str(flight.imagery), "matcher": "sift", "device": "cpu",
            "nadirs": [None, None, [46.1, 11.2], None, None], "nadir_sources": [None, None, "exif", None, None],
        }  # fmt: skip
        return handlers(1)["localize_sequence"]({**params, **more}, progress), heard, asked

    run.photos = photos
    return run


def test_a_photo_of_cloud_is_placed_by_the_others_and_a_bad_one_is_told(request_of, flight, tmp_path):
    answer, heard, asked = request_of()
    assert (answer["device"], answer["problem"]) == ("cpu", "")
    entries = json.loads(json.dumps(answer["entries"]))
    assert [Path(entry["photo"]) for entry in entries] == request_of.photos
    cloudy, bad, *located = entries
    assert (cloudy["status"], cloudy["placed_by"]) == ("localized", "neighbours")
    assert flight.error_km(4, cloudy["footprint"]) < cloudy["uncertainty_m"] / 1000
    assert {Path(path).parent for path in cloudy["outputs"].values()} == {tmp_path / "out 0"}
    assert (bad["status"], bad["reason"]) == ("error", f"The photo {request_of.photos[1]} cannot be read.")
    assert [entry["placed_by"] for entry in located] == ["reference"] * 3
    nadirs = [asked[photo].get("nadir") for photo in request_of.photos]
    assert [nadir and (nadir.latitude, nadir.source) for nadir in nadirs] == [None, None, (46.1, "exif"), None, None]
    fractions = [fraction for _stage, fraction, *_text in heard]
    assert fractions == sorted(fractions)
    assert [event[2] for event in heard if len(event) > 2] == [str(photo) for photo in request_of.photos]
    assert heard[-1][0] == "neighbours"


def test_outputs_that_cannot_be_written_leave_what_each_photo_found_by_itself(request_of, monkeypatch):
    def full(*_arguments, **_options):
        raise InputError("The disk is full.")

    monkeypatch.setattr(localization, "localize_neighbours", full)
    answer, *_ = request_of()
    assert answer["problem"] == "The disk is full."
    assert [entry["status"] for entry in answer["entries"]] == ["not_localized", "error", *["localized"] * 3]


def test_it_can_be_cancelled_between_photos_and_while_they_are_compared(request_of):
    for last in ("read", "neighbours"):

        def progress(stage, _fraction, *_text, last=last):
            if stage == last:
                raise Cancelled

        with pytest.raises(Cancelled):
            request_of(progress)


def test_an_index_that_is_missing_is_one_sentence_for_all(tmp_path):
    params = {"photos": ["a.jpg", "b.jpg"], "outs": [str(tmp_path)] * 2, "index": str(tmp_path / "none")}
    with pytest.raises(InputError, match="none"):
        handlers(1)["localize_sequence"](params, lambda *_: None)
