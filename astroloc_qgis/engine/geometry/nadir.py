"""The nadir: the point on the ground straight below the camera, and how high the camera is above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ISS_ALTITUDE_M = 420_000.0
"""Height of the camera above the ellipsoid where nothing better is known, metres."""


@dataclass(frozen=True)
class Nadir:
    """The sub-satellite point of a photo, and the height of its camera.

    Attributes:
        latitude: degrees north, WGS84.
        longitude: degrees east, WGS84.
        altitude_m: height of the camera above the ellipsoid, metres.
    """

    latitude: float
    longitude: float
    altitude_m: float = ISS_ALTITUDE_M

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """(2,) longitude, latitude in degrees."""
        return np.array([self.longitude, self.latitude], dtype=np.float64)
