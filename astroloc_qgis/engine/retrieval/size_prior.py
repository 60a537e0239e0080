"""Size prior: a penalty for blocks of another size than the photo's lens shows.

The lens tells how wide the ground is straight below the camera; a tilted view shows more of it. Away from the nadir the
root of a photo's area grows with the distance to it and, since the ground is seen at a slant, with one by the root of
the sine of the slant's angle. Where the nadir is not known, the tilt is spread as that of real photos.

This is a density over the logarithm of a block's side. A block's probability also grows with the ground that it stands
for, so that each of few large blocks is likelier than each of many small ones: with its side (``BY_SIDE``), which ranks
better than its area does. It is evidence, not law: a part of a photo keeps the EXIF of the whole, so that other sizes
stay possible (``OTHERWISE``).
"""

from __future__ import annotations

import math

import numpy as np

from astroloc_qgis.engine.geometry.distances import EARTH_RADIUS_KM
from astroloc_qgis.engine.geometry.projection import Array

ROOT_OF_AREA = 0.84
"""Root of a photo's area by its long side: 0.82 at 3:2, 0.87 at 4:3."""
TILT_OCTAVES = 0.76
"""Mean of how much larger the root of a photo's area is for its tilt, in doublings."""
TILT_SPREAD = 0.55
"""Standard deviation of the same."""
SPREAD = 0.5
"""Standard deviation of a block's side about the root of a photo's area, in doublings, where the tilt is known: the
zooms of an index are a doubling apart, and blocks of half and of twice the size find a photo too."""
OTHERWISE = 0.01
"""Density, for each doubling, of sizes that the lens does not tell. Above the expected size it falls as fast as the
ground grows that a block stands for, so that no block is likely for being large alone."""
BY_SIDE = 1.0
"""Power of a block's side with which its probability grows; its area would be 2."""
LEAST_SINE = 0.05
"""Of the angle at which a photo's ground is seen: flatter views are taken to be as flat as this."""


def log_size(side_m: Array, field_ratio: float, altitude_m: float, distance_km: Array | None = None) -> Array:
    """Log-probability of blocks for their size, relative to the likeliest straight below the camera.

    Args:
        side_m: (N,) sides on the ground, metres (as ``Block.side_m``).
        field_ratio: what the photo's long side shows, as a part of the distance (``Photo.field_ratio``).
        altitude_m: of the camera, metres.
        distance_km: (N,) from the nadir to the blocks; None where the nadir is not known.

    Returns:
        (N,) natural logarithms; without a nadir relative to the likeliest size, and never above 0 by more than the
        little that ``OTHERWISE`` adds.
    """
    side = np.asarray(side_m, dtype=np.float64)
    level_m = ROOT_OF_AREA * field_ratio * altitude_m
    if distance_km is None:
        likeliest_m, spread = level_m * 2**TILT_OCTAVES, math.hypot(SPREAD, TILT_SPREAD)
        expected_m: Array = np.asarray(likeliest_m)
    else:
        likeliest_m, spread = level_m, SPREAD
        expected_m = level_m * tilt_factor(distance_km, altitude_m)
    normal = 1 / (spread * math.sqrt(2 * math.pi))
    density = normal * np.exp(-np.square(np.log2(side / expected_m) / spread) / 2)
    chance = density * side**BY_SIDE + OTHERWISE * np.minimum(side, expected_m) ** BY_SIDE
    peak = BY_SIDE * math.log(likeliest_m) + (BY_SIDE * math.log(2) * spread) ** 2 / 2 + math.log(normal)
    return np.asarray(np.log(chance) - peak)


def tilt_factor(distance_km: Array, altitude_m: float) -> Array:
    """How much larger the root of the area is of a photo away from the nadir than of one at it.

    Args:
        distance_km: (N,) on the ground from the nadir.
        altitude_m: of the camera, metres.

    Returns:
        (N,) at least 1.
    """
    height, top = altitude_m / 1000, EARTH_RADIUS_KM + altitude_m / 1000
    cosine = np.cos(np.asarray(distance_km, dtype=np.float64) / EARTH_RADIUS_KM)
    slant = np.sqrt(EARTH_RADIUS_KM**2 + top**2 - 2 * EARTH_RADIUS_KM * top * cosine)
    sine = np.maximum((top * cosine - EARTH_RADIUS_KM) / slant, LEAST_SINE)
    return np.asarray(slant / height / np.sqrt(sine))
