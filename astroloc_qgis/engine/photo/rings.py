"""Rings about the middle of a photo: a window of the station that is lit from within shows its own rim and panes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

COPY_PX = 128
"""Long side of the copy that is measured, pixels."""
EDGE_PX = 4
"""Width of the edge of a mask that is left out, pixels of the copy."""
SEARCHES = ((0.12, 0.04), (0.03, 0.01))
"""How far from the middle, and in which steps, the centre is sought, parts of the sides; the second about the first."""


def concentric_share(grey: NDArray[np.float32], mask: NDArray[np.bool_] | None = None) -> float:
    """The share of a picture's detail that circles about one centre near its middle explain.

    The detail is compressed, so that a few bright rims do not outweigh the rest.

    Args:
        grey: (h, w) levels.
        mask: (h, w) of the pixels that count; None for all.

    Returns:
        0 to 1: of land about 0.05, of a lit window 0.25 and more.
    """
    shrink = min(1.0, COPY_PX / max(grey.shape))
    width, height = (max(1, round(side * shrink)) for side in grey.shape[::-1])
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    detail = cv2.GaussianBlur(small, (0, 0), 0.7) - cv2.GaussianBlur(small, (0, 0), 3.0)
    inside = np.ones(detail.shape, bool)
    if mask is not None:
        drawn = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
        inside = cv2.erode(drawn, np.ones((2 * EDGE_PX + 1,) * 2, np.uint8)) > 0
    values = detail[inside]
    usual = float(np.median(np.abs(values))) if len(values) else 0.0
    if usual <= 0:
        return 0.0
    values = values / (np.abs(values) + usual)
    values -= values.mean()
    total = float((values**2).sum())
    y, x = np.nonzero(inside)
    best, centre = 0.0, (0.5, 0.5)
    for reach, step in SEARCHES:
        offsets = np.arange(-reach, reach + step / 2, step)
        about = centre
        for right in offsets:
            for down in offsets:
                at = (about[0] + right, about[1] + down)
                share = _explained(np.hypot(x - at[0] * width, y - at[1] * height), values, total)
                if share > best:
                    best, centre = share, at
    return best


def _explained(radius: NDArray[np.float64], values: NDArray[np.float32], total: float) -> float:
    """The share of the values' squares that their means by radius explain, less what those of noise would."""
    ring = radius.astype(np.int32)
    count = np.bincount(ring)
    sums = np.bincount(ring, values)
    return float((sums**2 / np.maximum(count, 1)).sum() / total - (count > 0).sum() / len(values))
