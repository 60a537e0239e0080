"""Photos of known place from four layouts; the benchmarks of labels and of a finer index over them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroloc_qgis.cli.batch import label_command
from astroloc_qgis.engine.benchmark.known import finer_index
from astroloc_qgis.engine.benchmark.known.labels import judged, summary, table, write_weak_labels
from astroloc_qgis.engine.benchmark.known.photos import KnownPhoto, read_known_photos
from astroloc_qgis.engine.benchmark.localization import corner_error
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from tests.engine.labelling.fast_labels import Here
from tests.engine.scene import MODEL, Refused, Run, Scene, make_scene

SQUARE = np.array([[10.0, 46.0], [11.0, 46.0], [11.0, 45.0], [10.0, 45.0]])


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def aims(folder: Path, photo: Path) -> Path:
    """A folder of AIMS with one photo of SQUARE, whose corners are in no order, and no candidates."""
    case = folder / "ISS1-E-1"
    case.mkdir(parents=True)
    (case / "@45@10@44.0@9.5@29@400@25@ISS1-E-1@.jpg").write_bytes(photo.read_bytes())
    corners = [str(value) for lon, lat in SQUARE[[0, 2, 1, 3]] for value in (lat, lon)]
    header = ",".join(f"{name}{k}" for k in range(1, 5) for name in ("lat", "lon"))
    (folder / "outlines.csv").write_text(f"id,{header}\nISS1-E-1,{','.join(corners)}\n")
    return folder


def test_photos_of_each_layout_are_judged(scene: Scene, tmp_path: Path, refused: Refused) -> None:
    right, wrong = read_known_photos(scene.cases(tmp_path / "cases"))
    assert (right.name, right.source, right.shown, wrong.shown) == ("right", "cases", True, False)
    assert right.centre == pytest.approx(scene.footprint.mean(axis=0), abs=1e-6)
    assert right.judge(scene.footprint)
    assert not right.judge(scene.footprint + 0.5)
    assert wrong.centre is None
    assert wrong.judge(SQUARE) is None

    (of_aims,) = read_known_photos(aims(tmp_path / "aims", scene.photo))
    assert (of_aims.shown, of_aims.nadir) == (False, Nadir(44.0, 9.5))
    assert of_aims.centre == pytest.approx((10.5, 45.5))
    assert of_aims.width_km == pytest.approx(111.2, rel=0.01)
    assert of_aims.judge(np.asarray(np.roll(SQUARE, 1, axis=0)) + 0.2)
    assert not of_aims.judge(SQUARE + 1.0)
    assert not of_aims.judge(10.5 + 3 * (SQUARE - 10.5))

    real = tmp_path / "real"
    real.mkdir()
    columns = "file,expect,tolerance_km,diagonal_km,kind,nadir_lat,nadir_lon,place,licence"
    (real / "photos.csv").write_text(f'{columns}\na.jpg,land,50,,day,45.6,10.4,,\nb.jpg,negative,50,,night,,,"here",\n')
    land, night = read_known_photos(real)
    assert (land.shown, land.centre, land.judge(SQUARE), land.judge(SQUARE + 1.0)) == (True, (10.4, 45.6), True, False)
    assert (night.shown, night.centre, night.judge(SQUARE)) == (False, None, None)

    simulated = tmp_path / "simulated"
    simulated.mkdir()
    (simulated / "a.jpg").write_bytes(scene.photo.read_bytes())
    names = [f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat")]
    corners = ",".join(map(str, SQUARE.ravel()))
    (simulated / "photos.csv").write_text(
        f"region,file,{','.join(names)},nadir_lat,nadir_lon\nAlps,a.jpg,{corners},44,9\n"
    )
    (photo,) = read_known_photos(simulated)
    assert (photo.shown, photo.judge(SQUARE), photo.judge(np.roll(SQUARE, 1, axis=0))) == (True, True, False)
    assert "has none of cases.json, outlines.csv and photos.csv" in refused(
        "benchmark", "label", tmp_path, "--index", scene.index, "--out", tmp_path / "out"
    )


def known(name: str, centre: tuple[float, float] | None, source: str = "a") -> KnownPhoto:
    return KnownPhoto(name, Path(f"/{source}/{name}.jpg"), source, True, Nadir(1.0, 2.0), centre, None, lambda _: True)


def test_centres_are_off_by_up_to_the_limit_and_the_same_again(tmp_path: Path) -> None:
    photos = [known(str(number), (179.9, 60.0)) for number in range(200)] + [known("nowhere", None)]
    photos += [known(str(number), (0.0, 0.0), "b") for number in range(3)]
    assert write_weak_labels(photos, tmp_path / "a.csv", off_deg=2.0, seed=1) == 203
    with (tmp_path / "a.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    places = np.array([[float(row["centre lon"]), float(row["centre lat"])] for row in rows])
    off_km = great_circle_km(places[:200], np.array([[179.9, 60.0]]))
    assert 200 < off_km.max() < 2 * 111.3
    assert np.median(off_km) == pytest.approx(2 * 111.2 / 2**0.5, rel=0.1)
    names = [Path(row["photo"]).stem for row in rows]
    assert names[:200] != sorted(names[:200], key=int)
    assert {Path(row["photo"]).parent.name for row in rows[200:]} == {"b"}
    assert write_weak_labels(photos, tmp_path / "b.csv", off_deg=2.0, seed=1) == 203
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert write_weak_labels(photos, tmp_path / "c.csv", off_deg=2.0, seed=1, use_nadir=False, most=4) == 7
    assert "1.0,2.0" not in (tmp_path / "c.csv").read_text()


def test_yield_and_precision_are_those_of_the_accepted() -> None:
    def entry(photo: KnownPhoto, status: str, footprint: Any = None, label: Any = None) -> dict[str, Any]:
        common = {"photo": str(photo.path), "status": status, "confidence": 1.0, "inliers": 9, "matcher": "sift"}
        return common | {"footprint": footprint, "label": label, "seconds": {"match": 2.0}, "reason": ""}

    photos = [known(name, (0.0, 0.0)) for name in ("right", "doubtful", "bad")]
    wrong = KnownPhoto("wrong", Path("/a/wrong.jpg"), "a", True, None, (0.0, 0.0), None, lambda _: False)
    corners = SQUARE.tolist()
    rows = judged(
        [*photos, wrong],
        [
            entry(photos[0], "localized", corners),
            entry(photos[1], "not_localized", None, {"footprint": corners}),
            entry(photos[2], "error"),
            entry(wrong, "localized", corners),
        ],
    )
    found = summary(rows)
    assert (found["photos"], found["accepted"], found["right"], found["wrong"]) == (4, 2, 1, 1)
    assert (found["yield"], found["precision"], found["doubtful_right"], found["failed"]) == (0.5, 0.5, 1, 1)
    assert "| a | 4 | 4 | 2 | 1 | 1 | 50.0 % | 50.0 % | 1 | 2.0 |" in table(rows)
    assert "Accepted at a wrong place: a/wrong." in table(rows)


def test_labels_of_photos_of_known_place_are_judged(
    scene: Scene, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_command, "scheduler_of", lambda _: Here())
    lon, lat = scene.world.center_lonlat
    folder = scene.cases(tmp_path / "cases", center_lat=float(lat), center_lon=float(lon))
    out, report = tmp_path / "out", tmp_path / "report.json"
    words = ["benchmark", "label", folder, "--index", scene.index, "--out", out, "--matcher", "sift", "--json", report]
    status, stdout, stderr = run(*words, "--off-deg", "0.2", "--centre-km", "100")
    assert (status, stderr) == (0, ""), stderr
    found = json.loads(report.read_text())
    assert (found["photos"][0]["photo"], found["right"], found["wrong"], found["precision"]) == ("right", 1, 0, 1.0)
    assert 0 < found["photos"][0]["off_km"] < 0.2 * 111.3 + 1
    assert "| cases | 1 | 1 | 1 | 1 | 0 | 100.0 % | 100.0 % | 0 |" in stdout


def test_photos_are_localized_with_an_index_of_their_references(
    scene: Scene, run: Run, tmp_path: Path, refused: Refused
) -> None:
    folder = scene.cases(tmp_path / "cases")
    out, report = tmp_path / "out", tmp_path / "report.json"
    words = [
        "benchmark",
        "finer-index",
        folder,
        "--zooms",
        "11,12",
        "--model",
        MODEL,
        "--matcher",
        "sift",
        "--out",
        out,
    ]
    status, stdout, stderr = run(*words, "--no-nadir", "--json", report)
    assert (status, stderr) == (0, ""), stderr
    found = json.loads(report.read_text())
    assert found["too narrow for Blue Marble"] == {"photos": 1, "right": 1, "wrong": 0, "not_localized": 0}
    assert found["not in the references"] == {"photos": 1, "right": 0, "wrong": 0, "not_localized": 1}
    (right, _) = found["photos"]
    assert corner_error(np.array(right["footprint"]), scene.footprint) < 0.01
    assert "| too narrow for Blue Marble | 1 | 1 | 0 | 0 |" in stdout

    lines = (out / finer_index.ROWS).read_text()
    assert run(*words, "--no-nadir")[0] == 0
    assert (out / finer_index.ROWS).read_text() == lines, "photos that are done are not done again"
    assert "comes without references" in refused(
        "benchmark", "finer-index", simulated_folder(tmp_path), "--out", tmp_path / "other"
    )


def simulated_folder(folder: Path) -> Path:
    (folder / "a.jpg").write_bytes(b"x")
    names = [f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat")]
    (folder / "photos.csv").write_text(
        f"region,file,{','.join(names)},nadir_lat,nadir_lon\nAlps,a.jpg,{','.join(map(str, SQUARE.ravel()))},44,9\n"
    )
    return folder
