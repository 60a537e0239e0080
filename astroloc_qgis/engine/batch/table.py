"""A table of the photos of a batch: photo, and where they are known nadir, centre, time, number, tilt and lens."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from astroloc_qgis.engine.batch.photos import BatchPhoto
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.photo.suffixes import is_photo_name
from astroloc_qgis.engine.photo.table import PhotoRow, PhotoTable, open_table

_TIMES = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y:%m:%d %H:%M:%S", "%Y%m%d %H%M%S", "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M",
)  # fmt: skip
"""Forms of a time beside ISO 8601: that of EXIF, NASA's, the German one."""


def read_table(path: Path) -> list[BatchPhoto]:
    """Read a table with one photo a row (``photo.table`` knows the names of its columns).

    A photo is named relative to the table's folder, or by the NASA number alone of a photo in that folder. Numbers may
    have decimal commas. A row that cannot be understood is kept with its ``problem``; of rows for one photo the first
    counts.

    Args:
        path: of the table.

    Raises:
        InputError: no such table, no column that names the photos, or no rows.
    """
    folder = path.resolve().parent
    files = _Numbers(folder)
    found: dict[Path, BatchPhoto] = {}
    for row in _rows(path):
        photo = _photo(row, files.path_of(row), folder)
        found.setdefault(photo.path, photo)
    if not found:
        raise InputError(f"The table {path} has no rows: it needs one for each photo.")
    return list(found.values())


def with_table(photos: Sequence[BatchPhoto], path: Path) -> list[BatchPhoto]:
    """Photos of a folder, each with what a table says of it; rows of other photos are left out.

    A row is of the photos whose file has the name that it gives, else of those with its NASA number.

    Args:
        photos: of the folder.
        path: of the table.

    Raises:
        InputError: no such table, or no column that names the photos.
    """
    by_name: dict[str, list[Path]] = {}
    for photo in photos:
        for key in {photo.path.name, nasa_photo_number(photo.path.name) or ""} - {""}:
            by_name.setdefault(key, []).append(photo.path)
    said: dict[Path, BatchPhoto] = {}
    for row in _rows(path):
        name = Path(row.value("photo").replace("\\", "/")).name
        for each in by_name.get(name) or by_name.get(row.number or "") or []:
            said.setdefault(each, _photo(row, each, each.parent))
    return [replace(said.get(photo.path, photo), path=photo.path) for photo in photos]


class _Numbers:
    """The photos beside a table, by NASA's number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: Mapping[str, Path] | None = None

    def path_of(self, row: PhotoRow) -> Path | None:
        """The file of a row's photo; None where it names none, and none has its number."""
        said = row.value("photo").replace("\\", "/")
        if said:
            return self._folder / said
        if self._found is None:
            files = [path for path in sorted(self._folder.iterdir()) if is_photo_name(path)]
            self._found = {number: path for path in files if (number := nasa_photo_number(path.name)) is not None}
        return self._found.get(row.number or "")


def _rows(path: Path) -> Iterator[PhotoRow]:
    """The rows of a table.

    Raises:
        InputError: no such table, no column that names the photos, or no CSV.
    """
    try:
        table: PhotoTable = open_table(path)
    except OSError as error:
        raise InputError(
            f"{path} is neither a folder nor a table that can be read: check its name.", repr(error)
        ) from error
    if not table.names_photos:
        raise InputError(
            f"The table {path} has no column that names its photos: it needs 'photo' (or 'number'), and may have "
            "'nadir lat', 'nadir lon', 'km', 'centre lat', 'centre lon', 'time', 'tilt' and 'focal length'."
        )
    try:
        yield from table.rows()
    except csv.Error as error:
        raise InputError(f"The table {path} cannot be read as CSV ({error}): save it again.", repr(error)) from error


def _photo(row: PhotoRow, path: Path | None, folder: Path) -> BatchPhoto:
    """The photo of a row."""
    try:
        row.check_count()
        if path is None:
            raise ValueError(f"no photo of the number “{row.number or ''}” lies in {folder}")
        tilt, high_oblique = row.tilt()
        return BatchPhoto(
            path, row.nadir(), row.place("centre"), _time(row), row.number,
            radius_km=row.positive("radius", "radius", "kilometres"), tilt=tilt, high_oblique=high_oblique,
            focal_mm=row.positive("focal_mm", "focal length", "millimetres"),
        )  # fmt: skip
    except ValueError as error:
        named = path or folder / (row.number or f"row {row.line}")
        return BatchPhoto(named, number=row.number, problem=f"Row {row.line} of the table is wrong: {error}.")


def _time(row: PhotoRow) -> datetime | None:
    """UTC without a zone; None where there is none, or a date alone."""
    if not row.value("time"):
        return None
    said = f"{row.value('date')} {row.value('time')}".strip()
    readers: list[Callable[[str], datetime]] = [lambda text: datetime.fromisoformat(text.replace("Z", "+00:00"))]
    readers += [lambda text, form=form: datetime.strptime(text, form) for form in _TIMES]  # type: ignore[misc]
    for reader in readers:
        try:
            found = reader(said)
        except ValueError:
            continue
        return found if found.tzinfo is None else found.astimezone(timezone.utc).replace(tzinfo=None)
    raise ValueError(f"“{said}” is no time such as 2018-07-10 13:45:12")
