"""The nadir: the point on the ground straight below the camera, and how high the camera is above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.geometry.projection import Array

ISS_ALTITUDE_M = 420_000.0
"""Height of the camera above the ellipsoid where nothing better is known, metres."""


@dataclass(frozen=True)
class Nadir:
    """Where the camera was, as seen from the ground.

    Attributes:
        latitude: of the sub-satellite point, degrees north, WGS84.
        longitude: of the sub-satellite point, degrees east, WGS84.
        altitude_m: height of the camera above the ellipsoid, metres.
    """

    latitude: float
    longitude: float
    altitude_m: float = ISS_ALTITUDE_M

    @property
    def lonlat(self) -> Array:
        """(2,) longitude, latitude in degrees."""
        return np.array([self.longitude, self.latitude], dtype=np.float64)
