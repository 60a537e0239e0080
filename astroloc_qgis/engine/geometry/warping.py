"""Warping an image by a homography; the only module of this package that needs OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.homography import translation
from astroloc_qgis.engine.geometry.projection import Array


def warp_image(
    image: NDArray[np.generic],
    homography: Array,
    size: tuple[int, int],
    *,
    interpolation: int = cv2.INTER_LINEAR,
    border: int | tuple[int, ...] = 0,
) -> NDArray[np.generic]:
    """Warp an image by a homography of the corner convention.

    Args:
        image: (H, W) or (H, W, C).
        homography: (3, 3), source pixels -> target pixels.
        size: width and height of the target.
        interpolation: OpenCV's flag.
        border: value outside the source.

    Returns:
        The (height, width[, C]) target.
    """
    centres = translation(-0.5, -0.5) @ homography @ translation(0.5, 0.5)
    value = border if isinstance(border, tuple) else (border,) * 4
    warped: NDArray[np.generic] = cv2.warpPerspective(
        image, centres, size, flags=interpolation, borderMode=cv2.BORDER_CONSTANT, borderValue=value
    )
    return warped
