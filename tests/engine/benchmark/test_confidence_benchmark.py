"""The benchmarks behind confidence: pairs true and false, simulated photos, calibration."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from astroloc_qgis.cli import main as cli
from astroloc_qgis.engine.benchmark.pairs import (
    KINDS,
    SimulatedPhoto,
    make_pairs,
    read_photos,
    run_pairs,
    run_strangers,
)
from astroloc_qgis.engine.benchmark.reports.simulated import reliability_plot, summary, tables
from astroloc_qgis.engine.benchmark.rows import read_rows
from astroloc_qgis.engine.benchmark.simulated import rejudge
from astroloc_qgis.engine.benchmark.simulated_photos import Listed, appearance, camera_at, read_footprints
from astroloc_qgis.engine.confidence.calibrate import MOST_ERROR, calibrate, counts_table
from astroloc_qgis.engine.confidence.evidence import Evidence, evidence_row
from astroloc_qgis.engine.confidence.model import JUDGED
from astroloc_qgis.engine.confidence.per_matcher_threshold import threshold_of
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.tiles import block_iou, overlaps
from tests.engine.scene import Scene, make_scene


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


@pytest.fixture(scope="module")
def folder(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scene's photo and the table that says where it is."""
    made = tmp_path_factory.mktemp("photos")
    (made / "photo.jpg").write_bytes(scene.photo.read_bytes())
    names = [f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat")]
    lon, lat = scene.world.center_lonlat
    with (made / "photos.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["region", "file", *names, "nadir_lat", "nadir_lon"])
        writer.writerow(["here", "photo.jpg", *scene.footprint.ravel(), round(lat, 1), round(lon, 1)])
    return made


def square_photo(lon: float = 8.0, lat: float = 46.0, half: float = 0.7) -> SimulatedPhoto:
    corners = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]]) * half + np.array([lon, lat])
    return SimulatedPhoto(Path("p.jpg"), corners, Nadir(lat, lon))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_pair_is_what_it_says(kind: str) -> None:
    photo = square_photo()
    for seed in range(5):
        (pair,) = make_pairs([photo], kind if kind != "stranger" else "elsewhere", seed)
        shows = overlaps(pair.block, photo.footprint)
        assert shows == (kind in ("true", "scale", "mirrored", "veiled", "sparse"))
        if kind in ("true", "mirrored", "veiled", "sparse"):
            assert block_iou(pair.block, photo.footprint) > 0.1
        if kind in ("elsewhere", "stranger"):
            assert 300 <= great_circle_km(pair.block.center_lonlat, photo.footprint.mean(axis=0))[0] < 2200
    assert list(make_pairs([photo], "true", 3)) == list(make_pairs([photo], "true", 3))


def test_true_pairs_come_out_right_and_mirrored_ones_never_do(scene: Scene, folder: Path, tmp_path: Path) -> None:
    reference, rows = Reference.open(scene.imagery), tmp_path / "rows.jsonl"
    photos = read_photos(folder)
    for _ in range(2):  # the second time adds nothing
        for kind in ("true", "mirrored"):
            run_pairs(list(make_pairs(photos, kind, 1)), reference, "sift", rows, use_nadir=False)
    run_strangers(photos, [scene.block], reference, "sift", rows)  # its own place: passed over
    reference.close()
    found = read_rows(rows)
    assert [row["kind"] for row in found] == ["true", "mirrored"]
    assert found[0]["right"]
    assert found[0]["error"] < 0.01
    assert not found[1]["right"]
    assert "| true | 1 | 1 | 1 |" in counts_table(found)


def registration(right: bool, random: np.random.Generator, number: int) -> dict:
    """A row as registration would leave it: right ones have more of everything, and stand still."""
    inliers = int(np.exp(random.normal(4.2 if right else 2.4, 0.6)))
    evidence = Evidence(
        inliers,
        random.uniform(0.05, 0.4),
        random.uniform(0.1, 0.9) ** (1 if right else 2),
        1.0,
        random.uniform(0, 0.02 if right else 0.03),
    )
    return {
        "photo": f"a/{number}.jpg", "kind": "true", "block": "9/1/1", "matcher": "sift", "found": True, "right": right,
        "error": 0.01, "evidence": evidence_row(evidence), "seconds": 1.0,
    }  # fmt: skip


