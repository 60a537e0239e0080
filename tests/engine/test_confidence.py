"""Confidence: the fit finds the law it was given, keeps the signs that evidence must have, and refuses too little."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.confidence import (
    JUDGED,
    Evidence,
    Weights,
    calibration_error,
    evidence_from,
    evidence_row,
    fit,
    weights_for,
    write_weights,
)
from astroloc_qgis.engine.errors import InputError


def drawn(law: Weights, count: int, seed: int) -> tuple[list[Evidence], list[bool]]:
    """Evidence at random, each right as often as a law says."""
    random = np.random.default_rng(seed)
    evidence = [
        Evidence(int(math.exp(random.uniform(2, 5))), *random.uniform(0, 1, 2), random.uniform(0.5, 2.5), 0.004)
        for _ in range(count)
    ]
    return evidence, [bool(random.random() < law.confidence(item)) for item in evidence]


def test_a_fit_says_as_often_as_it_is_on_evidence_that_it_has_not_seen() -> None:
    law = Weights(-2.0, (1.5, 0.0, 4.0, -0.5, 0.0))
    fitted = fit(*drawn(law, 4000, seed=1), decay=0.0)
    evidence, right = drawn(law, 4000, seed=2)
    stated = np.array([fitted.confidence(item) for item in evidence])
    assert calibration_error(stated, np.array(right, dtype=float)) < 0.05


def test_a_fit_never_holds_inliers_against_a_result() -> None:
    perverse = Weights(1.0, (-1.5, 2.0, 0.0, 0.0, 0.0))
    fitted = fit(*drawn(perverse, 2000, seed=3))
    assert all(weight >= 0 for weight in fitted.weights[:3])
    assert all(weight <= 0 for weight in fitted.weights[3:])


def test_too_few_wrong_ones_are_refused_with_their_number() -> None:
    evidence, _ = drawn(JUDGED, 50, seed=4)
    with pytest.raises(InputError, match="not 45 and 5"):
        fit(evidence, [True] * 45 + [False] * 5)


def test_the_error_of_a_confidence_that_is_always_sure_and_half_right_is_a_half() -> None:
    assert calibration_error(np.ones(10), np.array([1.0, 0.0] * 5)) == pytest.approx(0.5)


def test_weights_are_written_with_how_they_were_made_and_a_matcher_without_any_is_judged(tmp_path: Path) -> None:
    path = write_weights(JUDGED, "some", {"pairs": 3}, tmp_path)
    assert '"pairs": 3' in path.read_text(encoding="utf-8")
    assert weights_for("nobody-has-calibrated-this") == JUDGED


def test_evidence_comes_back_from_its_row_what_is_not_finite_too() -> None:
    evidence = Evidence(12, 0.5, 0.25, 1.5, math.inf)
    assert evidence_from(evidence_row(evidence)) == evidence
