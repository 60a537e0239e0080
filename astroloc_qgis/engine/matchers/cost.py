"""Cost of a matcher: the time to match two pictures, measured on this machine."""

from __future__ import annotations

import time

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.matchers.base import Matcher

SIZE = (768, 512)
"""Width and height of the pictures measured with."""


def seconds_of_a_pair(matcher: Matcher, rounds: int = 2) -> float:
    """The shortest time that describing and matching two pictures took.

    Args:
        matcher: with its weights loaded.
        rounds: how often to measure; the first may be slower.
    """
    first = _land()
    second = np.roll(first, (11, 23), axis=(0, 1))
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        matcher.match(matcher.extract(first), matcher.extract(second))
        taken.append(time.perf_counter() - started)
    return min(taken)


def _land() -> NDArray[np.uint8]:
    """Noise with structure at all scales, as land has; the same at every call."""
    random = np.random.default_rng(3)
    width, height = SIZE
    land = np.zeros((height, width, 3))
    for octave in range(2, 9):
        grain = random.normal(size=(max(2, height >> octave), max(2, width >> octave), 3))
        land += 2.0 ** (0.5 * octave) * cv2.resize(grain, SIZE, interpolation=cv2.INTER_CUBIC)
    low, high = np.percentile(land, [1, 99])
    return (np.clip((land - low) / (high - low), 0, 1) * 255).astype(np.uint8)
