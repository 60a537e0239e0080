"""The table of ``--nadirs``: the sub-satellite point of each photo of a batch, in our columns or NASA's."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.values import nadir
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.number import nasa_photo_number

COLUMNS = ("file", "lat", "lon")
"""What the table must have; "km", the height of the camera, may follow."""
NAMES = {"nadir_lat": "lat", "latitude": "lat", "nadir_lon": "lon", "longitude": "lon", "photo": "file"}
"""Other names of the columns."""
NUMBER = ("mission", "roll", "frame")
"""Columns of NASA's tables that together are a photo's number; they take the place of "file"."""
NASA_NADIRS = (("nadir.lat", "nadir.lon"), ("frames.nlat", "frames.nlon"), ("nlat", "nlon"))
"""NASA's columns with the nadir; "lat" and "lon" beside them are the photo's centre."""
OF_FRAMES = {"tilt", "geon", "feat"}
"""Columns of NASA's table of frames, whose "lat" and "lon" are the photo's centre."""
NASA_FILES = ("images.filename", "filename")


def read_nadirs(table: Path, photos: Sequence[Path]) -> dict[Path, Nadir]:
    """Read the nadirs of photos; rows of other photos, and those without numbers, are left out.

    Args:
        table: CSV with the columns file, lat, lon (degrees) and, if known, km; ``file`` is a photo's name, path or
            number. Or a table of NASA's photo database, with mission, roll, frame and nadir.lat, nadir.lon (or nlat,
            nlon).
        photos: of the batch.

    Raises:
        InputError: the table cannot be read, lacks a column, or has a row that is no place on Earth.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = [_our_columns({_word(key): value for key, value in row.items()}) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The table of nadirs {table} cannot be read: check its name and that it is a CSV.") from error
    missing = [name for name in COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise InputError(f"The table of nadirs {table} has no column {missing[0]}: it needs {', '.join(COLUMNS)}.")
    by_name: dict[str, list[Path]] = {}
    for photo in photos:
        by_name.setdefault(photo.name, []).append(photo)
        if number := nasa_photo_number(photo.name):
            by_name.setdefault(number, []).append(photo)
    found: dict[Path, Nadir] = {}
    for line, row in enumerate(rows, start=2):
        values = [str(row.get(name) or "").strip() for name in ("lat", "lon", "km")]
        values = ["" if value.upper() == "NULL" else value for value in values]
        name = Path(str(row["file"] or "").strip().replace("\\", "/")).name
        named = by_name.get(name) or by_name.get(nasa_photo_number(name) or "", [])
        if not named or not (values[0] and values[1]):
            continue
        try:
            place = nadir(",".join(value for value in values if value))
        except argparse.ArgumentTypeError as error:
            raise InputError(f"Row {line} of the table of nadirs {table} is wrong: {error}.") from error
        found |= dict.fromkeys(named, place)
    return found


def _word(key: str | None) -> str:
    return (key or "").strip().lower()


def _our_columns(row: dict[str, Any]) -> dict[str, Any]:
    """A row by our names of the columns."""
    nadir_of_nasa = next((pair for pair in NASA_NADIRS if set(pair) <= set(row)), None)
    found = {NAMES.get(key, key): value for key, value in row.items()}
    if nadir_of_nasa is not None:
        found["lat"], found["lon"] = (row[name] for name in nadir_of_nasa)
    elif OF_FRAMES & set(row):
        found = {name: value for name, value in found.items() if name not in ("lat", "lon")}
    if "file" not in found:
        parts = [_of_any_table(row, name) for name in NUMBER]
        named = next((row[name] for name in NASA_FILES if name in row), None)
        if all(parts):
            found["file"] = "-".join(parts)
        elif named is not None or all(_has(row, name) for name in NUMBER):
            found["file"] = named
    return found


def _of_any_table(row: dict[str, Any], name: str) -> str:
    """The value of a column, which may have the name of a table before its own."""
    values = (str(value or "").strip() for key, value in row.items() if key.split(".")[-1] == name)
    return next(filter(None, values), "")


def _has(row: dict[str, Any], name: str) -> bool:
    return any(key.split(".")[-1] == name for key in row)
