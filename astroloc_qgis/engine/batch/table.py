"""A table of the photos of a batch: photo, and where they are known nadir, centre, time and number."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path

from astroloc_qgis.engine.batch.photos import BatchPhoto
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.coordinates import read_number
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.table_text import table_text
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.photo.suffixes import is_photo_name

_SEPARATOR_LINE = re.compile(r"\Asep=.\r?\n", re.IGNORECASE)
"""The first line of a table that Excel wrote: it names the separator, and no spreadsheet shows it."""

_NAMES = {
    "photo": ("photo", "file", "filename", "file name", "image", "path", "name", "foto", "datei", "bild"),
    "number": ("number", "photo number", "nasa id", "nasa number", "id"),
    "mission": ("mission",),
    "roll": ("roll",),
    "frame": ("frame",),
    "nadir_lat": ("lat", "latitude", "nadir lat", "nadir latitude", "nlat", "breite", "nadir breite"),
    "nadir_lon": ("lon", "longitude", "nadir lon", "nadir longitude", "nlon", "länge", "nadir länge"),
    "km": ("km", "altitude", "altitude km", "nadir km", "height km", "höhe km"),
    "centre_lat": ("centre lat", "center lat", "centre latitude", "center latitude", "clat", "mitte breite"),
    "centre_lon": ("centre lon", "center lon", "centre longitude", "center longitude", "clon", "mitte länge"),
    "radius": ("radius", "radius km", "centre km", "center km", "umkreis", "umkreis km"),
    "time": ("time", "taken", "datetime", "date time", "zeit", "aufnahmezeit"),
    "date": ("date", "datum"),
}
"""The columns, and the names that they may have, in small letters; underscores, hyphens and dots count as spaces."""

_TIMES = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y:%m:%d %H:%M:%S", "%Y%m%d %H%M%S", "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M",
)  # fmt: skip
"""Forms of a time beside ISO 8601: that of EXIF, NASA's, the German one."""


def read_table(path: Path) -> list[BatchPhoto]:
    """Read a table with one photo a row, separated by commas, semicolons, tabs or bars.

    A photo is named relative to the table's folder, or by the NASA number alone of a photo in that folder. Numbers may
    have decimal commas. A row that cannot be understood is kept with its ``problem``; of rows for one photo the first
    counts.

    Args:
        path: CSV in UTF-8, UTF-16 or Windows's code page of Western Europe, with names of columns in its first row.

    Raises:
        InputError: no such table, no column that names the photos, or no rows.
    """
    try:
        text = _SEPARATOR_LINE.sub("", table_text(path.read_bytes()))
    except OSError as error:
        raise InputError(
            f"{path} is neither a folder nor a table that can be read: check its name.", repr(error)
        ) from error
    columns = max((_columns(text, separator) for separator in ",;\t|"), key=lambda found: found.fitness)
    if not columns.names_photos:
        raise InputError(
            f"The table {path} has no column that names its photos: it needs 'photo' (or 'number'), and may have "
            "'nadir lat', 'nadir lon', 'km', 'centre lat', 'centre lon' and 'time'."
        )
    rows = _Rows(path.resolve().parent, columns)
    found: dict[Path, BatchPhoto] = {}
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=columns.separator), start=1):
            if number > 1 and any(cell.strip() for cell in cells):
                photo = rows.photo(number, cells)
                found.setdefault(photo.path, photo)
    except csv.Error as error:
        raise InputError(f"The table {path} cannot be read as CSV ({error}): save it again.", repr(error)) from error
    if not found:
        raise InputError(f"The table {path} has no rows: it needs one for each photo.")
    return list(found.values())


@dataclass(frozen=True)
class _Columns:
    separator: str
    count: int
    places: Mapping[str, int]

    @property
    def names_photos(self) -> bool:
        return bool({"photo", "number"} & set(self.places)) or {"mission", "roll", "frame"} <= set(self.places)

    @property
    def fitness(self) -> tuple[int, int]:
        """How likely the separator is: by the columns that we know, then by all."""
        return len(self.places), self.count


