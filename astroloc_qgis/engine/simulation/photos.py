"""A simulated photo: the mosaic seen at a place, made to look like a photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.appearance import appearance
from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.places import is_portrait

LONG_PX, SHORT_PX = 288, 192
"""Sides of a simulated photo: what the model sees of any photo."""


def simulate_photo(
    mosaic: Mosaic, place: NDArray[np.float64], rng: np.random.Generator, *, long_px: int = LONG_PX,
    short_px: int = SHORT_PX, portrait: bool | None = None,
) -> NDArray[np.uint8]:  # fmt: skip
    """Take a photo.

    Args:
        mosaic: the world.
        place: (4, 2) EPSG:3857 of the photo's corners, photo corner order.
        rng: decides all that is random about it.
        long_px: long side of the photo.
        short_px: its short side.
        portrait: whether it is higher than wide; by default as the place is.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    upright = is_portrait(place) if portrait is None else portrait
    width, height = (short_px, long_px) if upright else (long_px, short_px)
    return appearance(mosaic.view(place, width, height), rng)
