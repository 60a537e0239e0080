"""Winter: snow on bare and bright ground, less under forests, and frozen lakes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.clouds import fractal
from astroloc_qgis.engine.simulation.near_infrared import vegetation

Field = NDArray[np.float32]
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_LARGEST_LAKE = 0.08
"""Largest share of a photo that a frozen lake covers."""


def snow_cover(image: Field, sea: Field, rng: np.random.Generator) -> Field:
    """Opacity of snow, 0 to 1: on parts of the land, more where it is bright, hardly on forests; on some lakes.

    Args:
        image: (H, W, 3) colours of the mosaic, about 0 to 1.
        sea: (H, W) 1 on water, 0 on land.
        rng: generator of everything random.

    Returns:
        (H, W).
    """
    smooth = cv2.GaussianBlur(image @ _LUMA, (0, 0), rng.uniform(1, 6))
    high = 0.5 + 0.5 * np.tanh((smooth - smooth.mean()) / (smooth.std() + 1e-3))
    share = np.float32(rng.uniform(0.3, 1.0))
    level = share * fractal((image.shape[0], image.shape[1]), rng, cells=rng.uniform(1, 5)) + (1 - share) * high
    cover = np.clip((level - rng.uniform(0.1, 0.75)) / rng.uniform(0.05, 0.3), 0, 1) * rng.uniform(0.75, 1.0)
    cover = cover * (1 - rng.uniform(0.5, 0.9) * vegetation(image)) * (1 - sea)
    if rng.random() < 0.5:
        cover = np.maximum(cover, lakes(sea) * rng.uniform(0.5, 1.0))
    return np.asarray(cover, dtype=np.float32)


def snow(image: Field, sea: Field, rng: np.random.Generator) -> Field:
    """Lay snow over (H, W, 3), about 0 to 1; arguments as ``snow_cover``. The relief's shading shows on it."""
    luma = image @ _LUMA
    relief = np.clip(luma / (cv2.GaussianBlur(luma, (0, 0), rng.uniform(3, 10)) + 0.02), 0.4, 1.6)
    white = np.array([rng.uniform(0.8, 1.0)] * 3, dtype=np.float32) * rng.uniform(0.96, 1.03, 3).astype(np.float32)
    shaded = white * (relief ** np.float32(rng.uniform(0.3, 1.3)))[..., None]
    opacity = cv2.GaussianBlur(snow_cover(image, sea, rng), (0, 0), 0.6)[..., None]
    return np.asarray(image + opacity * (shaded - image), dtype=np.float32)


def lakes(sea: Field) -> Field:
    """(H, W) water -> (H, W) 1 on the parts of it that are small and lie wholly within the photo."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((sea > 0).astype(np.uint8), connectivity=4)
    left, top, width, height, area = stats.T
    inside = (left > 0) & (top > 0) & (left + width < sea.shape[1]) & (top + height < sea.shape[0])
    small = inside & (area < _LARGEST_LAKE * sea.size)
    small[0] = False  # the land
    return np.asarray(small[labels] if count else np.zeros(sea.shape), dtype=np.float32)
