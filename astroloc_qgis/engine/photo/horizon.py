"""The sky of a photo that shows the horizon: black, even, at the edge, and bounded by the arc of the limb."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

COPY_PX = 128
"""Long side of the copy that is measured, pixels."""
SKY_LEVEL = 30
"""Most level of the brightest channel of the sky."""
MOST_DEVIATION = 8.0
"""Most standard deviation of the sky, levels."""
LEAST_SHARE = 0.05
"""Least share of the photo that is taken for sky."""
LEAST_ARC_PX = 40
"""Least length of the limb, pixels of the copy."""
MOST_RESIDUAL_PX = 1.2
"""Most distance of the limb from its arc, pixels of the copy, in four fifths of its length."""


def sky_above_limb(brightest: NDArray[np.float32]) -> float:
    """The share of a photo that is sky above the limb of the Earth; 0 where no limb is seen.

    Dark sea is bounded by a coast or by clouds, the sky by a smooth arc.

    Args:
        brightest: (h, w) level of the brightest channel.
    """
    shrink = min(1.0, COPY_PX / max(brightest.shape))
    width, height = (max(1, round(side * shrink)) for side in brightest.shape[::-1])
    small = cv2.resize(brightest, (width, height), interpolation=cv2.INTER_AREA)
    dark = cv2.morphologyEx((small <= SKY_LEVEL).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4)
    if count < 2:
        return 0.0
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    sky = labels == largest
    if sky.mean() < LEAST_SHARE or small[sky].std() > MOST_DEVIATION:
        return 0.0
    outline = max(cv2.findContours(sky.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)[:, 0]
    within = ((outline > 1) & (outline < [width - 2, height - 2])).all(axis=1)
    limb = outline[within].astype(np.float64)
    reaches_edge = not within.all()
    return float(sky.mean()) if reaches_edge and len(limb) >= LEAST_ARC_PX and _is_arc(limb) else 0.0


def _is_arc(points: NDArray[np.float64]) -> bool:
    """Whether four fifths of (N, 2) points lie on a parabola over their longer direction, which a flat arc is."""
    centred = points - points.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    along, across = (centred @ axes.T).T
    kept = np.ones(len(points), bool)
    for _ in range(4):
        curve = np.polyfit(along[kept], across[kept], 2)
        residual = np.abs(np.polyval(curve, along) - across)
        kept = residual <= np.percentile(residual, 80)
    return bool(np.percentile(residual, 80) <= MOST_RESIDUAL_PX)
