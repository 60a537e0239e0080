"""The sub-satellite point of the ISS at a time, from orbital elements (TLE) propagated with SGP4."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError

OLDEST_DAYS = 30.0
"""Elements older than this are refused: the ISS is reboosted, and SGP4 loses some kilometres a day."""

_SEMI_MAJOR_KM, _FLATTENING = 6378.137, 1 / 298.257223563


@dataclass(frozen=True)
class SubSatellitePoint:
    """The point below the satellite, as orbital elements give it.

    Attributes:
        lat: latitude, degrees north, WGS 84.
        lon: longitude, degrees east, WGS 84.
        altitude_km: height of the satellite above the ellipsoid, kilometres.
        age_days: time between the epoch of the elements and the time asked for, days.
    """

    lat: float
    lon: float
    altitude_km: float
    age_days: float


def nadir_at(tle: Path, when: datetime) -> SubSatellitePoint:
    """The sub-satellite point at a time, from the elements in a file whose epoch is nearest to it.

    Args:
        tle: text of two-line elements, with or without names; of one satellite or of many times.
        when: UTC where it has no zone.

    Raises:
        InputError: no such file or no elements in it; they are too old; the package sgp4 is missing.
    """
    try:
        from sgp4.api import SGP4_ERRORS, Satrec, jday
    except ImportError as error:
        raise InputError(
            "The engine's environment lacks the package sgp4, which computes orbits: install it there.", repr(error)
        ) from error
    when = (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    elements = [Satrec.twoline2rv(first, second) for first, second in _pairs(tle)]
    nearest = min(elements, key=lambda one: abs(_epoch(one) - when))
    age = abs(_epoch(nearest) - when).total_seconds() / 86400
    if age > OLDEST_DAYS:
        raise InputError(
            f"The orbital elements in {tle.name} are of {_epoch(nearest):%Y-%m-%d}, {age:.0f} days from "
            f"{when:%Y-%m-%d}: get elements of within {OLDEST_DAYS:.0f} days of the photo."
        )
    day, part = jday(when.year, when.month, when.day, when.hour, when.minute, when.second + when.microsecond / 1e6)
    failed, position, _ = nearest.sgp4(day, part)
    if failed:
        raise InputError(f"The orbital elements in {tle.name} lead nowhere: {SGP4_ERRORS[failed]}.")
    lat, lon, altitude = _geodetic(position, _sidereal_angle(day + part))
    return SubSatellitePoint(lat, lon, altitude, age)


def _pairs(tle: Path) -> list[tuple[str, str]]:
    try:
        lines = [line.rstrip() for line in tle.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError as error:
        raise InputError(f"The orbital elements {tle} cannot be read: check the file.", repr(error)) from error
    pairs = [
        (first, second)
        for first, second in pairwise(lines)
        if first.startswith("1 ") and second.startswith("2 ") and len(first) >= 64 and len(second) >= 63
    ]
    if not pairs:
        raise InputError(f"{tle.name} holds no two-line elements: lines that begin with 1 and 2 belong in it.")
    return pairs


def _epoch(elements: Any) -> datetime:
    year = elements.epochyr + (2000 if elements.epochyr < 57 else 1900)
    return datetime(year, 1, 1, tzinfo=timezone.utc) + timedelta(days=elements.epochdays - 1)


def _sidereal_angle(julian_day: float) -> float:
    """Greenwich mean sidereal time, radians (IAU 1982; Vallado, Fundamentals of Astrodynamics, eq. 3-47)."""
    century = (julian_day - 2451545.0) / 36525.0
    seconds = 67310.54841 + (876600 * 3600 + 8640184.812866) * century + 0.093104 * century**2 - 6.2e-6 * century**3
    return math.radians((seconds % 86400) / 240.0)


def _geodetic(position_km: tuple[float, float, float], sidereal_rad: float) -> tuple[float, float, float]:
    """Latitude, longitude (degrees) and height (km) of a place in the frame of SGP4 (TEME), polar motion neglected."""
    x, y, z = position_km
    lon = (math.degrees(math.atan2(y, x) - sidereal_rad) + 180.0) % 360.0 - 180.0
    across = math.hypot(x, y)
    squared = _FLATTENING * (2 - _FLATTENING)
    lat = math.atan2(z, across)
    for _ in range(6):
        normal = _SEMI_MAJOR_KM / math.sqrt(1 - squared * math.sin(lat) ** 2)
        lat = math.atan2(z + normal * squared * math.sin(lat), across)
    normal = _SEMI_MAJOR_KM / math.sqrt(1 - squared * math.sin(lat) ** 2)
    return math.degrees(lat), lon, across / math.cos(lat) - normal
