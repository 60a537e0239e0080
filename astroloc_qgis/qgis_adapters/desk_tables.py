"""Nadir and centre of photos, read from a table of NASA's metadata."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.qgis_adapters.text import tr

_PARTS = re.compile(r"(ISS|STS)0*(\d{1,3})[-_ ]?([A-Z]{1,3})[-_ ]?0*(\d{1,7})", re.IGNORECASE)


@dataclass(frozen=True)
class Known:
    """What a table says of a photo.

    Attributes:
        nadir: the sub-satellite point, if the table has it.
        centre: (latitude, longitude) of the photo's centre in degrees, if the table has it.
    """

    nadir: Nadir | None
    centre: tuple[float, float] | None


def read_metadata(path: Path) -> dict[str, Known]:
    """Read a table with one photo a row, separated by commas, semicolons, tabs or bars.

    The columns are found by their names, upper or lower case: the photo's number in one called photo, image, file, name
    or id, or in mission, roll and frame; places in those with "nadir" or "center" (or "centre"), and "lat" or "lon".

    Args:
        path: of the table.

    Returns:
        By the photo's number in capitals without leading zeros ("ISS56E181034").

    Raises:
        InputError: no such file, or no such columns.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(tr("The table {file} cannot be read.").format(file=path), repr(error)) from error
    first = text.split("\n", 1)[0]
    separator = max(",;\t|", key=first.count)
    rows = list(csv.reader(text.splitlines(), delimiter=separator))
    names = [name.strip().lower().replace("_", " ") for name in rows[0]] if rows else []
    number = _number_columns(names)
    nadir = _pair(names, ("nadir", "sub-satellite", "subpoint"))
    centre = _pair(names, ("center", "centre", "cntr", "cent"))
    if not number or (nadir is None and centre is None):
        sentence = tr("{file} has no columns for the photo's number and its nadir or centre (nadir lat, nadir lon, …).")
        raise InputError(sentence.format(file=path.name), first[:300])
    found = {}
    for row in rows[1:]:
        key = photo_key("-".join(row[column].strip() for column in number if column < len(row)))
        if key:
            found[key] = Known(Nadir(*below) if (below := _place(row, nadir)) else None, _place(row, centre))
    return found


def photo_key(name: str) -> str:
    """A photo's number in one spelling: "iss056e181034_lrg.jpg" and "ISS056-E-181034" are both "ISS56E181034"."""
    number = nasa_photo_number(name)
    parts = _PARTS.search(number or name)
    if parts is None:
        return number or ""  # on film: the roll is a number, and hyphens tell it from the frame
    programme, mission, roll, frame = parts.groups()
    return f"{programme.upper()}{int(mission)}{roll.upper()}{int(frame)}"


def _number_columns(names: list[str]) -> list[int]:
    parts = [
        next((n for n, name in enumerate(names) if name.startswith(part)), -1) for part in ("mission", "roll", "frame")
    ]
    if min(parts) >= 0:
        return parts
    one = next((n for n, name in enumerate(names) if re.search(r"photo|image|file|name|\bid\b|nasa", name)), None)
    return [] if one is None else [one]


def _pair(names: list[str], words: tuple[str, ...]) -> tuple[int, int] | None:
    mine = [number for number, name in enumerate(names) if any(word in name for word in words)]
    lat = next((number for number in mine if "lat" in names[number]), None)
    lon = next((number for number in mine if "lon" in names[number]), None)
    return None if lat is None or lon is None else (lat, lon)


def _place(row: list[str], columns: tuple[int, int] | None) -> tuple[float, float] | None:
    if columns is None or max(columns) >= len(row):
        return None
    try:
        lat, lon = (float(row[column]) for column in columns)
    except ValueError:
        return None
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 360 else None
