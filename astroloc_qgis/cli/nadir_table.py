"""The table of ``--nadirs``: the sub-satellite point of each photo of a batch."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from astroloc_qgis.cli.values import nadir
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir

COLUMNS = ("file", "lat", "lon")
"""What the table must have; "km", the height of the camera, may follow."""
NAMES = {"nadir_lat": "lat", "latitude": "lat", "nadir_lon": "lon", "longitude": "lon", "photo": "file"}
"""Other names of the columns."""


def read_nadirs(table: Path, photos: Sequence[Path]) -> dict[Path, Nadir]:
    """Read the nadirs of photos; rows of other photos, and those without numbers, are left out.

    Args:
        table: CSV with the columns file, lat, lon (degrees) and, if known, km; ``file`` is a photo's name or path.
        photos: of the batch.

    Raises:
        InputError: the table cannot be read, lacks a column, or has a row that is no place on Earth.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = [
                {NAMES.get(_word(key), _word(key)): value for key, value in row.items()} for row in csv.DictReader(file)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The table of nadirs {table} cannot be read: check its name and that it is a CSV.") from error
    missing = [name for name in COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise InputError(f"The table of nadirs {table} has no column {missing[0]}: it needs {', '.join(COLUMNS)}.")
    by_name: dict[str, list[Path]] = {}
    for photo in photos:
        by_name.setdefault(photo.name, []).append(photo)
    found: dict[Path, Nadir] = {}
    for number, row in enumerate(rows, start=2):
        values = [str(row.get(name) or "").strip() for name in ("lat", "lon", "km")]
        named = by_name.get(Path(str(row["file"] or "").strip().replace("\\", "/")).name, [])
        if not named or not (values[0] and values[1]):
            continue
        try:
            place = nadir(",".join(value for value in values if value))
        except argparse.ArgumentTypeError as error:
            raise InputError(f"Row {number} of the table of nadirs {table} is wrong: {error}.") from error
        found |= dict.fromkeys(named, place)
    return found


def _word(key: str | None) -> str:
    return (key or "").strip().lower()
