"""The command ``label`` on photos of a generated place, and what it takes for a label."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroloc_qgis.cli.batch import label_command
from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.labelling.judgement import WeakLabel, judge
from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.training.data.datasets import imported_photos
from astroloc_qgis.engine.verification import Verdict
from tests.engine.labelling.fast_labels import Here
from tests.engine.scene import SIZE, Refused, Run, Scene, left_in, make_scene


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def corners_of(row: Mapping[str, str]) -> np.ndarray:
    names = [f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat")]
    return np.array([float(row[name]) for name in names]).reshape(4, 2)


def test_photos_of_roughly_known_centre_become_labels_or_are_listed(
    scene: Scene, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_command, "scheduler_of", lambda _: Here())
    written: list[Any] = []
    monkeypatch.setattr(pipeline, "georeference", lambda *args, **_: written.append(args))
    lon, lat = scene.world.center_lonlat
    twin = tmp_path / "twin.jpg"
    twin.write_bytes(scene.photo.read_bytes())
    table = tmp_path / "archive.csv"
    table.write_text(
        "photo,centre lat,centre lon,radius\n"
        f"{scene.photo},{lat + 0.2},{lon - 0.2},60\n"
        f"{twin},{lat + 0.2},{lon - 0.2},10\n"
        f"{scene.stranger},{lat},{lon},20\n"
        f"{tmp_path / 'none.jpg'},{lat},{lon},20\n"
    )
    out, report = tmp_path / "out", tmp_path / "report.json"
    words = ["label", table, "--index", scene.index, "--out", out, "--matcher", "sift", "--earthloc", "link"]
    status, stdout, stderr = run(*words, "--json", report)
    assert (status, stderr) == (0, ""), stderr
    assert written == [], "labels need no picture"
    assert "4 of 4 photos are done: 1 localized, 2 not localized, 1 could not be read." in stdout
    assert "yield 25%" in stdout
    assert "photos.csv (accepted: 1)" in stdout

    (label,) = imported_photos(out)
    assert label.path.resolve() == scene.photo.resolve()
    (row,) = rows_of(out / "photos.csv")
    assert scene.error_px(corners_of(row)) < 2
    assert float(row["confidence"]) >= 0.99
    assert 20 < float(row["off_km"]) < 32
    assert row["photo_id"] == "ISS056-E-181034"
    (named,) = imported_photos(out / "earthloc")
    assert np.allclose(named.place, label.place, atol=2)
    assert named.path.read_bytes() == scene.photo.read_bytes()

    far, stranger = rows_of(out / "review.csv")
    assert Path(far["file"]).name == "twin.jpg"
    assert "km from the given centre, which may be 10 km off" in far["why"]
    assert scene.error_px(corners_of(far)) < 2
    assert (Path(stranger["file"]).name, stranger["why"] != "") == ("stranger.jpg", True)
    assert [entry["status"] for entry in json.loads(report.read_text())] == [
        "localized", "not_localized", "not_localized", "error",
    ]  # fmt: skip
    assert not [name for name in left_in(out) if name.endswith(".tif") or ".working" in name]

    lines = (out / "journal.jsonl").read_bytes()
    status, stdout, _ = run(*words)
    assert (status, "this run" in stdout, (out / "journal.jsonl").read_bytes()) == (0, False, lines)


@pytest.fixture(scope="module")
def found(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> tuple[Localization, Verdict]:
    """The result of the scene's photo, and its verdict."""
    lon, lat = scene.world.center_lonlat
    result = pipeline.localize(
        scene.photo, scene.index, tmp_path_factory.mktemp("out"), centre=(lat, lon), centre_km=1.0, matcher="sift",
        doubt=lambda _: "not wanted",
    )  # fmt: skip
    return result, Verdict(True, 0.995, "converged")


def test_a_label_needs_more_confidence_than_a_localized_photo(
    scene: Scene, found: tuple[Localization, Verdict]
) -> None:
    result, verdict = found
    lon, lat = scene.world.center_lonlat
    known = WeakLabel((lat, lon), 50.0)
    sure = judge(result, verdict, known)
    assert sure.doubt == ""
    assert sure.footprint is not None
    assert scene.error_px(sure.footprint) < 2
    assert sure.off_km is not None
    assert sure.off_km < 10
    assert judge(result, replace(verdict, confidence=0.96), known).doubt == (
        "its confidence is 0.960, and a label needs 0.99"
    )
    assert judge(result, replace(verdict, confidence=0.96), known, 0.95).doubt == ""
    assert judge(result, verdict, WeakLabel((lat + 3, lon), 50.0)).doubt.startswith("its middle lies 33")
    assert judge(result, verdict, WeakLabel((lat + 3, lon), 0.0)).doubt == ""


def test_with_the_horizon_in_view_there_is_no_footprint_of_four_corners(found: tuple[Localization, Verdict]) -> None:
    result, verdict = found
    lowest = np.array(result.registration.homography)
    lowest[2] = [0.0, 4.0 / SIZE[1], -1.0]  # the line y = height / 4 is the horizon
    outcome = replace(result.outcome, registration=replace(result.registration, homography=lowest))
    middle = result.registration.plane.to_lonlat(apply_homography(lowest, np.array([[SIZE[0] / 2, SIZE[1] / 2]])))
    known = WeakLabel((float(middle[0, 1]), float(middle[0, 0])), 50.0)
    judged = judge(replace(result, outcome=outcome), verdict, known)
    assert judged.footprint is None
    assert judged.doubt == "the horizon is in view, so that not all of its corners have a place"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--confidence", "0.5"), "'0.5' is no confidence for labels: it must be from 0.9 to below 1"),
        (("--earthloc", "move"), "invalid choice: 'move'"),
        (("--imagery", "nowhere.tif"), "nowhere.tif"),
        (("--matcher", "nobody"), "nobody"),
    ],
)
def test_what_is_wrong_for_all_photos_is_refused(
    scene: Scene, refused: Refused, out: Path, tmp_path: Path, more: tuple[str, ...], sentence: str
) -> None:
    table = tmp_path / "archive.csv"
    table.write_text(f"photo,centre lat,centre lon\n{scene.photo},46,11\n")
    assert sentence in refused("label", table, "--index", scene.index, "--out", out, *more)
