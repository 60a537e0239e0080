"""Readers of the values that options take: numbers, places and checksums."""

from __future__ import annotations

import argparse
import errno
import math
import re
from collections.abc import Callable
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.coordinates import read_coordinates
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.tiles import MAX_ZOOM


def lat_lon(text: str) -> tuple[float, float]:
    """``LAT,LON`` in degrees."""
    lat, lon = _coordinates(text, (2,), "LAT,LON in degrees, such as 46.5,11.3")
    return _on_earth(text, lat, lon)


def nadir(text: str) -> Nadir:
    """``LAT,LON`` of a sub-satellite point in degrees, or ``LAT,LON,KM`` with the height of the camera."""
    lat, lon, *altitude = _coordinates(text, (2, 3), "LAT,LON in degrees, such as 46.5,11.3, or LAT,LON,KM")
    try:
        return Nadir.at(*_on_earth(text, lat, lon), *altitude)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not LAT,LON,KM: {error}") from None


def _on_earth(text: str, lat: float, lon: float) -> tuple[float, float]:
    if not -90 <= lat <= 90:
        raise argparse.ArgumentTypeError(f"'{text}' is not LAT,LON in degrees: a latitude is from -90 to 90")
    if not -180 <= lon <= 360:
        raise argparse.ArgumentTypeError(f"'{text}' is not LAT,LON in degrees: a longitude is from -180 to 180")
    return lat, lon


def _coordinates(text: str, counts: tuple[int, ...], form: str) -> list[float]:
    try:
        values = read_coordinates(text)
    except ValueError:
        values = []
    if len(values) not in counts:
        raise argparse.ArgumentTypeError(f"'{text}' is not {form}")
    return values


def index_place(text: str) -> Path | str:
    """A folder, or the address of a service (``serve``)."""
    return text if text.startswith(("http://", "https://")) else Path(text)


def extent(text: str) -> tuple[float, float, float, float]:
    """``W,S,E,N`` in degrees; west above east means across the antimeridian."""
    west, south, east, north = _numbers(text, 4, "W,S,E,N in degrees, such as 5,44,12,48")
    problem = ""
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        problem = "west and east are from -180 to 180"
    elif not (-90 <= south <= 90 and -90 <= north <= 90):
        problem = "south and north are from -90 to 90"
    elif south >= north:
        problem = "south must be below north"
    elif west == east:
        problem = "west and east are the same"
    if problem:
        raise argparse.ArgumentTypeError(f"'{text}' is not W,S,E,N in degrees: {problem}")
    return west, south, east, north


def zooms(text: str) -> tuple[int, ...]:
    """Web-map zooms, separated by commas."""
    try:
        values = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of zooms such as 9,10,11") from None
    if not all(2 <= value <= MAX_ZOOM for value in values):  # a block is four tiles wide: the world's, at zoom 2
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of zooms: a zoom is from 2 to {MAX_ZOOM}")
    return values


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


def counts(text: str) -> tuple[int, ...]:
    """N,N,...: whole numbers above 0."""
    return tuple(positive(part) for part in text.split(","))


def zooms_or_none(text: str) -> tuple[int, ...]:
    """Web-map zooms, separated by commas; 0 for none."""
    return () if text.strip() == "0" else zooms(text)


def distance(text: str) -> float:
    """Kilometres, 0 or more."""
    (value,) = _numbers(text, 1, "a distance in km")
    if value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a distance in km: it must be 0 (no limit) or more")
    return value


def number(text: str, suits: Callable[[float], bool], refusal: str) -> float:
    """A number that suits; another, or what is none, is refused in the words given, which follow the text."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not suits(value):
        raise argparse.ArgumentTypeError(f"'{text}' {refusal}")
    return value


def sha256(text: str) -> str:
    """64 hexadecimal digits."""
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a sha256: 64 digits from 0 to f")
    return text.lower()


def check_paths(options: argparse.Namespace) -> None:
    """Refuse names that no file of this system can have; photos are judged one by one when they are read.

    Raises:
        InputError: a file or folder that an option names is too long.
    """
    for path in vars(options).values():
        if isinstance(path, Path):
            try:
                path.lstat()
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:
                    raise InputError(
                        f"The name or path {str(path)[:60]}... is too long: choose a shorter one."
                    ) from error


def _numbers(text: str, count: int, form: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise argparse.ArgumentTypeError(f"'{text}' is not {form}")
    return values
