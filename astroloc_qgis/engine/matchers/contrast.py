"""Contrast equalisation, the same for photo and reference."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def equalise(image: NDArray[np.uint8], clip_limit: float = 1.5, grid: int = 8) -> NDArray[np.uint8]:
    """Contrast-limited adaptive histogram equalisation of the lightness (CLAHE; Zuiderveld 1994).

    Haze and exposure differ between a photo and a satellite mosaic more than anything else does; matchers find far
    more tie points when both are brought to the same local contrast.

    Args:
        image: (H, W, 3) RGB.
        clip_limit: OpenCV's limit on the contrast gained.
        grid: number of regions along each side.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=clip_limit, tileGridSize=(grid, grid)).apply(lab[..., 0])
    equalised: NDArray[np.uint8] = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return equalised
