"""Reads the answers of NASA's photo database.

An answer is a JSON list of objects with keys ``table.field``, or an object whose "result" is a sentence. Tables are
joined: a query for fields of a table in which the photo has no row finds nothing, so each table is asked by itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from astroloc_qgis.engine.nasa import errors
from astroloc_qgis.engine.nasa.record import NasaRecord, Picture, Place
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.photo.table import NAUTICAL_MILE_KM

Row = Mapping[str, str]
"""``table.field`` -> value without blanks around it; "" for null."""

IMAGES = ("directory", "filename", "width", "height")
"""Fields of the table "images", which every query is joined with."""
CORNERS = ("ul", "ur", "lr", "ll")
TABLES: Mapping[str, tuple[str, ...]] = {
    "nadir": ("mission", "roll", "frame", "lat", "lon", "azi", "elev", "cldp", "pdate", "ptime"),
    "frames": ("lat", "lon", "nlat", "nlon", "tilt", "fclt", "camera", "cldp", "pdate", "ptime", "geon", "feat"),
    "mlcoord": ("lat", "lon", "orientation", *(f"{corner}_{way}" for corner in CORNERS for way in ("lat", "lon"))),
    "camera": ("fclt", "camera"),
}
"""The other tables, with the fields that are asked for."""
EXTRA: Mapping[str, tuple[str, ...]] = {"frames": ("alt",)}
"""Fields that not every version of the database has: they are left out where a query with them is refused."""

_NO_RECORDS = re.compile(r"no records", re.IGNORECASE)
_KEY = re.compile(r"\bkey\b", re.IGNORECASE)


def query(number: str, table: str | None, key: str, *, extra: bool = True) -> str:
    """The query of an address: what a table, joined with that of the files, says of a photo.

    Args:
        number: NASA's photo number.
        table: of ``TABLES``; None for the files alone.
        key: of the user.
        extra: whether to ask for the fields of ``EXTRA`` too.
    """
    fields = [("images", name) for name in IMAGES]
    if table is not None:
        fields += [(table, name) for name in TABLES[table]]
        fields += [(table, name) for name in EXTRA.get(table, ()) if extra]
    return urlencode(
        {
            "query": f"images|filename|like|*{number}*",
            "return": "|".join(f"{one}|{name}" for one, name in fields),
            "key": key,
        },
        safe="|*",
    )


def read_rows(text: str, number: str, host: str) -> list[Row]:
    """The rows about one photo; empty where the database has none.

    Args:
        text: the answer.
        number: NASA's photo number; rows of photos whose numbers merely begin with it are left out.
        host: of the server, for sentences.

    Raises:
        NasaError: the answer is a web page, no JSON, of another form, or says that the key is wrong.
    """
    if text.lstrip()[:1] == "<":
        raise errors.web_page(host)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.not_understood(number, f"{error}: {text}") from error
    if isinstance(content, dict) and set(content) & {"result", "error"}:
        said = str(content.get("result") or content.get("error"))
        if _NO_RECORDS.search(said):
            return []
        if _KEY.search(said):
            raise errors.wrong_key(said)
        raise errors.not_understood(number, said)
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise errors.not_understood(number, text)
    rows = [{str(name).replace("|", "."): _text(value) for name, value in row.items()} for row in content]
    return [row for row in rows if number_of(row) == number]


def number_of(row: Row) -> str | None:
    """The photo number of a row: of its file, else of its mission, roll and frame."""
    if found := nasa_photo_number(row.get("images.filename", "")):
        return found
    for table in ("images", *TABLES):
        parts = [row.get(f"{table}.{name}", "") for name in ("mission", "roll", "frame")]
        if all(parts):
            return nasa_photo_number("-".join(parts))
    return None


def record_of(number: str, rows: Iterable[Row]) -> NasaRecord | None:
    """What the rows of all tables say of a photo; None without any."""
    merged: dict[str, str] = {}
    pictures: dict[tuple[str, str], Picture] = {}
    for row in rows:
        for name, value in row.items():
            merged.setdefault(name, value) if value else None
        directory, filename = row.get("images.directory", ""), row.get("images.filename", "")
        if directory and filename:
            width, height = (int(_number(row.get(f"images.{side}")) or 0) for side in ("width", "height"))
            pictures.setdefault((directory, filename), Picture(directory, filename, width, height))
    if not merged:
        return None
    altitude = _number(merged.get("frames.alt"))
    return NasaRecord(
        number=number,
        nadir=_place(merged, "nadir.lat", "nadir.lon") or _place(merged, "frames.nlat", "frames.nlon"),
        altitude_km=None if not altitude else round(altitude * NAUTICAL_MILE_KM, 1),
        centre=_place(merged, "frames.lat", "frames.lon"),
        outline=_outline(merged),
        outline_centre=_place(merged, "mlcoord.lat", "mlcoord.lon"),
        focal_length_mm=_number(merged.get("frames.fclt")) or _number(merged.get("camera.fclt")) or None,
        camera=merged.get("frames.camera") or merged.get("camera.camera") or "",
        taken=_time(merged, "nadir") or _time(merged, "frames"),
        tilt=merged.get("frames.tilt", ""),
        cloud_percent=_first(_number(merged.get("nadir.cldp")), _number(merged.get("frames.cldp"))),
        sun_azimuth_deg=_number(merged.get("nadir.azi")),
        sun_elevation_deg=_number(merged.get("nadir.elev")),
        region=merged.get("frames.geon", ""),
        features=merged.get("frames.feat", ""),
        pictures=tuple(pictures.values()),
    )


def _text(value: Any) -> str:
    text = "" if value is None or isinstance(value, dict | list) else str(value).strip()
    return "" if text.upper() in ("NULL", "NONE") else text


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _place(row: Row, latitude: str, longitude: str) -> Place | None:
    """A place on Earth; None for what is none, and for the 0, 0 of a row that was never filled in."""
    lat, lon = _number(row.get(latitude)), _number(row.get(longitude))
    if lat is None or lon is None or lat == lon == 0 or not (-90 <= lat <= 90 and -180 <= lon <= 360):
        return None
    return lat, lon if lon <= 180 else lon - 360


def _outline(row: Row) -> tuple[Place, ...] | None:
    """The four corners as longitude, latitude; None where one of them is missing."""
    corners = [_place(row, f"mlcoord.{corner}_lat", f"mlcoord.{corner}_lon") for corner in CORNERS]
    found = [(corner[1], corner[0]) for corner in corners if corner is not None]
    return tuple(found) if len(set(found)) == 4 else None


def _time(row: Row, table: str) -> str | None:
    """The time as ISO 8601; None where seconds are missing: the station flies 7 km in each."""
    date, time = row.get(f"{table}.pdate", ""), row.get(f"{table}.ptime", "")
    try:
        if not (re.fullmatch(r"\d{8}", date) and re.fullmatch(r"\d{6}", time)):
            return None
        return datetime.strptime(date + time, "%Y%m%d%H%M%S").isoformat()
    except ValueError:
        return None
