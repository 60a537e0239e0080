"""Batches and labels as requests: what the engine process tells while they run, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from astroloc_qgis.engine.batch.photos import plan_units
from astroloc_qgis.engine.batch.runner import Batch
from astroloc_qgis.engine.batch.sources import photos_of
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.worker import batch_handlers
from astroloc_qgis.worker.handlers import handlers
from astroloc_qgis.worker.parameters import read
from astroloc_qgis.worker.requests import Batch as BatchRequest
from tests.engine.batch.fast import fast_work


@pytest.fixture
def run(tmp_path):
    """Runs a batch of photos that take no time, as the handlers do."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.jpg", "bad.jpg", "cloud.jpg"):
        (photos / name).write_bytes(b"x")

    def done(progress, **more):
        work = fast_work(tmp_path / "out", tmp_path / "log", **more)
        units = plan_units(photos_of(photos, tmp_path / "out"), {}, source=photos)
        params = {"index": "i", "out": str(tmp_path / "out"), "entries": str(tmp_path / "rows"), "workers": 1}
        request = read(BatchRequest, params)
        return batch_handlers._run(Batch(work, units, {}, tmp_path / "out"), request, progress, "cpu", 1)

    return done


def test_each_photo_and_the_pace_are_told_and_the_entries_are_lines(run, tmp_path):
    heard = []
    answer = run(lambda *event: heard.append(event))
    assert (answer["photos"], answer["complete"], answer["done_now"]) == (3, True, 3)
    assert answer["counts"] == {"localized": 1, "error": 1, "not_localized": 1}
    told = [json.loads(text) for stage, _, text in heard if stage == "photo"]
    assert [Path(each["photo"]).name for each in told] == ["a.jpg", "bad.jpg", "cloud.jpg"]
    assert {each["status"] for each in told} == {"localized", "error", "not_localized"}
    *_, (stage, fraction, text) = heard
    assert (stage, fraction) == ("pace", 1.0)
    pace = json.loads(text)
    assert (pace["done"], pace["total"], pace["localized"]) == (3, 3, 1)
    entries = [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()]
    assert [entry["status"] for entry in entries] == ["localized", "error", "not_localized"]
    assert Path(answer["files"]["report"]).is_file()
    assert str(Path(batch_handlers.__file__).resolve().parents[2]) not in sys.path[-1:]


def test_a_cancelled_batch_answers_with_what_is_done_and_goes_on_later(run, tmp_path):
    def cancel_after_the_first(stage, _fraction, _text=""):
        if stage == "photo":
            raise Cancelled

    first = run(cancel_after_the_first)
    assert (first["complete"], sum(first["counts"].values())) == (False, 1)
    assert len((tmp_path / "rows").read_text().splitlines()) == 1
    second = run(lambda *_: None)
    assert (second["complete"], second["done_now"]) == (True, 2)
    assert len((tmp_path / "log").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("batch", {}, "names no photos: it needs a folder or a table"),
        ("batch", {"folder": "{}/none"}, "is neither a folder nor a table"),
        ("batch", {"folder": "{}"}, "has no photos"),
        ("batch", {"table": "{}/none.csv"}, "is neither a folder nor a table"),
        ("batch", {"workers": 0}, "workers .* a whole number, 1 or more"),
        ("label", {"table": "{}/none.csv", "centre_km": 300}, "is neither a folder nor a table"),
        ("label", {"table": "{}", "centre_km": 300}, "is a folder: name a table"),
        ("label", {"centre_km": 300}, "The request lacks table"),
    ],
)
def test_what_is_no_batch_is_refused_in_a_sentence(tmp_path, method, params, words):
    common = {"index": "i", "out": str(tmp_path / "out"), "entries": str(tmp_path / "rows")}
    params = {name: value.format(tmp_path) if isinstance(value, str) else value for name, value in params.items()}
    with pytest.raises(InputError, match=words):
        handlers(1)[method]({**common, **params}, lambda *_: None)