def test_a_calibrated_confidence_is_a_frequency_on_photos_that_took_no_part() -> None:
    random = np.random.default_rng(3)
    rows = [registration(bool(number % 3), random, number) for number in range(1500)]
    found = calibrate(rows, "made up")
    assert found.made["expected_calibration_error"] < 0.05
    assert found.made["precision_at_0.9"] >= 0.9
    assert found.made["right"] == sum(row["right"] for row in rows)


def test_judged_weights_are_kept_where_they_are_frequencies_and_accept_no_more_wrong_places() -> None:
    random = np.random.default_rng(3)
    right = [registration(True, random, number) for number in range(400)]
    for number, row in enumerate(right):  # most beyond doubt, and some that look worse than the wrong ones
        weak = {"inliers": 8, "coverage": 0.1, "ratio": 0.2}
        row["evidence"] |= {"shift": 0.001, **(weak if number % 25 == 0 else {"inliers": 150, "coverage": 0.7})}
    wrong = [registration(False, random, number) for number in range(8)]
    for row in wrong:
        row["evidence"] |= {"inliers": 40, "coverage": 0.2, "ratio": 0.3, "shift": 0.012}
    found = calibrate(right + wrong, "made up")
    assert found.weights == JUDGED
    assert found.made["method"].startswith("judged weights, confirmed: judged weights, rescaled after Platt would have")
    assert found.made["precision_at_0.9"] == 1.0
    assert found.made["expected_calibration_error"] < MOST_ERROR


def test_right_ones_alone_are_refused() -> None:
    random = np.random.default_rng(3)
    with pytest.raises(InputError, match="not 50 and 0"):
        calibrate([registration(True, random, number) for number in range(50)], "made up")


def test_the_threshold_of_a_precision_is_the_least_that_holds_it() -> None:
    confidence = np.array([0.95, 0.9, 0.8, 0.7, 0.6])
    assert threshold_of(confidence, np.array([1, 1, 1, 0, 1])) == 0.8
    assert threshold_of(confidence, np.array([1, 1, 1, 0, 1]), precision=0.8) == 0.6
    assert threshold_of(confidence, np.array([0, 1, 1, 1, 1])) == 1.0


def listed(lon: float, lat: float, nadir: Nadir, area: float = 20_000.0) -> Listed:
    return Listed("ISS001-E-1", np.array([lon, lat]), nadir, area)


@pytest.mark.parametrize(
    "place", [(8.0, 46.0, Nadir(45.0, 7.0)), (179.8, -20.0, Nadir(-19.0, -178.0)), (10.0, 40.0, Nadir(36.0, 5.0))]
)
def test_a_camera_over_the_nadir_sees_the_footprint_as_large_as_it_is(place: tuple) -> None:
    wanted = listed(*place)
    camera = camera_at(wanted, np.random.default_rng(1))
    assert camera is not None
    corners = camera.corners_lonlat
    middle = camera.to_lonlat(np.array([[450.0, 300.0]]))[0]
    assert great_circle_km(middle, wanted.centre)[0] < 25
    sides = great_circle_km(corners, np.roll(corners, -1, axis=0))
    assert (sides[0] + sides[2]) * (sides[1] + sides[3]) / 4 == pytest.approx(wanted.area_km2, rel=0.1)
    assert great_circle_km(np.array([camera.lon, camera.lat]), wanted.nadir.lonlat)[0] < 10


def test_no_camera_sees_beyond_its_horizon() -> None:
    assert camera_at(listed(40.0, 46.0, Nadir(45.0, 7.0)), np.random.default_rng(1)) is None


