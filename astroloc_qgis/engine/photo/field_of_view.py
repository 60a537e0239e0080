"""The field of view of a photo, from what its camera wrote into the file.

The resolution of the focal plane (EXIF's FocalPlaneXResolution) is used of raw files only: it is that of the original,
and a photo that was shrunk since does not tell how wide the original was.
"""

from __future__ import annotations

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


def field_ratio(exif: Exif) -> float | None:
    """What the long side of a photo shows of a plane that the camera faces, as a part of the distance to it.

    Args:
        exif: of the photo.

    Returns:
        Length on the plane by distance; None where EXIF does not tell.
    """
    if exif.focal_length_in_35mm_film:
        return FULL_FRAME_MM / exif.focal_length_in_35mm_film
    if not exif.focal_length_mm:
        return None
    if exif.sensor_mm:
        return exif.sensor_mm / exif.focal_length_mm
    camera = exif.camera.upper()
    if camera in FULL_FRAME_CAMERAS:
        return FULL_FRAME_MM / exif.focal_length_mm
    return APS_C_MM / exif.focal_length_mm if camera in APS_C_CAMERAS else None
