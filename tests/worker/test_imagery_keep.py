"""The method that keeps Blue Marble refuses what it cannot use in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
from astroloc_qgis.engine.imagery.kept.places import kept_file
from astroloc_qgis.engine.progress import no_progress
from astroloc_qgis.worker.handlers import handlers


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTROLOC_IMAGERY", str(tmp_path / "imagery"))


def test_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    keep = handlers(1)["imagery_keep"]
    for params, words in (
        ({"service": "the moon"}, "'the moon' as a service to keep; it can be: blue-marble"),
        ({"service": "blue-marble", "file": str(tmp_path / "none.mbtiles")}, "does not exist"),
        ({"service": "blue-marble", "address": "https://a.org/{z}/{x}.png"}, "no address of tiles"),
        ({"service": "blue-marble", "address": "http://127.0.0.1:9/{z}/{y}/{x}.png", "file": 3}, "parameter file"),
    ):
        with pytest.raises(InputError, match=words):
            keep(params, no_progress)


def test_what_is_kept_already_is_given_at_once() -> None:
    path = kept_file(BLUE_MARBLE)
    path.parent.mkdir()
    path.write_bytes(b"tiles")
    told = []
    assert handlers(1)["imagery_keep"]({"service": "blue-marble"}, lambda *step: told.append(step)) == {
        "file": str(path),
        "bytes": 5,
    }
    assert told == [("fetch", 0.0)]
