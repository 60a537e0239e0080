"""Simulated photos: the view of the mosaic at a place, with the appearance of a photo."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M
from astroloc_qgis.engine.simulation.conditions import photo_appearance
from astroloc_qgis.engine.simulation.formats import size_of_place
from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.places import centre_and_radius
from astroloc_qgis.engine.tiles import EARTH_RADIUS_M

VERSION = 2
"""Number of the simulator: another one makes other photos from the same seed."""
LONG_PX = 288
"""Long side of a simulated photo, px: the one that the model describes."""
_WIDE_KM = 190.0
"""Distance of a photo's corners from its centre from which on it counts as one of a wide lens."""
_DISTORTION = 0.05
"""Most distortion of a wide lens at the corners, as a part of their distance from the centre."""


def simulate_photo(
    mosaic: Mosaic, place: NDArray[np.float64], rng: np.random.Generator, *, long_px: int = LONG_PX,
    size: tuple[int, int] | None = None, conditions: set[str] | None = None,
) -> NDArray[np.uint8]:  # fmt: skip
    """Simulate a photo.

    Args:
        mosaic: the mosaic of the world.
        place: (4, 2) EPSG:3857 of the photo's corners, in the photo corner order.
        rng: generator of everything random.
        long_px: long side of the photo, px.
        size: width and height, px; None for the format that fits the place.
        conditions: names of ``conditions.CONDITIONS``; None to draw them.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    width, height = size or size_of_place(place, long_px)
    corner_km = centre_and_radius(place)[1]
    radial = 0.0
    if corner_km > _WIDE_KM:
        radial = curvature(corner_km) + rng.uniform(-_DISTORTION, _DISTORTION)
    return photo_appearance(mosaic.view(place, width, height, radial=radial), rng, conditions)


def curvature(corner_km: float, altitude_m: float = ISS_ALTITUDE_M) -> float:
    """How far Earth's curvature bends a photo taken straight down, for ``Mosaic.view``.

    Ground at the angle a of Earth's centre from the nadir is seen at the tangent sin a / (h / R + 1 - cos a). To third
    order in a this is (a R / h) (1 - (1/6 + R / 2h) a^2).

    Args:
        corner_km: distance on the ground from the nadir to the photo's corners, km.
        altitude_m: height of the camera, metres.
    """
    return (1 / 6 + EARTH_RADIUS_M / (2 * altitude_m)) * math.pow(corner_km * 1000 / EARTH_RADIUS_M, 2)
