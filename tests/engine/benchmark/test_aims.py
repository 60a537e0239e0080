"""The benchmark of EarthMatch's photos: its layout is read, right candidates are told from wrong ones, and rates."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.cli import main as cli
from astroloc_qgis.engine.benchmark.aims import distinct, is_right, read_aims, reference_of
from astroloc_qgis.engine.benchmark.reports.aims import summaries, table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.tiles import Block
from tests.engine.scene import Scene, make_scene
from tests.engine.synthetic import write_image

NUMBER = "ISS012-E-3456"


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def picture_about(block: Block, reference: Reference) -> np.ndarray:
    """What the imagery shows of a block and of one block's width about it."""
    around = Block(block.zoom, block.row - block.size, block.column - block.size, 3 * block.size)
    return reference.read(block_window(around, 768)).pixels


def write_case(folder: Path, scene: Scene) -> Path:
    """A photo of AIMS with the block that shows it, the same again, and one far off."""
    case = folder / NUMBER
    case.mkdir()
    pixels = read_photo(scene.photo).rgb8()
    write_image(case / f"@10@20@@@29@400@25@{NUMBER}@.jpg", pixels)
    far = Block(scene.block.zoom, scene.block.row, scene.block.column + 40)
    reference = Reference.open(scene.imagery)
    right = picture_about(scene.block, reference)
    wrong = np.random.default_rng(1).integers(0, 255, right.shape, dtype=np.uint8)
    for rank, (block, picture) in enumerate([(far, wrong), (scene.block, right), (scene.block, right)]):
        corners = "@".join(["0"] * 8)
        name = f"pred_{rank}__big_img__rot90__@{corners}@{block.zoom}_{block.row}_{block.column}@2021@0@0@9@0@.jpg"
        write_image(case / name, picture)
    corners = [f"{value:.6f}" for lon, lat in scene.footprint[[0, 2, 1, 3]] for value in (lat, lon)]
    header = ",".join(f"{name}{k}" for k in range(1, 5) for name in ("lat", "lon"))
    (folder / "outlines.csv").write_text(f"id,{header}\n{NUMBER},{','.join(corners)}\n")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, scene: Scene) -> Path:
    return write_case(tmp_path_factory.mktemp("aims"), scene)


def test_names_tell_camera_candidates_and_which_of_them_are_right(folder: Path, scene: Scene) -> None:
    (photo,) = read_aims(folder)
    assert (photo.number, photo.nadir, photo.tilt_deg, photo.focal_mm, photo.cloud_percent) == (
        NUMBER,
        None,
        29,
        400,
        25,
    )
    assert [candidate.right for candidate in photo.candidates] == [False, True, True]
    assert [candidate.rank for candidate in distinct(photo.candidates)] == [1, 2]
    assert photo.candidates[1].block == scene.block


def test_a_candidates_picture_lies_where_its_block_says(folder: Path, scene: Scene) -> None:
    candidate = read_aims(folder)[0].candidates[1]
    with reference_of(candidate) as opened:
        shown = opened.read(block_window(scene.block, 256)).pixels.astype(float)
    true = Reference.open(scene.imagery).read(block_window(scene.block, 256)).pixels.astype(float)
    assert np.abs(shown - true).mean() < 6  # but for the compression of the file


