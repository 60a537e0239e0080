"""The benchmark of coregistration: what it measures, and what it says of bad cases."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.cli import main as cli
from astroloc_qgis.engine.benchmark.cases import Case, read_cases
from astroloc_qgis.engine.benchmark.coregistration import corner_error_px, is_right, run
from astroloc_qgis.engine.benchmark.reports.coregistration import plot, summaries, table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from tests.engine.scene import Scene, make_scene
from tests.engine.synthetic import World


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def moved(footprint: np.ndarray, metres: float) -> np.ndarray:
    """A footprint with its second corner moved to the east."""
    plane = WorkingPlane.local(*footprint[1])
    result = footprint.copy()
    result[1] = plane.to_lonlat(np.array([[metres, 0.0]]))[0]
    return result


@pytest.mark.parametrize("columns", [256, 700])
@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326"])
def test_the_corner_error_is_in_the_references_own_pixels(
    anywhere: World, tmp_path: Path, columns: int, crs: str
) -> None:
    reference = Reference.open(anywhere.write(tmp_path / "map.tif", crs, pixels=columns))
    truth = anywhere.plane.to_lonlat(np.array([[-9e3, 9e3], [9e3, 9e3], [9e3, -9e3], [-9e3, -9e3]]))
    case = Case("a", "positive", Path(), Path(), None, None, truth, None, 0.0)  # type: ignore[arg-type]
    pixel_m = reference.native_gsd_m(float(truth[1, 0]), float(truth[1, 1]))
    assert corner_error_px(truth, case, reference) == 0
    assert corner_error_px(moved(truth, 10 * pixel_m), case, reference) == pytest.approx(10, rel=0.005)
    across = truth.copy()
    across[:, 0] += 360  # the same place
    assert corner_error_px(across, case, reference) == pytest.approx(0, abs=1e-6)
    reference.close()


def known(kind: str, scene: Scene, **more) -> Case:
    facts = {"footprint": scene.footprint, "outline": None} | more
    return Case("a", kind, Path(), Path(), scene.block, None, spread_px=0.0, **facts)


def test_a_positive_is_right_within_its_tolerance_only(scene: Scene) -> None:
    case = known("positive", scene)
    assert is_right(scene.footprint, case, 14.9, 15)
    assert not is_right(scene.footprint, case, 15.1, 15)
    assert not is_right(None, case, None, 15)


def test_a_negative_is_right_when_it_is_refused_only(scene: Scene) -> None:
    case = known("negative", scene, footprint=None)
    assert is_right(None, case, None, 15)
    assert not is_right(scene.footprint, case, None, 15)


def test_a_rough_outline_is_good_to_a_tenth_of_its_diagonal_in_any_order(scene: Scene) -> None:
    shuffled = scene.footprint[[2, 0, 3, 1]]
    case = known("hard", scene, footprint=None, outline=shuffled)
    diagonal_m = 1000 * 50 * 1.2  # 50 km by 33 km
    assert is_right(scene.footprint, case, None, 15)
    assert is_right(moved(scene.footprint, 0.07 * diagonal_m), case, None, 15)
    assert not is_right(moved(scene.footprint, 0.15 * diagonal_m), case, None, 15)


def test_every_case_is_run_with_every_matcher_once(scene: Scene, tmp_path: Path) -> None:
    told: list[float] = []
    cases = scene.cases(tmp_path)
    results = run(cases, ["sift", "xfeat-lighterglue", "sift"], device="cpu", progress=lambda _, f: told.append(f))
    order = [(entry["matcher"], entry["id"]) for entry in results]
    assert order == [(name, photo) for name in ("sift", "xfeat-lighterglue") for photo in ("right", "wrong")]
    assert [entry["right"] for entry in results] == [True] * 4
    assert all(entry["seconds"] > 0 for entry in results)
    assert told == sorted(told)
    assert told[-1] == 1
    located = [entry for entry in results if entry["status"] == "localized"]
    assert [entry["corner_error_px"] < 3 for entry in located] == [True, True]
    assert json.loads(json.dumps(results, allow_nan=False)) == results
    assert table(results).count("positives right") == 2
    assert {entry["peak_memory_mb"] > 50 for entry in results} == {True}


def test_across_every_photo_meets_the_references_of_the_others(scene: Scene, tmp_path: Path) -> None:
    results = run(scene.cases(tmp_path), ["sift"], cross=True, device="cpu")
    assert [(entry["id"], entry["reference"], entry["kind"]) for entry in results] == [
        ("right", "right", "positive"),
        ("wrong", "wrong", "negative"),
        ("right", "wrong", "false"),
        ("wrong", "right", "false"),
    ]
    told = summaries(results)[0]
    assert (told["located"], told["positives"], told["false_pairs"]) == (1, 1, 3)
    # Both cases have the same map: what is "false" here shows the photo, and so counts as a false accept.
    assert told["false_accepts"] == 1
    assert "of ALIKED's time" in table(results)
    drawn = plot(results)
    assert drawn.count("<circle") == 1
    assert ">sift</text>" in drawn


def test_a_wrong_footprint_in_the_truth_shows_as_wrong(scene: Scene, tmp_path: Path) -> None:
    elsewhere = (scene.footprint + np.array([0.1, 0])).tolist()
    results = run(scene.cases(tmp_path, footprint_lonlat=elsewhere), ["sift"], device="cpu")
    assert results[0]["right"] is False
    assert results[0]["corner_error_px"] > 15
    assert "sift: 0 of 1 positives right, 1 of all wrong" in table(results)


def test_a_table_without_any_localized_photo_has_no_corner_error(scene: Scene, tmp_path: Path) -> None:
    entry = {
        "id": "a", "kind": "negative", "matcher": "sift", "won_by": "sift", "status": "not_localized", "inliers": 0,
        "confidence": 0.0, "corner_error_px": None, "right": True, "seconds": 1.0, "peak_memory_mb": None,
    }  # fmt: skip
    assert table([entry]).splitlines()[-1] == "sift: 0 of 0 positives right, 0 of all wrong, median time 1.0 s."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[", "is not JSON"),
        ("{}", "is no list of cases"),
        ("[]", "is no list of cases"),
        ("[1]", "is no list of cases"),
    ],
)
def test_a_cases_file_that_is_none(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "cases.json").write_text(content)
    with pytest.raises(InputError) as refusal:
        read_cases(tmp_path)
    assert words in str(refusal.value)
    assert str(tmp_path / "cases.json") in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "odd"}, "is of kind 'odd': it must be one of positive, negative, hard"),
        ({"photo": "none.jpg"}, "which does not exist"),
        ({"photo": 7}, "cannot be understood"),
        ({"tile_block": {"zoom": 12}}, "cannot be understood"),
        ({"tile_block": [12, 1, 1]}, "cannot be understood"),
        ({"tile_block": {"zoom": 12, "row": 1, "column": 1, "colour": 3}}, "cannot be understood"),
        ({"tile_block": {"zoom": 99, "row": 1, "column": 1}}, "zoom must be from 0 to 30, not 99"),
        ({"footprint_lonlat": [[1, 2], [3, 4]]}, "footprint_lonlat that is not four corners"),
        ({"footprint_lonlat": "here"}, "footprint_lonlat that is not four corners"),
        ({"footprint_lonlat": None}, "lacks footprint_lonlat or published_outline_lonlat"),
        ({"nadir_lat": "north", "nadir_lon": 3}, "cannot be understood"),
    ],
    ids=str,
)
def test_a_case_that_makes_no_sense(
    scene: Scene, tmp_path: Path, capfd: pytest.CaptureFixture[str], changes: dict, words: str
) -> None:
    folder = scene.cases(tmp_path, **changes)
    capfd.readouterr()
    assert cli.main(["benchmark", "coregistration", str(folder), "--matcher", "sift"]) == 2
    stdout, stderr = capfd.readouterr()
    assert stdout == ""
    assert stderr.count("\n") == 1
    assert words in stderr


def test_a_case_that_lacks_something_is_named(scene: Scene, tmp_path: Path) -> None:
    path = scene.cases(tmp_path) / "cases.json"
    cases = json.loads(path.read_text())
    del cases[1]["reference"], cases[1]["kind"]
    path.write_text(json.dumps(cases))
    with pytest.raises(InputError) as refusal:
        read_cases(tmp_path)
    assert str(refusal.value) == (
        f"Case 2 (wrong) of {path} lacks kind, reference: each case needs id, kind, photo, reference, tile_block."
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--matcher", "sift,magic"], "There is no matcher 'magic'"),
        (["--matcher", "sift,"], "There is no matcher ''"),
        (["--device", "abacus"], "There is no device 'abacus'"),
        ([], "has no cases.json that can be read (No such file or directory): name a folder of cases."),
    ],
    ids=["unknown matcher", "no matcher", "unknown device", "no cases"],
)
def test_a_benchmark_that_cannot_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert cli.main(["benchmark", "coregistration", str(tmp_path), *words]) == 2
    stderr = capfd.readouterr().err
    assert sentence in stderr
    assert stderr.count("\n") == 1
