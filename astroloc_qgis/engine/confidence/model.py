"""The model of confidence: a logistic over the evidence, with weights for each matcher."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.confidence.evidence import TERMS, Evidence

FOLDER = Path(__file__).parent / "calibration"
"""The calibration files, ``<matcher>.json``; each holds the fitted weights and says how they were made."""

MAX_SHIFT = 0.02
"""Largest movement of a corner in the last iteration, as a part of the diagonal, of a solution that is accepted."""


@dataclass(frozen=True)
class Weights:
    """A logistic: confidence is 1 / (1 + exp(-(bias + weights . terms))).

    Attributes:
        bias: constant term.
        weights: one for each term, in the order of ``TERMS``.
    """

    bias: float
    weights: tuple[float, ...]

    def confidence(self, evidence: Evidence) -> float:
        """Confidence from 0 to 1; at most 0.5 for a solution that still moves more than ``MAX_SHIFT``."""
        odds = self.bias + float(np.dot(self.weights, evidence.terms()))
        confidence = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
        return min(confidence, 0.5) if evidence.shift > MAX_SHIFT else confidence


JUDGED = Weights(-1.8 + 1.6 * math.log(20 / 15), (1.6, 6.0, 3.0, 0.0, -20.0))
"""Set by hand, not fitted: the weights of a matcher that has no calibration file."""


@lru_cache(maxsize=32)
def weights_for(matcher: str) -> Weights:
    """The fitted weights of a matcher, or ``JUDGED`` where it has no calibration file."""
    return read_weights(matcher)[0]


def read_weights(matcher: str, folder: Path = FOLDER) -> tuple[Weights, dict[str, Any]]:
    """The weights in a matcher's calibration file and how they were made; ``JUDGED`` and nothing without a file."""
    path = folder / f"{matcher}.json"
    if not path.is_file():
        return JUDGED, {}
    content = json.loads(path.read_text(encoding="utf-8"))
    weights = Weights(float(content["bias"]), tuple(float(content["weights"][term]) for term in TERMS))
    return weights, content["made"]


def confidence_of(evidence: Evidence, matcher: str) -> float:
    """Confidence from 0 to 1, with the matcher's own weights."""
    return weights_for(matcher).confidence(evidence)


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