def test_the_appearance_is_that_of_a_seed_and_clouds_are_counted() -> None:
    ground = np.full((60, 90, 3), 70, np.uint8)
    ground[::7] = 110
    first, second = (appearance(ground, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    covers = [appearance(ground, np.random.default_rng(seed))[1] for seed in range(40)]
    assert min(covers) == 0
    assert 0.1 < max(covers) <= 1


def test_a_table_of_footprints_is_read_and_a_bad_one_refused(tmp_path: Path) -> None:
    table = tmp_path / "footprints.csv"
    names = ["id", *(f"{axis}{at}" for at in range(1, 5) for axis in ("lat", "lon")), "nadir_lat", "nadir_lon"]
    values = ["A-1", 1, 179, 1, -179, -1, -179, -1, 179, 0.5, 178.0]
    table.write_text(",".join([*names, "area_km2", "split"]) + "\n" + ",".join(map(str, [*values, 5e4, "test"])) + "\n")
    (found,) = read_footprints(table, "test")
    assert found.centre[0] % 360 == pytest.approx(180)
    assert found.nadir == Nadir(0.5, 178.0)
    with pytest.raises(InputError, match="none of the split 'train'"):
        read_footprints(table, "train")
    table.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not as expected"):
        read_footprints(table, "test")


def pair_row(kind: str, right: bool, confidence: float, **more) -> dict:
    return {
        "photo": "p", "kind": kind, "status": "localized" if confidence >= 0.9 else "not_localized",
        "right": right and confidence >= 0.9, "truly_right": right, "confidence": confidence, "plausible": True,
        "matcher": "sift", "inliers": 50, "error": 0.001 if right else None, "covered_68": 0.7 if right else None,
        "covered_95": 0.94 if right else None, "tilt_deg": 20.0, "turn_deg": 10.0, "cover": 0.1, "diagonal_km": 200.0,
        "seconds": 1.0, "trials": [],
    } | more  # fmt: skip


def test_the_summary_counts_what_was_located_wrong_and_falsely_accepted() -> None:
    rows = [
        pair_row("true", True, 0.99),
        pair_row("true", True, 0.5),
        pair_row("true", False, 0.95),
        pair_row("mirrored", False, 0.2),
        pair_row("neighbour", False, 0.92),
    ]
    found = summary(rows)
    assert (found["true"], found["located"], found["wrong"], found["false"], found["false_accepted"]) == (3, 1, 1, 2, 1)
    assert "| 15 to 30° | 3 | 33 % |" in tables(rows)


def test_a_row_is_judged_anew_or_marked_for_running_again() -> None:
    good = evidence_row(Evidence(500, 0.5, 0.9, 0.8, 0.001))
    trial = {"matcher": "nobody's", "evidence": good, "located": True}
    row = pair_row("true", True, 0.1, trials=[trial])
    assert rejudge(row)
    assert row["confidence"] > 0.9
    assert not rejudge(pair_row("true", True, 0.1, trials=[{**trial, "located": False}]))


def test_a_reliability_diagram_has_a_circle_for_each_bin_that_holds_any() -> None:
    stated = np.array([0.05, 0.06, 0.95, 0.97, 0.99])
    drawn = reliability_plot(stated, np.array([0.0, 0, 1, 1, 1]), "a < b")
    circles = ElementTree.fromstring(drawn).findall(".//{http://www.w3.org/2000/svg}circle")  # noqa: S314 - our own
    assert len(circles) == 2


def test_the_command_line_calibrates_from_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(3)
    rows = tmp_path / "rows.jsonl"
    made = [registration(bool(number % 3), random, number) for number in range(600)]
    rows.write_text("\n".join(json.dumps(row) for row in made))
    plot = tmp_path / "plot.svg"
    command = ["benchmark", "calibrate", str(rows), "--source", "made up", "--out", str(tmp_path), "--plot", str(plot)]
    assert cli.main(command) == 0
    written = json.loads((tmp_path / "sift.json").read_text())
    assert math.isfinite(written["bias"])
    assert written["made"]["source"] == "made up"
    assert plot.read_text().startswith("<svg")
    assert "expected calibration error" in capsys.readouterr().out
    assert cli.main([*command[:-2], "--plot", str(tmp_path / "plot.png")]) == 2
    assert "ends in .svg" in capsys.readouterr().err
