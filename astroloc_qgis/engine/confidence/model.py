"""From evidence to confidence: a logistic whose weights are fitted on true and false pairs, one file a matcher."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.projection import Array

FOLDER = Path(__file__).parent / "calibration"
"""Where the fitted weights are, ``<matcher>.json``; each file says how it was made."""

TERMS = ("log_inliers", "coverage", "ratio", "rmse", "shift")
"""The terms of the logistic, see ``Evidence.terms``."""

STILL = 0.02
"""A solution whose corners moved by more than this part of the diagonal in the last iteration is not believed."""


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on.

    Attributes:
        inliers: tie points that agree.
        ratio: their share of all matches of the last iteration.
        coverage: share of the photo's cells that hold at least one.
        rmse_frame_px: their reprojection error in pixels of the frame in which they were matched.
        shift: movement of the worst corner in the last iteration, as a part of the photo's diagonal.
    """

    inliers: int
    ratio: float
    coverage: float
    rmse_frame_px: float
    shift: float

    def terms(self) -> Array:
        """(5,) what the logistic weighs, in the order of ``TERMS``, each of the order of 1."""
        return np.array(
            [
                math.log(max(self.inliers, 1) / 20),
                self.coverage,
                self.ratio,
                min(self.rmse_frame_px, 5.0),
                min(max(self.shift - 0.01, 0.0), 0.05) * 20,
            ]
        )


@dataclass(frozen=True)
class Weights:
    """A logistic: confidence is 1 / (1 + exp(-(bias + weights . terms))).

    Attributes:
        bias: constant term.
        weights: one a term, in the order of ``TERMS``.
    """

    bias: float
    weights: tuple[float, ...]

    def confidence(self, evidence: Evidence) -> float:
        """From 0 to 1; a solution that does not stand still is at most half believed, whatever else speaks for it."""
        odds = self.bias + float(np.dot(self.weights, evidence.terms()))
        confidence = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
        return min(confidence, 0.5) if evidence.shift > STILL else confidence


JUDGED = Weights(-1.8 + 1.6 * math.log(20 / 15), (1.6, 6.0, 3.0, 0.0, -20.0))
"""Judged, not fitted: for a matcher that nobody has calibrated yet, and what SIFT's and XFeat's pairs confirmed."""


@lru_cache(maxsize=32)
def weights_for(matcher: str) -> Weights:
    """The fitted weights of a matcher, or the judged ones where there are none."""
    path = FOLDER / f"{matcher}.json"
    if not path.is_file():
        return JUDGED
    content = json.loads(path.read_text(encoding="utf-8"))
    return Weights(float(content["bias"]), tuple(float(content["weights"][term]) for term in TERMS))


FEWEST = 20
"""Of right and of wrong solutions, for weights of their own."""


def fit(evidence: list[Evidence], right: list[bool], *, decay: float = 0.001) -> Weights:
    """Fit the logistic by Newton's method (iteratively reweighted least squares), with a little weight decay.

    Weights keep the sign that the evidence must have: more inliers, more cover and a greater share never lower the
    confidence; a greater error or movement never raises it. A term that the data would give the other sign is left
    out.

    Args:
        evidence: of the pairs.
        right: whether each was right.
        decay: strength of the pull of the weights (not of the bias) towards 0, a pair.

    Raises:
        InputError: there are fewer than 20 pairs of either kind (then see ``rescaled``).
    """
    wanted = np.array([1, 1, 1, -1, -1])
    if min(sum(right), len(right) - sum(right)) < FEWEST:
        raise InputError(
            f"A calibration needs at least {FEWEST} right and 20 wrong registrations, not {sum(right)} and "
            f"{len(right) - sum(right)}: give it more pairs."
        )
    terms, target = np.stack([item.terms() for item in evidence]), np.array(right, dtype=np.float64)
    used = np.ones(len(TERMS), dtype=bool)
    while True:
        solution = _newton(terms[:, used], target, decay)
        weights = np.zeros(len(TERMS))
        weights[used] = solution[1:]
        against = used & (weights * wanted < 0)
        if not against.any():
            return Weights(float(solution[0]), tuple(float(weight) for weight in weights))
        worst = np.flatnonzero(against)[np.argmax(np.abs(weights[against]))]
        used[worst] = False


