"""The nadir: the point on the ground straight below the camera, and how high the camera is above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.nadir_source import NadirSource

ISS_ALTITUDE_M = 420_000.0
"""Height of the camera above the ellipsoid where nothing better is known, metres."""
ALTITUDES_KM = (180.0, 2000.0)
"""Heights that a person may give, kilometres. None is as small as a longitude: "46,5,170", with decimal commas, is no
place with a height."""


@dataclass(frozen=True)
class Nadir:
    """The sub-satellite point of a photo, and the height of its camera.

    Attributes:
        latitude: degrees north, WGS84.
        longitude: degrees east, WGS84.
        altitude_m: height of the camera above the ellipsoid, metres.
        source: who says so; what EXIF, orbital elements and NASA say is a proposal.
    """

    latitude: float
    longitude: float
    altitude_m: float = ISS_ALTITUDE_M
    source: NadirSource = "given"

    @classmethod
    def at(
        cls, latitude: float, longitude: float, altitude_km: float | None = None, *, source: NadirSource = "given"
    ) -> Nadir:
        """The nadir of a camera whose height is given in kilometres, if at all.

        Raises:
            ValueError: no spacecraft takes photos from there.
        """
        if altitude_km is None:
            return cls(latitude, longitude, source=source)
        least, most = ALTITUDES_KM
        if not least < altitude_km <= most:
            raise ValueError(f"a height is from {least:g} to {most:g} km")
        return cls(latitude, longitude, altitude_km * 1000, source)

    @classmethod
    def of(cls, numbers: Sequence[float], source: NadirSource = "given") -> Nadir:
        """The nadir that these ``numbers`` are of."""
        latitude, longitude, *altitude_m = numbers
        return cls(latitude, longitude, altitude_m[0] if altitude_m else ISS_ALTITUDE_M, source)

    @property
    def known_altitude_m(self) -> float | None:
        """The height of the camera, metres; None where nothing better than the usual one is known."""
        return None if self.altitude_m == ISS_ALTITUDE_M else self.altitude_m

    @property
    def numbers(self) -> tuple[float, ...]:
        """Latitude and longitude and, where it is known, the height in metres: what files and requests hold."""
        known = self.known_altitude_m
        return (self.latitude, self.longitude) if known is None else (self.latitude, self.longitude, known)

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """(2,) longitude, latitude in degrees."""
        return np.array([self.longitude, self.latitude], dtype=np.float64)
