"""The light: a low sun that lets the relief stand out, and dim scenes by twilight or the moon."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def low_sun(image: Field, rng: np.random.Generator) -> Field:
    """Light from near the horizon on (H, W, 3), about 0 to 1: warm, fading to one side, with shaded slopes.

    The mosaic's own shading, smoothed, stands for the height of the ground: slopes that face away from the sun grow
    dark, and their shadows reach over what lies beside them.
    """
    height, width = image.shape[:2]
    pixel = max(height, width) / 288
    direction = rng.uniform(0, 2 * math.pi)
    towards = np.array([math.cos(direction), math.sin(direction)], dtype=np.float32)
    smooth = cv2.GaussianBlur(image @ _LUMA, (0, 0), rng.uniform(0.7, 2.0) * pixel)
    down, right = np.gradient(smooth)
    slope = right * towards[0] + down * towards[1]
    slope = np.clip(slope / (slope.std() + 1e-4), -3, 3)
    reach = rng.uniform(0, 7) * pixel
    kernel = np.zeros((17, 17), dtype=np.float32)
    for step in np.linspace(0, min(reach, 7.9), 16):
        kernel[round(8 + step * float(towards[1])), round(8 + step * float(towards[0]))] += 1
    shadow = cv2.filter2D(np.clip(-slope - 0.5, 0, 1), -1, kernel / kernel.sum())
    strength = rng.uniform(0.1, 0.4)
    shade = np.clip(1 + strength * slope - rng.uniform(0.1, 0.6) * shadow, 0.1, 2.0)
    y, x = np.meshgrid(*(np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in (height, width)), indexing="ij")
    fade = np.clip(1 - rng.uniform(0, 1.3) * (x * towards[0] + y * towards[1] + 0.2), 0.08, 1.6)
    warm = np.array([rng.uniform(1.0, 1.25), rng.uniform(0.9, 1.0), rng.uniform(0.65, 0.95)], dtype=np.float32)
    return np.asarray(image * (shade * fade)[..., None] * warm, dtype=np.float32)


def dim(image: Field, rng: np.random.Generator) -> Field:
    """Twilight or moonlight on (H, W, 3), about 0 to 1: dark, nearly grey, bluish, with the noise of a high gain."""
    luma = (image @ _LUMA)[..., None]
    image = luma + (image - luma) * np.float32(rng.uniform(0.0, 0.6))
    tint = np.array([rng.uniform(0.7, 1.0), rng.uniform(0.85, 1.0), rng.uniform(1.0, 1.3)], dtype=np.float32)
    noise = rng.normal(0, rng.uniform(0.003, 0.02), image.shape).astype(np.float32)
    high = float(np.percentile(image[::4, ::4], 97)) + 0.02
    return np.asarray(np.clip(image * tint * np.float32(rng.uniform(0.12, 0.4) / high) + noise, 0, 1), dtype=np.float32)
