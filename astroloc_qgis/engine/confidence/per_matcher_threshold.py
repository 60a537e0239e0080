"""Per-matcher threshold: the confidence from which 99.9 % of a matcher's registrations are right (EarthMatch)."""

from __future__ import annotations

import json

import numpy as np

from astroloc_qgis.engine.confidence.model import FOLDER
from astroloc_qgis.engine.confidence.real_pairs import ACCEPTED

PRECISION = 0.999
"""The precision that EarthMatch requires of accepted registrations."""


def threshold_999(matcher: str) -> float | None:
    """The confidence from which 99.9 % of a matcher's registrations were right in its calibration.

    Args:
        matcher: name; ``ACCEPTED`` for "auto".

    Returns:
        None for a matcher that is not calibrated.
    """
    path = FOLDER / f"{matcher}.json"
    if matcher == "auto":
        return ACCEPTED
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))["made"].get("threshold_999")
    return None if found is None else float(found)


def threshold_of(
    score: np.ndarray, right: np.ndarray, precision: float = PRECISION, *, otherwise: float = 1.0
) -> float:
    """The least score from which a share ``precision`` of the registrations is right.

    Args:
        score: (N,) confidence, or number of inliers.
        right: (N,) whether each registration is right.
        precision: from 0 to 1.
        otherwise: the result where there is no such score.
    """
    order = np.argsort(-score, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_its_score = np.append(np.diff(score[order]) != 0, True)  # a threshold takes all that are as high
    good = np.flatnonzero((share >= precision) & last_of_its_score)
    return float(score[order[good[-1]]]) if len(good) else otherwise
