"""The field of view of a photo, from what its camera wrote into the file.

The resolution of the focal plane (EXIF's FocalPlaneXResolution) is used of raw files only: it is that of the original,
and a photo that was shrunk since does not tell how wide the original was.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from astroloc_qgis.engine.photo.exif import Exif

FULL_FRAME_MM = 36.0
"""Long side of a picture on 35 mm film, and of a full-frame sensor."""
FULL_FRAME_CAMERAS = frozenset(
    f"NIKON {model}"
    for model in ("D3", "D3S", "D3X", "D4", "D4S", "D5", "D6", "D800", "D800E", "D810", "D850", "Z 6", "Z 7", "Z 8",
                  "Z 9", "Z 6_2", "Z 7_2")
)  # fmt: skip
"""Models with a full-frame sensor that flew on the station, or may."""
APS_C_MM = 23.7
APS_C_CAMERAS = frozenset({"NIKON D1", "NIKON D1X", "NIKON D2X", "NIKON D2XS"})
"""Models with a smaller one."""
SENSORS_MM: Mapping[str, float] = MappingProxyType({"RP_OV5647": 3.63, "RP_IMX477": 6.287})
"""Long side of the sensor by model: the cameras of the Astro Pi computers on the station (2,592 pixels of 1.4 um; 4,056
of 1.55 um)."""
LENSES_MM: Mapping[str, float] = MappingProxyType({"RP_IMX477": 5.0})
"""Focal length by model, where the lens has no contacts to tell: the one that flew with this camera."""
RATIOS = (0.001, 10.0)
"""Least and most that a lens shows: beyond these, EXIF is wrong."""


def field_ratio(exif: Exif) -> float | None:
    """What the long side of a photo shows of a plane that the camera faces, as a part of the distance to it.

    Args:
        exif: of the photo.

    Returns:
        Length on the plane by distance; None where EXIF does not tell.
    """
    ratio = _ratio(exif)
    return ratio if ratio is not None and RATIOS[0] <= ratio <= RATIOS[1] else None


def _ratio(exif: Exif) -> float | None:
    if exif.focal_length_in_35mm_film:
        return FULL_FRAME_MM / exif.focal_length_in_35mm_film
    camera = exif.camera.upper()
    focal_length_mm = exif.focal_length_mm or LENSES_MM.get(camera)
    if not focal_length_mm:
        return None
    if sensor_mm := exif.sensor_mm or SENSORS_MM.get(camera):
        return sensor_mm / focal_length_mm
    if camera in FULL_FRAME_CAMERAS:
        return FULL_FRAME_MM / focal_length_mm
    return APS_C_MM / focal_length_mm if camera in APS_C_CAMERAS else None