@dataclass(frozen=True)
class _Rows:
    """Reads rows.

    Attributes:
        folder: of the table.
        columns: of the table.
    """

    folder: Path
    columns: _Columns

    def photo(self, number: int, cells: Sequence[str]) -> BatchPhoto:
        """The photo of a row, by its number in the file."""
        values = {
            name: cells[place].strip() if place < len(cells) else "" for name, place in self.columns.places.items()
        }
        photo_number = self._number(values)
        path = self._path(values, photo_number)
        try:
            if len([cell for cell in cells if cell.strip()]) > self.columns.count:
                raise ValueError(f"{len(cells)} values in {self.columns.count} columns")
            if path is None:
                raise ValueError(f"no photo of the number “{photo_number or ''}” lies in {self.folder}")
            centre, radius = _pair(values, "centre"), _radius(values)
            return BatchPhoto(path, _nadir(values), centre, _time(values), photo_number, radius_km=radius)
        except ValueError as error:
            named = path or self.folder / (photo_number or f"row {number}")
            return BatchPhoto(named, number=photo_number, problem=f"Row {number} of the table is wrong: {error}.")

    def _number(self, values: Mapping[str, str]) -> str | None:
        parts = [values.get(name, "") for name in ("mission", "roll", "frame")]
        said = values.get("number") or ("-".join(parts) if all(parts) else "")
        return nasa_photo_number(said) or said or nasa_photo_number(values.get("photo", ""))

    def _path(self, values: Mapping[str, str], number: str | None) -> Path | None:
        said = values.get("photo", "").replace("\\", "/")
        if said:
            return self.folder / said
        return self._by_number.get(number or "")

    @cached_property
    def _by_number(self) -> Mapping[str, Path]:
        """The photos beside the table, by NASA's number."""
        files = [path for path in sorted(self.folder.iterdir()) if is_photo_name(path)]
        return {number: path for path in files if (number := nasa_photo_number(path.name)) is not None}


def _columns(text: str, separator: str) -> _Columns:
    names = [_plain(name) for name in next(csv.reader([text.split("\n", 1)[0]], delimiter=separator), [])]
    places = {
        column: names.index(name)
        for column, known in _NAMES.items()
        if (name := next((name for name in known if name in names), None)) is not None
    }
    return _Columns(separator, len(names), places)


def _plain(name: str) -> str:
    return re.sub(r"[\s_.\-]+", " ", name.strip().lower()).strip()


def _nadir(values: Mapping[str, str]) -> Nadir | None:
    place = _pair(values, "nadir")
    if place is None:
        return None
    km = values.get("km", "")
    return Nadir.at(*place, read_number(km) if km else None)


def _radius(values: Mapping[str, str]) -> float | None:
    """Kilometres about the centre."""
    cell = values.get("radius", "")
    try:
        if not cell or (radius := read_number(cell)) > 0:
            return radius if cell else None
    except ValueError:
        pass
    raise ValueError(f"“{cell}” is no radius in kilometres")


def _pair(values: Mapping[str, str], what: str) -> tuple[float, float] | None:
    lat, lon = values.get(f"{what}_lat", ""), values.get(f"{what}_lon", "")
    if not (lat or lon):
        return None
    return _degrees(lat, f"latitude of the {what}", -90, 90), _degrees(lon, f"longitude of the {what}", -180, 360)


def _degrees(cell: str, what: str, least: float, most: float) -> float:
    try:
        if least <= (value := read_number(cell)) <= most:
            return value
    except ValueError:
        pass
    raise ValueError(f"“{cell}” is no {what} in degrees")


def _time(values: Mapping[str, str]) -> datetime | None:
    """UTC without a zone; None where there is none, or a date alone."""
    date, time = values.get("date", ""), values.get("time", "")
    if not time:
        return None
    said = f"{date} {time}".strip()
    readers: list[Callable[[str], datetime]] = [lambda text: datetime.fromisoformat(text.replace("Z", "+00:00"))]
    readers += [lambda text, form=form: datetime.strptime(text, form) for form in _TIMES]  # type: ignore[misc]
    for reader in readers:
        try:
            found = reader(said)
        except ValueError:
            continue
        return found if found.tzinfo is None else found.astimezone(timezone.utc).replace(tzinfo=None)
    raise ValueError(f"“{said}” is no time such as 2018-07-10 13:45:12")
