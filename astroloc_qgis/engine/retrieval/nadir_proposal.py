"""The nadir of a photo: as the user gives it, else as orbital elements or the photo's EXIF propose it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.orbit import nadir_at
from astroloc_qgis.engine.photo.reading import Photo

SOURCES = {
    "given": "the stated nadir",
    "exif": "the nadir in the photo's EXIF",
    "tle": "the nadir of the TLE",
    "nasa": "the nadir in NASA's photo database",
}
"""``Nadir.source`` in words."""


def nadir_of(photo: Photo, given: Nadir | None, *, tle: Path | None = None, exif: bool = False) -> Nadir | None:
    """Choose the nadir of a photo: the one given, else that of orbital elements, else that of EXIF.

    Args:
        photo: the photo.
        given: by the user.
        tle: file of two-line elements, for photos that say when they were taken.
        exif: whether EXIF may propose one.

    Returns:
        None where nothing is known of it.

    Raises:
        InputError: the elements cannot be used, or are not of a spacecraft that takes photos.
    """
    if given is not None:
        return given
    if tle is not None and photo.taken is not None:
        return nadir_from_elements(tle, photo.taken)
    return photo.exif_nadir if exif else None


def nadir_from_elements(tle: Path, taken: datetime) -> Nadir:
    """The nadir that orbital elements propose.

    Args:
        tle: file of two-line elements.
        taken: UTC, without a zone.

    Raises:
        InputError: the elements cannot be used, or are not of a spacecraft that takes photos.
    """
    found = nadir_at(tle, taken)
    try:
        return Nadir.at(round(found.lat, 4), round(found.lon, 4), round(found.altitude_km, 2), source="tle")
    except ValueError as error:
        raise InputError(
            f"The orbital elements in {tle.name} put the camera at a height of {found.altitude_km:.0f} km: "
            "are they the ISS's?",
            str(error),
        ) from error
