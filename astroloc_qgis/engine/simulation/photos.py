"""Simulated photos: the view of the mosaic at a place, with the appearance of a photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.appearance import appearance
from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.places import is_portrait

LONG_PX, SHORT_PX = 288, 192
"""Sides of a simulated photo, px: those that the model describes."""


def simulate_photo(
    mosaic: Mosaic, place: NDArray[np.float64], rng: np.random.Generator, *, long_px: int = LONG_PX,
    short_px: int = SHORT_PX, portrait: bool | None = None,
) -> NDArray[np.uint8]:  # fmt: skip
    """Simulate a photo.

    Args:
        mosaic: the mosaic of the world.
        place: (4, 2) EPSG:3857 of the photo's corners, in the photo corner order.
        rng: generator of everything random.
        long_px: long side of the photo, px.
        short_px: short side, px.
        portrait: whether the photo is higher than wide; None for the shape of the place.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    upright = is_portrait(place) if portrait is None else portrait
    width, height = (short_px, long_px) if upright else (long_px, short_px)
    return appearance(mosaic.view(place, width, height), rng)
