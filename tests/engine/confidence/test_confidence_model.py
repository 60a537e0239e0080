"""Confidence: the fit finds the law it was given, keeps the signs that evidence must have, and refuses too little."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.confidence.evidence import Evidence, evidence_from, evidence_row
from astroloc_qgis.engine.confidence.fitting import fit, fit_or_rescale, rescaled
from astroloc_qgis.engine.confidence.model import JUDGED, Weights, weights_for, write_weights
from astroloc_qgis.engine.confidence.reliability import calibration_error
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


def test_a_handful_of_wrong_ones_changes_how_sure_the_judged_weights_are_and_not_what_they_prefer() -> None:
    too_sure = Weights(2 * JUDGED.bias + 3.0, tuple(2 * weight for weight in JUDGED.weights))
    evidence, right = drawn(JUDGED, 3000, seed=5)
    fitted = rescaled(too_sure, evidence, right)
    others, truth = drawn(JUDGED, 3000, seed=6)
    errors = [
        calibration_error(np.array([weights.confidence(item) for item in others]), np.array(truth, dtype=float))
        for weights in (too_sure, fitted)
    ]
    assert errors[1] < 0.03 < errors[0]
    ratio = np.array(fitted.weights[:3]) / np.array(JUDGED.weights[:3])
    assert ratio == pytest.approx([ratio[0]] * 3)
    few = rescaled(JUDGED, evidence[:50], [True] * 48 + [False] * 2)
    assert 0.2 < few.weights[0] / JUDGED.weights[0] < 3  # two solutions do not overthrow a belief


def test_without_any_wrong_one_nothing_is_fitted() -> None:
    evidence, _ = drawn(JUDGED, 50, seed=4)
    with pytest.raises(InputError, match="not 50 and 0"):
        fit_or_rescale(evidence, [True] * 50)
    assert fit_or_rescale(evidence, [True] * 45 + [False] * 5) == rescaled(JUDGED, evidence, [True] * 45 + [False] * 5)


def test_the_error_of_a_confidence_that_is_always_sure_and_half_right_is_a_half() -> None:
    assert calibration_error(np.ones(10), np.array([1.0, 0.0] * 5)) == pytest.approx(0.5)


def test_weights_are_written_with_how_they_were_made_and_a_matcher_without_any_is_judged(tmp_path: Path) -> None:
    path = write_weights(JUDGED, "some", {"pairs": 3}, tmp_path)
    assert '"pairs": 3' in path.read_text(encoding="utf-8")
    assert weights_for("nobody-has-calibrated-this") == JUDGED


def test_evidence_comes_back_from_its_row_what_is_not_finite_too() -> None:
    evidence = Evidence(12, 0.5, 0.25, 1.5, math.inf)
    assert evidence_from(evidence_row(evidence)) == evidence
