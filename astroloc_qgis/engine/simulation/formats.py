"""Formats of photos: the ratio of their sides, and the size at which a place is rendered."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FORMATS: tuple[tuple[float, float], ...] = ((3 / 2, 0.78), (4 / 3, 0.09), (1.0, 0.08), (9 / 4, 0.05))
"""Ratio of the long side to the short one, and the share of photos: cameras, sensors, cut squares, panoramas."""


def draw_format(rng: np.random.Generator) -> float:
    """Draw the ratio of the long side to the short one."""
    ratios, shares = zip(*FORMATS, strict=True)
    return float(rng.choice(ratios, p=shares))


def photo_size(width: float, height: float, long_px: int) -> tuple[int, int]:
    """The size of the format that is nearest to a shape.

    Args:
        width: of the shape, in any unit.
        height: of the shape, in the same unit.
        long_px: long side of the photo, px.

    Returns:
        Width and height, px.
    """
    ratio = max(width, height) / max(1e-9, min(width, height))
    nearest = min((abs(math.log(ratio / known)), known) for known, _ in FORMATS)[1]
    short_px = round(long_px / nearest)
    return (short_px, long_px) if height > width else (long_px, short_px)


def size_of_place(place: NDArray[np.float64], long_px: int) -> tuple[int, int]:
    """The size, width and height in px, at which a place of (4, 2) EPSG:3857 corners is rendered without squeezing."""
    wide = np.linalg.norm(place[1] - place[0]) + np.linalg.norm(place[2] - place[3])
    high = np.linalg.norm(place[3] - place[0]) + np.linalg.norm(place[2] - place[1])
    return photo_size(float(wide), float(high), long_px)
