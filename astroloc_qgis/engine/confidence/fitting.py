"""Fitting of the confidence model to registrations of which it is known whether they are right."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.confidence.evidence import TERMS, Evidence
from astroloc_qgis.engine.confidence.model import JUDGED, Weights
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.projection import Array

MIN_OF_EACH = 20
"""Fewest right and fewest wrong registrations from which weights are fitted."""


def fit(evidence: list[Evidence], right: list[bool], *, decay: float = 0.001) -> Weights:
    """Fit the logistic by Newton's method (iteratively reweighted least squares), with a little weight decay.

    Each weight has a fixed sign: more inliers, more coverage and a greater ratio never lower the confidence, a greater
    error or shift never raises it. A term to which the data give the other sign is left out.

    Args:
        evidence: of each registration.
        right: whether each registration is right.
        decay: weight decay for each registration; the bias has none.

    Raises:
        InputError: there are fewer than 20 right or fewer than 20 wrong registrations (then see ``rescaled``).
    """
    signs = np.array([1, 1, 1, -1, -1])
    if min(sum(right), len(right) - sum(right)) < MIN_OF_EACH:
        raise InputError(
            f"A calibration needs at least {MIN_OF_EACH} right and 20 wrong registrations, not {sum(right)} and "
            f"{len(right) - sum(right)}: give it more pairs."
        )
    terms, target = np.stack([item.terms() for item in evidence]), np.array(right, dtype=np.float64)
    used = np.ones(len(TERMS), dtype=bool)
    while True:
        solution = _newton(terms[:, used], target, decay)
        weights = np.zeros(len(TERMS))
        weights[used] = solution[1:]
        against = used & (weights * signs < 0)
        if not against.any():
            return Weights(float(solution[0]), tuple(float(weight) for weight in weights))
        worst = np.flatnonzero(against)[np.argmax(np.abs(weights[against]))]
        used[worst] = False


SLOPE_DEVIATION, OFFSET_DEVIATION = 0.5, 2.0
"""Standard deviations of the prior on the slope (relative) and the offset by which rescaling changes the log odds."""


def rescaled(judged: Weights, evidence: list[Evidence], right: list[bool]) -> Weights:
    """Keep the ratios of given weights, and fit a slope and an offset of their log odds.

    Platt, "Probabilistic Outputs for Support Vector Machines", 1999, with his smoothed targets and a weak prior that
    the given log odds are about right. Two numbers can be fitted to a handful of wrong registrations, six cannot.

    Args:
        judged: weights to rescale.
        evidence: of each registration.
        right: whether each registration is right.

    Raises:
        InputError: there is no right or no wrong registration.
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
    """Fitted weights where there are enough right and wrong registrations, else ``JUDGED`` rescaled.

    Raises:
        InputError: as ``rescaled``.
    """
    enough = min(sum(right), len(right) - sum(right)) >= MIN_OF_EACH
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
