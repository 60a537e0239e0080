"""Orientation field: the direction of the strongest gradient at each pixel of a picture, as complex numbers.

A field and a field of another picture correlate where edges run the same way, whichever side is the brighter one: snow
and bare ground, near infrared and visible light, sea and cloud differ in brightness, and their outlines do not.
Correlation of orientations is Fitch et al., "Orientation correlation" (BMVC 2002); the direction is doubled here (and
doubled again), so that light beside dark is the same as dark beside light.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.complex64]
"""(2, H, W): magnitude from 0 to 1, and as the argument twice and four times the direction of the gradient."""

SMOOTH_PX, LOCAL_PX = 0.8, 6.0
"""Standard deviations of the Gaussians, pixels: of the picture before its gradient, and of the surroundings to whose
mean gradient the magnitude is relative."""

FAINT = 0.01
"""Gradient, of a picture with levels from 0 to 1, that counts as half a faint one."""

SECOND = 0.7
"""Weight of the fourfold direction, which is sharper than the doubled one."""

BORDER_PX = 2
"""Width of the border along what the mask leaves out; gradients there are the mask's own."""


def orientation_field(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> Field:
    """The orientation field of a picture.

    Args:
        image: (H, W, 3) RGB.
        mask: (H, W), True where the picture shows something; the field is 0 elsewhere.
    """
    levels = cv2.GaussianBlur(image.astype(np.float32) / 255, (0, 0), SMOOTH_PX)
    east, south = cv2.Scharr(levels, cv2.CV_32F, 1, 0) / 16, cv2.Scharr(levels, cv2.CV_32F, 0, 1) / 16
    doubled = ((east + 1j * south) ** 2).sum(axis=2)  # of the colours together, as in a structure tensor
    if mask is not None:
        kernel = np.ones((2 * BORDER_PX + 1,) * 2, np.uint8)
        doubled = doubled * (cv2.erode(mask.astype(np.uint8), kernel, borderValue=0) > 0)
    squared = np.abs(doubled)
    direction = doubled / np.maximum(squared, 1e-12)
    around = np.sqrt(cv2.GaussianBlur(squared, (0, 0), LOCAL_PX)) + FAINT
    relative = np.sqrt(squared) / around
    magnitude = relative / (relative + 1)
    return np.stack([magnitude * direction, SECOND * magnitude * direction**2]).astype(np.complex64)
