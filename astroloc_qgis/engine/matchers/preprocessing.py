"""Contrast equalisation, the same for photo and reference."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_SPAN = 8.0
"""Smallest range of levels that is stretched: a picture with less contrast is not blown up to noise."""


CLIP_LIMIT, GRID = 1.5, 8
"""OpenCV's clip limit of the contrast, and the number of tiles along each side."""


def equalise(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Each channel stretched, then contrast-limited adaptive histogram equalisation of the lightness.

    Haze and exposure differ most between a photo and a satellite mosaic; matchers find more tie points when both have
    the same local contrast. Haze adds several times more to blue than to red and takes as much of its contrast (Chavez,
    "An improved dark-object subtraction technique", 1988): hence the stretch of each channel. CLAHE is Zuiderveld's
    (1994).

    Args:
        image: (H, W, 3) RGB.
        mask: (H, W), True where it has pixels; see ``stretch``.
    """
    lab = cv2.cvtColor(stretch(image, mask), cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=CLIP_LIMIT, tileGridSize=(GRID, GRID)).apply(lab[..., 0])
    equalised: NDArray[np.uint8] = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return equalised


def stretch(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Each channel from its 1st to its 99th percentile spread over all levels; missing pixels become black.

    Args:
        image: (H, W, 3) RGB.
        mask: (H, W), True where it has pixels. Without one, black pixels (the frame of a scanned slide, space beside
            the Earth) count as missing.
    """
    shown = cv2.bitwise_not(cv2.inRange(image, (0, 0, 0), (0, 0, 0))) if mask is None else mask.astype(np.uint8)
    levels = np.arange(256, dtype=np.float64)
    table = np.empty((1, 256, 3), np.uint8)
    for channel in range(3):
        share = np.cumsum(cv2.calcHist([image], [channel], shown, [256], [0, 256])[:, 0], dtype=np.float64)
        low, high = np.searchsorted(share, np.array([0.01, 0.99]) * share[-1])
        table[0, :, channel] = np.clip((levels - low) / max(high - low, LEAST_SPAN) * 255, 0, 255)
    return np.asarray(np.where(shown[..., None], cv2.LUT(image, table), 0), dtype=np.uint8)
