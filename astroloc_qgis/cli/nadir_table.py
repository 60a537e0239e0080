"""The table of ``--nadirs``: the sub-satellite point of each photo of a batch, in our columns or NASA's."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.photo.table import PhotoRow, PhotoTable, open_table

COLUMNS = ("file", "lat", "lon")
"""What the table must have; "km", the height of the camera, may follow."""


def read_nadirs(table: Path, photos: Sequence[Path]) -> dict[Path, Nadir]:
    """Read the nadirs of photos; rows of other photos, and those without numbers, are left out.

    Args:
        table: CSV with the columns file, lat, lon (degrees) and, if known, km; ``file`` is a photo's name, path or
            number. Or a table of NASA's photo database, with mission, roll, frame and nadir.lat, nadir.lon (or nlat,
            nlon). ``photo.table`` knows other names of these columns.
        photos: of the batch.

    Raises:
        InputError: the table cannot be read, lacks a column, or has a row that is no place on Earth.
    """
    by_name: dict[str, list[Path]] = {}
    for photo in photos:
        by_name.setdefault(photo.name, []).append(photo)
        if number := nasa_photo_number(photo.name):
            by_name.setdefault(number, []).append(photo)
    try:
        opened = open_table(table)
        _check_columns(table, opened)
        rows = list(opened.rows())
    except (OSError, csv.Error) as error:
        raise InputError(f"The table of nadirs {table} cannot be read: check its name and that it is a CSV.") from error
    found: dict[Path, Nadir] = {}
    for row in rows:
        name = Path(row.value("photo").replace("\\", "/")).name
        named = by_name.get(name) or by_name.get(row.number or "", [])
        place = _nadir(table, row) if named and row.value("nadir_lat") and row.value("nadir_lon") else None
        if place is not None:
            found |= dict.fromkeys(named, place)
    return found


def _check_columns(path: Path, table: PhotoTable) -> None:
    """See that a table has the columns of photos and nadirs.

    Raises:
        InputError: one is missing.
    """
    missing = None if table.names_photos else "file"
    if missing is None and not table.has("nadir_lat", "nadir_lon"):
        missing = "lon" if "lat" in table.names and not table.has("centre_lat") else "lat"
    if missing is not None:
        raise InputError(f"The table of nadirs {path} has no column {missing}: it needs {', '.join(COLUMNS)}.")


def _nadir(table: Path, row: PhotoRow) -> Nadir | None:
    try:
        row.check_count()
        return row.nadir()
    except ValueError as error:
        raise InputError(f"Row {row.line} of the table of nadirs {table} is wrong: {error}.") from error
