"""Places on Earth as people write them."""

from __future__ import annotations

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.coordinates import read_coordinates
from astroloc_qgis.engine.geometry.nadir import ALTITUDES_KM, Nadir
from astroloc_qgis.qgis_adapters.text import tr


def parse_place(text: str) -> tuple[float, float] | None:
    """Read "latitude, longitude" in degrees; None for an empty text.

    Raises:
        InputError: the text is something else, or no place on Earth.
    """
    if not text.strip():
        return None
    try:
        latitude, longitude = read_coordinates(text)
    except ValueError as error:
        sentence = tr("The nadir “{text}” is not of the form latitude, longitude, for example 19.3, -103.6.")
        raise InputError(sentence.format(text=text)) from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        sentence = tr("The nadir “{text}” is no place on Earth: latitudes end at 90 degrees, longitudes at 180.")
        raise InputError(sentence.format(text=text))
    return latitude, longitude


def parse_nadir(text: str) -> Nadir | None:
    """Read a nadir, "latitude, longitude" in degrees, and the height of the camera in km where it follows.

    Returns:
        None for an empty text.

    Raises:
        InputError: the text is something else, or no place on Earth.
    """
    altitude: float | None = None
    try:
        latitude, longitude, altitude = read_coordinates(text)
    except ValueError:
        place = parse_place(text)
    else:
        place = parse_place(f"{latitude!r}, {longitude!r}")
    if place is None:
        return None
    try:
        return Nadir.at(*place, altitude)
    except ValueError as error:
        least, most = ALTITUDES_KM
        sentence = tr("The height in the nadir “{text}” must be from {least} to {most} km.")
        raise InputError(sentence.format(text=text, least=f"{least:g}", most=f"{most:g}")) from error


def nadir_text(nadir: Nadir | None) -> str:
    """A nadir as ``parse_nadir`` reads it; empty for None."""
    if nadir is None:
        return ""
    text = place_text((nadir.latitude, nadir.longitude))
    altitude = nadir.known_altitude_m
    return text if altitude is None else f"{text}, {altitude / 1000:.10g} km"


def nadir_origin(nadir: Nadir | None) -> str:
    """Who proposes a nadir, in the user's words; empty where the user gave it, and for None."""
    if nadir is None or nadir.source == "given":
        return ""
    if nadir.source == "nasa":
        return tr("from NASA's photo database")
    return tr("proposed by the photo's EXIF") if nadir.source == "exif" else tr("proposed by orbital elements")


def nadir_source(nadir: Nadir | None) -> str:
    """Who proposes a nadir, in a word for a title; empty where the user gave it, and for None."""
    if nadir is None or nadir.source == "given":
        return ""
    return {"nasa": "NASA", "exif": "EXIF"}.get(nadir.source, tr("orbital elements"))


def numbers_of(nadir: Nadir | None) -> tuple[float, ...] | None:
    """A nadir as files and requests to the engine hold it: latitude, longitude and, where it is known, height in m."""
    return None if nadir is None else nadir.numbers


def place_text(place: tuple[float, float] | None) -> str:
    """A place (latitude, longitude) as ``parse_place`` reads it; empty for None."""
    return f"{place[0]:.10g}, {place[1]:.10g}" if place else ""


def place_name(lon: float, lat: float) -> str:
    """A place with its hemispheres: 20.61° N 103.36° W."""
    return f"{abs(lat):.2f}° {'N' if lat >= 0 else 'S'} {abs(lon):.2f}° {'E' if lon >= 0 else 'W'}"
