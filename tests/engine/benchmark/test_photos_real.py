"""The benchmark of real photos: a table judges answers, rows are continued, and what is missed is drawn."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.cli import main as cli
from astroloc_qgis.engine.benchmark.contact_sheet import MOST_BYTES, draw_sheet, ground, may_be_shown
from astroloc_qgis.engine.benchmark.photos_real import (
    RealPhoto,
    diagonal_of_km,
    is_right,
    read_photos_real,
    run,
    verdict,
)
from astroloc_qgis.engine.benchmark.reports.photos_real import kinds_table, missed_table, report, table
from astroloc_qgis.engine.benchmark.trials import registrations
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from tests.engine.scene import MODEL, Scene, make_scene
from tests.engine.synthetic import landscape, write_image

FIELDS = ("file", "expect", "tolerance_km", "diagonal_km", "kind", "nadir_lat", "nadir_lon", "place", "licence")


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.fixture(scope="module")
def index(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of few blocks, so that a search that finds nothing ends soon."""
    made = tmp_path_factory.mktemp("few") / "index"
    reference = Reference.open(scene.imagery)
    build_index(reference, [11], None, MODEL, made, title="Generated land")
    reference.close()
    return made


@pytest.fixture(scope="module")
def folder(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A land photo, one of land that the reference does not show, the same as a negative, and a row without a file."""
    made = tmp_path_factory.mktemp("real")
    (made / "land1.jpg").write_bytes(scene.photo.read_bytes())
    elsewhere = landscape(512, seed=99)[:267, :400]
    write_image(made / "land2.jpg", elsewhere)
    write_image(made / "night1.jpg", elsewhere)
    lon, lat = scene.footprint.mean(axis=0)
    place = {
        "nadir_lat": round(lat + 0.5, 3),
        "nadir_lon": round(lon, 3),
        "place": f"centre {lat:.4f},{lon:.4f}; a lake",
    }
    size = {"tolerance_km": 5, "diagonal_km": round(diagonal_of_km(scene.footprint), 1)}
    rows = [
        {
            "file": "land1.jpg",
            "expect": "land",
            "kind": "day-land",
            **size,
            **place,
            "licence": "CC BY-SA 4.0 (someone)",
        },
        {"file": "land2.jpg", "expect": "land", "kind": "nir", **size, **place, "licence": "no licence file"},
        {"file": "night1.jpg", "expect": "negative", "kind": "night", "tolerance_km": 250},
        {"file": "gone.jpg", "expect": "negative", "kind": "cloud", "tolerance_km": 250},
    ]
    with (made / "photos.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    return made


def test_the_table_tells_places_and_sizes(folder: Path, scene: Scene) -> None:
    first, _, night, _ = read_photos_real(folder)
    assert (first.expect, first.kind, first.tolerance_km) == ("land", "day-land", 5)
    assert first.place_lonlat == pytest.approx(scene.footprint.mean(axis=0), abs=1e-3)  # stated, not the nadir
    assert first.nadir is not None
    assert (night.place_lonlat, night.nadir, night.diagonal_km) == (None, None, None)
    assert first.group == "land"
    assert [photo.name for photo in read_photos_real(folder, "night")] == ["night1.jpg"]
    with pytest.raises(InputError, match="whose names contain mars"):
        read_photos_real(folder, "mars")


def test_a_table_that_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_photos_real(tmp_path)
    (tmp_path / "photos.csv").write_text("file,expect\na.jpg,perhaps\n")
    with pytest.raises(InputError, match="'perhaps', neither land nor negative"):
        read_photos_real(tmp_path)


def square(lon: float, lat: float, side: float = 1.0) -> np.ndarray:
    """(4, 2) corners of a square of this many degrees."""
    return np.array([lon, lat]) + side / 2 * np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]])


def photo_at(lon: float, lat: float, expect: str = "land", **more) -> RealPhoto:
    return RealPhoto("a.jpg", Path("a.jpg"), expect, "day-land", 100.0, place_lonlat=(lon, lat), **more)


def test_right_is_near_and_of_the_known_size() -> None:
    assert is_right(photo_at(10, 0), square(10.5, 0))  # 56 km off
    assert not is_right(photo_at(10, 0), square(11, 0))  # 111 km off
    assert is_right(photo_at(179.9, 0), (square(180.2, 0) + 180) % 360 - 180)  # across the antimeridian
    diagonal = diagonal_of_km(square(10, 0))
    assert diagonal == pytest.approx(157, abs=1)
    assert is_right(photo_at(10, 0, diagonal_km=diagonal * 1.2), square(10, 0))
    assert not is_right(photo_at(10, 0, diagonal_km=diagonal * 1.3), square(10, 0))
    assert not is_right(photo_at(10, 0, diagonal_km=diagonal / 1.3), square(10, 0))
    unknown = RealPhoto("a.jpg", Path("a.jpg"), "land", "nir", 100.0)
    assert is_right(unknown, square(10, 0)) is None


@pytest.mark.parametrize(
    ("expect", "status", "lon", "said"),
    [
        ("land", "localized", 10.0, "right"),
        ("land", "localized", 20.0, "wrong"),
        ("negative", "localized", 10.0, "right"),
        ("negative", "localized", 20.0, "wrong"),
        ("land", "not_localized", None, "missed"),
        ("negative", "not_localized", None, "refused"),
        ("land", "error", None, "error"),
    ],
)
def test_every_answer_has_its_verdict(expect: str, status: str, lon: float | None, said: str) -> None:
    row = {"status": status, "footprint": None if lon is None else square(lon, 0).tolist()}
    assert verdict(photo_at(10, 0, expect), row) == said


def test_photos_are_localized_judged_and_not_localized_again(
    folder: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work, file, sheet = tmp_path / "rows.jsonl", tmp_path / "report.json", tmp_path / "missed.jpg"
    command = ["benchmark", "photos-real", str(folder), "--index", str(index), "--matcher", "sift",
               "--device", "cpu", "--work", str(work), "--json", str(file), "--sheet", str(sheet)]  # fmt: skip
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert "| land | day-land | 1 | 1 | 0 | 0 | 0 | 0 |" in said
    assert "| land | nir | 1 | 0 | 0 | 1 | 0 | 0 |" in said
    assert "1 of 2 land photos right (50%), 0 wrong; 1 of 2 negatives refused." in said
    assert "missed: land2.jpg (nir)" in said
    assert "error: gone.jpg" in said
    content = json.loads(file.read_text())
    assert (content["mode"], content["land"]["right"], content["negative"]["refused"]) == ("nadir", 1, 1)
    assert cv2.imread(str(sheet)) is not None

    rows = [json.loads(line) for line in work.read_text().splitlines()]
    assert [row["status"] for row in rows] == ["localized", "not_localized", "not_localized", "error"]
    (trial,) = rows[0]["trials"]
    assert (trial["matcher"], trial["located"], trial["right"]) == ("sift", True, True)
    made = registrations(rows)
    assert [(row["photo"], row["kind"]) for row in made] == [
        ("photos-real/land1.jpg", "real, shown"),
        ("photos-real/land2.jpg", "real, shown"),
        ("photos-real/night1.jpg", "real, elsewhere"),
    ]

    before = work.read_text()
    assert cli.main(command) == 0
    assert work.read_text() == before
    assert cli.main([*command, "--no-nadir", "--only", "land1"]) == 0  # the other mode has rows of its own
    assert [json.loads(line)["mode"] for line in work.read_text().splitlines()] == ["nadir"] * 4 + ["no nadir"]


def test_photos_that_follow_each_other_are_judged_when_they_have_helped_each_other(
    folder: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "rows.jsonl"
    command = ["benchmark", "photos-real", str(folder), "--index", str(index), "--matcher", "sift", "--sequence",
               "--device", "cpu", "--work", str(work)]  # fmt: skip
    assert cli.main(command) == 0
    assert "1 of 2 land photos right (50%), 0 wrong; 1 of 2 negatives refused." in capsys.readouterr().out
    rows = {row["photo"]: row for row in map(json.loads, work.read_text().splitlines())}
    assert {row["mode"] for row in rows.values()} == {"sequence, nadir"}
    assert rows["land1.jpg"]["status"] == "localized"
    assert rows["gone.jpg"]["status"] == "error"
    assert all(row["seconds"] > 0 for row in rows.values() if row["status"] != "error")


def test_a_group_is_handed_over_at_once_unless_all_of_it_is_done(tmp_path: Path) -> None:
    names = ["b2.jpg", "a1.jpg", "b1.jpg"]
    photos = [RealPhoto(name, Path(name), "negative", "night", 1.0) for name in names]
    asked: list[list[str]] = []

    def localizer(group, progress) -> Iterator:
        asked.append([photo.name for photo in group])
        yield from ((photo, InputError("It cannot be read."), 1.0) for photo in group)

    for _ in range(2):
        rows = run(photos, tmp_path / "rows.jsonl", localizer, mode="sequence", grouped=True)
        assert [row["photo"] for row in rows] == names
    assert asked == [["a1.jpg"], ["b1.jpg", "b2.jpg"]]
    run(photos[:1], tmp_path / "other.jsonl", localizer)
    assert asked[2:] == [["b2.jpg"]]


def answers(*verdicts: str) -> dict:
    """A report of photos at 10 E, the first a coast, with these answers."""
    at = {"right": 10.0, "wrong": 20.0}
    photos = [photo_at(10, 0) for _ in verdicts]
    rows = [
        {"status": "localized" if each in at else "not_localized", "reason": "only fog", "seconds": float(number),
         "footprint": square(at[each], 0).tolist() if each in at else None, "matcher": "sift", "confidence": 0.95}
        for number, each in enumerate(verdicts)
    ]  # fmt: skip
    return report(photos, rows)


def test_tables_tell_wrong_from_missed_and_set_runs_beside_each_other() -> None:
    content = answers("right", "wrong", "missed")
    said = table(content)
    assert "1 of 3 land photos right (33%), 1 wrong" in said
    assert "wrong: a.jpg (day-land): 1112 km off" in said
    assert content["seconds"] == {"localized": 0.5, "not_localized": 2.0, "worst": 2.0}
    beside = kinds_table({"with": content, "without": answers("right", "missed", "missed")})
    assert "| land by day | 3 | 1 / 1 / 1 | 1 / 0 / 2 |" in beside
    assert "| **all with ground to recognise** | **3** | **1 / 1 / 1** | **1 / 0 / 2** |" in beside
    assert "| a | land by day | only fog |" in missed_table(content)
    assert missed_table(answers("right")) == "No land photo is missed."


@pytest.mark.parametrize(
    ("licence", "permitted"),
    [
        ("NASA photo: public domain (credit: somebody); list CC-BY 4.0", True),
        ("CC BY-SA 4.0 (Raspberry Pi Foundation)", True),
        ("CC BY-NC-SA 4.0", False),
        ("CC BY-ND 4.0", False),
        ("no licence file (photos of a public domain)", False),
        ("repo MIT; photo (c) somebody", False),
        ("MIT (repo); images credited to somebody", False),
        ("", False),
    ],
)
def test_only_what_may_be_passed_on_is_shown(licence: str, permitted: bool) -> None:
    assert may_be_shown(licence) == permitted


def test_the_sheet_shows_the_ground_and_no_photo_that_may_not_be_passed_on(
    folder: Path, scene: Scene, tmp_path: Path
) -> None:
    permitted, forbidden, night, _ = read_photos_real(folder)
    green = tmp_path / "green.jpg"
    pixels = np.full((267, 400, 3), (20, 220, 20), np.uint8)
    pixels[:20, :20] = 0  # a photo of one colour alone is refused
    write_image(green, pixels)

    def greens(photo: RealPhoto, **options) -> int:
        sheet = tmp_path / "sheet.jpg"
        drawn = draw_sheet([(replaced(photo, green), "hazy – 3°")], reference, sheet, **options)
        assert drawn == 1
        assert sheet.stat().st_size <= MOST_BYTES
        pixels = cv2.imread(str(sheet)).astype(int)
        return int(((pixels[..., 1] > 180) & (pixels[..., 0] < 90) & (pixels[..., 2] < 90)).sum())

    reference = Reference.open(scene.imagery)
    assert greens(permitted) > 20_000
    assert greens(forbidden) < 1000  # some of the land is green
    assert greens(forbidden, show_all=True) > 20_000
    assert ground(permitted, reference, 1.5).std() > 10
    assert draw_sheet([(night, "dark")], reference, tmp_path / "none.jpg") == 0
    assert not (tmp_path / "none.jpg").exists()


def replaced(photo: RealPhoto, path: Path) -> RealPhoto:
    return RealPhoto(**{**vars(photo), "path": path})
