"""The highest scores, without sorting all the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def highest(scores: np.ndarray, top: int) -> NDArray[np.int64]:
    """Places of the ``top`` (at least 1) highest of (N,) scores, falling; equal scores keep their order."""
    if top >= len(scores):
        return np.argsort(-scores, kind="stable")
    lowest = np.partition(scores, -top)[-top]
    places = np.flatnonzero(scores >= lowest)
    return places[np.argsort(-scores[places], kind="stable")[:top]]
