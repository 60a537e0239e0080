"""Real photos and real imagery, which are no part of the project: ``pytest -m real``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from astroloc_qgis.engine.benchmark.cases import read_cases
from astroloc_qgis.engine.benchmark.coregistration import run

pytestmark = pytest.mark.real

POSITIVES = ["ISS056-E-181034", "ISS050-E-70536", "ISS062-E-81917", "ISS064-E-358", "ISS064-E-48617"]
NEGATIVE = "ISS064-E-46242"
HARD = "ISS064-E-513"


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    path = shared / "real-cases"
    if not path.is_dir():
        pytest.skip(f"The real cases are not here: they are looked for in {path}.")
    return path


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, dict[str, Any]]:
    """Every case registered once, as ``benchmark coregistration`` does."""
    return {entry["id"]: entry for entry in run(folder, ["auto"], device="cpu")}


def test_there_are_seven_real_cases(folder: Path) -> None:
    kinds = {case.name: case.kind for case in read_cases(folder)}
    assert kinds == {**dict.fromkeys(POSITIVES, "positive"), NEGATIVE: "negative", HARD: "hard"}


@pytest.mark.parametrize("name", POSITIVES)
def test_a_real_photo_is_registered_within_its_tolerance(results: dict[str, dict[str, Any]], name: str) -> None:
    result = results[name]
    assert result["status"] == "localized", result["reason"]
    assert result["corner_error_px"] <= result["tolerance_px"]
    assert result["right"]


def test_the_photo_of_another_place_is_refused(results: dict[str, dict[str, Any]]) -> None:
    assert results[NEGATIVE]["status"] == "not_localized"


def test_the_hard_photo_is_right_or_refused_but_never_wrong(results: dict[str, dict[str, Any]]) -> None:
    assert results[HARD]["right"] or results[HARD]["status"] == "not_localized"