def test_the_right_candidate_locates_the_photo_and_no_other_does(folder: Path, tmp_path: Path, capsys) -> None:
    work, report = tmp_path / "rows.jsonl", tmp_path / "report.json"
    arguments = ["benchmark", "aims", str(folder), "--matcher", "sift", "--work", str(work), "--json", str(report)]
    assert cli.main([*arguments, "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "| sift | 1 of 1 | 0 of 1 | 0 | 1 of 1 |" in said
    rows = json.loads(report.read_text())
    assert [(row["rank"], row["candidate_right"], row["localized"], row["right"]) for row in rows] == [
        (1, False, False, None),
        (2, True, True, True),
    ]
    before = work.read_text()
    assert cli.main(arguments) == 0
    assert work.read_text() == before  # what is done is not done again


def row(photo: str, *, candidate_right: bool, right: bool | None, inliers: int) -> dict:
    return {
        "photo": photo, "matcher": "toy", "candidate_right": candidate_right, "right": right, "inliers": inliers,
        "confidence": 0.5, "seconds": 2.0, "reason": "so", "tilt_deg": 5.0, "focal_mm": None, "cloud_percent": 0.0,
    }  # fmt: skip


def test_rates_and_the_threshold_of_inliers() -> None:
    rows = [
        row("a", candidate_right=True, right=True, inliers=80),
        row("a", candidate_right=False, right=None, inliers=11),
        row("b", candidate_right=True, right=False, inliers=30),  # a wrong footprint from a right candidate
        row("b", candidate_right=False, right=False, inliers=40),  # a wrong candidate that is accepted
        row("c", candidate_right=True, right=None, inliers=12),
    ]
    (entry,) = summaries(rows)
    assert (entry["locatable"], entry["located"]) == (3, 1)
    assert (entry["wrong_pairs"], entry["wrong_accepts"], entry["wrong_footprints"]) == (2, 1, 1)
    assert (entry["threshold"], entry["at_threshold"]) == (80, 1)
    assert summaries(rows[3:4])[0]["threshold"] == math.inf
    said = table(rows)
    assert "toy misses c" in said
    assert "| tilt 0 to 15° | 1 of 3 |" in said


def slow_summary(rows: list[dict]) -> tuple[int, int, int, float, int]:
    """EarthMatch's procedure, a pair at a time: located, with a right candidate, wrong accepts, threshold, at it."""
    photos = sorted({row["photo"] for row in rows})
    locatable = [p for p in photos if any(row["candidate_right"] for row in rows if row["photo"] == p)]
    located = [p for p in photos if any(row["candidate_right"] and row["right"] for row in rows if row["photo"] == p)]
    wrong = sum(1 for row in rows if not row["candidate_right"] and row["right"] is False)
    true = [row["inliers"] for row in rows if row["candidate_right"] and row["right"] is not False]
    false = [row["inliers"] for row in rows if not (row["candidate_right"] and row["right"] is not False)]
    threshold = math.inf
    for candidate in sorted(true + false, reverse=True):
        kept = sum(count >= candidate for count in true)
        if kept / (kept + sum(count >= candidate for count in false)) >= 0.999:
            threshold = candidate
    over = [row for row in rows if row["candidate_right"] and row["inliers"] >= threshold]
    return len(located), len(locatable), wrong, threshold, len({row["photo"] for row in over})


@pytest.mark.parametrize("seed", range(20))
def test_numbers_are_those_of_a_slow_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        row(
            f"photo {rng.integers(6)}", candidate_right=shows, right=[True, False, None][int(rng.integers(3))],
            inliers=int(rng.integers(4, 40) + 60 * shows * rng.random()),
        )
        for shows in rng.random(40) < 0.5
    ]  # fmt: skip
    (entry,) = summaries(rows)
    names = ("located", "locatable", "wrong_accepts", "threshold", "at_threshold")
    assert tuple(entry[name] for name in names) == slow_summary(rows)


def test_a_footprint_far_from_the_outline_is_wrong() -> None:
    outline = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert is_right(outline + 0.1, outline)
    assert not is_right(outline + 1.0, outline)


def test_a_folder_in_another_layout_is_refused_in_a_sentence(folder: Path, tmp_path: Path, scene: Scene) -> None:
    with pytest.raises(InputError, match=r"outlines\.csv"):
        read_aims(tmp_path)
    write_case(tmp_path, scene)
    (tmp_path / NUMBER / "@wrong@.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="has 2 photos"):
        read_aims(tmp_path)
    next((tmp_path / NUMBER).glob("@10*")).unlink()
    with pytest.raises(InputError, match="layout"):
        read_aims(tmp_path)
