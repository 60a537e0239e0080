"""The position of a camera as the tie points of its photo tell it."""

from __future__ import annotations

from dataclasses import dataclass

from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane


@dataclass(frozen=True)
class CameraPosition:
    """Where the camera was.

    Attributes:
        longitude: of the nadir, degrees.
        latitude: of the nadir, degrees.
        height_m: of the camera, metres; ``ISS_ALTITUDE_M`` unless the tie points say otherwise.
        deviation_m: standard deviation of the nadir along the worse axis, metres.
        rms_px: residual of the tie points of that camera along one axis, photo pixels.
    """

    longitude: float
    latitude: float
    height_m: float
    deviation_m: float
    rms_px: float

    @property
    def plane(self) -> WorkingPlane:
        """Its near-sided perspective plane."""
        return WorkingPlane.near_sided(self.longitude, self.latitude, ISS_ALTITUDE_M)

    def summary(self) -> dict[str, float]:
        """The entry in the JSON report."""
        return {
            "latitude": round(self.latitude, 3),
            "longitude": round(self.longitude, 3),
            "deviation_km": round(self.deviation_m / 1000, 1),
        }