SLOPE_DEVIATION, OFFSET_DEVIATION = 0.5, 2.0
"""How far rescaling is believed to change the slope (relatively) and the offset of judged odds."""


def rescaled(judged: Weights, evidence: list[Evidence], right: list[bool]) -> Weights:
    """Keep what judged weights say of one solution beside another, and fit how sure they are: slope and offset.

    Platt, "Probabilistic Outputs for Support Vector Machines", 1999, with his smoothed targets, and with a weak belief
    that the judged odds are about right: two numbers can be told from a handful of wrong solutions, six cannot.

    Args:
        judged: weights to rescale.
        evidence: of the pairs.
        right: whether each was right.

    Raises:
        InputError: there is no right one, or no wrong one.
    """
    count = len(right), sum(right)
    if not 0 < count[1] < count[0]:
        raise InputError(
            f"A calibration needs right and wrong registrations, not {count[1]} and {count[0] - count[1]}: give it "
            "harder pairs."
        )
    odds = np.array([judged.bias + float(np.dot(judged.weights, item.terms())) for item in evidence])
    sure, unsure = (count[1] + 1) / (count[1] + 2), 1 / (count[0] - count[1] + 2)
    target = np.where(right, sure, unsure)
    design, penalty = np.column_stack([np.ones_like(odds), odds]), np.diag([OFFSET_DEVIATION**-2, SLOPE_DEVIATION**-2])
    change = np.zeros(2)
    for _ in range(100):
        probability = 1 / (1 + np.exp(-np.clip(odds + design @ change, -30, 30)))
        gradient = design.T @ (target - probability) - penalty @ change
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        change = change + step * min(1.0, 1.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    slope = max(1 + float(change[1]), 0.05)
    return Weights(slope * judged.bias + float(change[0]), tuple(slope * weight for weight in judged.weights))


def fit_or_rescale(evidence: list[Evidence], right: list[bool]) -> Weights:
    """Weights of their own where there are enough solutions of either kind, else the judged ones rescaled.

    Raises:
        InputError: as ``rescaled``.
    """
    enough = min(sum(right), len(right) - sum(right)) >= FEWEST
    return fit(evidence, right) if enough else rescaled(JUDGED, evidence, right)


def _newton(terms: Array, target: Array, decay: float) -> Array:
    design = np.column_stack([np.ones(len(terms)), terms])
    penalty = np.diag([1e-9] + [decay * len(terms)] * terms.shape[1])
    solution = np.zeros(design.shape[1])
    for _ in range(100):
        probability = 1 / (1 + np.exp(-np.clip(design @ solution, -30, 30)))
        gradient = design.T @ (target - probability) - penalty @ solution
        curvature = (
            (design * (probability * (1 - probability))[:, None]).T @ design + penalty + 1e-9 * np.eye(len(solution))
        )
        step = np.linalg.solve(curvature, gradient)
        solution = solution + step * min(1.0, 5.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(solution)


def calibration_error(confidence: Array, right: Array, bins: int = 10) -> float:
    """Expected calibration error: mean gap between stated and observed frequency over equal bins, by their counts."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == number].mean() - right[place == number].mean()) * (place == number).sum()
        for number in range(bins)
        if (place == number).any()
    ]
    return float(sum(gaps) / max(1, len(confidence)))


def write_weights(weights: Weights, matcher: str, how: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write the file of a matcher's weights, with how they were made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{matcher}.json"
    content = {
        "matcher": matcher,
        "bias": round(weights.bias, 5),
        "weights": {term: round(weight, 5) for term, weight in zip(TERMS, weights.weights, strict=True)},
        "made": how,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def evidence_from(row: dict[str, Any]) -> Evidence:
    """Evidence from a row of JSON; null stands for what was not finite."""
    known: dict[str, Any] = {
        name: math.inf if row[name] is None else row[name] for name in Evidence.__dataclass_fields__
    }
    return Evidence(**known)


def evidence_row(evidence: Evidence) -> dict[str, Any]:
    """Evidence as plain JSON; what is not finite becomes null."""
    return {key: round(value, 5) if math.isfinite(value) else None for key, value in asdict(evidence).items()}
