"""The whole way is measured by where photos end up, and goes on where it was interrupted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.benchmark.localization import corner_error, describe, run, summary
from astroloc_qgis.engine.benchmark.retrieval import Query
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import Nadir
from tests.engine.scene import SIZE, Scene, make_scene

SQUARE = np.array([[10.0, 46.0], [11.0, 46.0], [11.0, 45.0], [10.0, 45.0]])


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def truth(scene: Scene) -> np.ndarray:
    return scene.world.plane.to_lonlat(apply_homography(scene.truth, photo_corners(*SIZE)))


def test_the_error_is_that_of_the_worst_corner_as_a_part_of_the_diagonal() -> None:
    assert corner_error(SQUARE, SQUARE) == 0
    moved = SQUARE + np.array([[0, 0], [0, 0], [0, 0.1], [0, 0]])  # 11.1 km, of a diagonal of some 136 km
    assert corner_error(moved, SQUARE) == pytest.approx(11.1 / 136, rel=0.02)
    assert corner_error(np.roll(SQUARE, 2, axis=0), SQUARE) > 0.9


def test_a_photo_is_right_where_it_lies_and_wrong_elsewhere(scene: Scene, tmp_path: Path) -> None:
    lon, lat = scene.world.center_lonlat
    right = Query("A", scene.photo, truth(scene), Nadir(float(lat), float(lon)))
    wrong = Query("B", scene.stranger, truth(scene) + 0.5, Nadir(float(lat), float(lon)))
    work = tmp_path / "work.jsonl"
    entries = run([right, wrong], scene.index, work, matcher="sift", device="cpu")
    assert [entry["localized"] for entry in entries] == [True, False]
    assert [entry["right"] for entry in entries] == [True, None]
    assert entries[0]["error"] < 0.01
    assert {"search", "match"} <= set(entries[0]["stages"])
    assert summary(entries)["right"] == 50
    assert describe(entries).startswith("2 photos: 50.0 % located rightly, 0 wrongly; ")

    def stop(stage: str, fraction: float) -> None:
        raise Cancelled

    again = run([right, wrong], scene.index, work, matcher="sift", device="cpu", progress=stop)  # does nothing
    assert again == entries
    assert len(work.read_text().splitlines()) == 2
    with pytest.raises(Cancelled):
        run([right], scene.index, tmp_path / "other.jsonl", matcher="sift", device="cpu", progress=stop)


def test_wrong_places_are_named() -> None:
    entry = {"photo": "a/b.jpg", "localized": True, "right": False, "seconds": 2.0}
    assert json.loads(json.dumps(summary([entry])))["wrong"] == 1
    assert "0.0 % located rightly, 1 wrongly (a/b.jpg); 2.0 s in the median" in describe([entry])
