"""Tables of photos as people, spreadsheets and NASA write them: the one place that knows what columns are called.

Those who read a table (a batch, ``--nadirs``, the analyst's desk) ask its rows for values and make the sentences about
what is wrong.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.engine.geometry.coordinates import read_number
from astroloc_qgis.engine.geometry.nadir import ALTITUDES_KM, Nadir
from astroloc_qgis.engine.geometry.table_text import table_text
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.photo.tilt import TILT_WORDS, is_high_oblique

NAUTICAL_MILE_KM = 1.852
"""NASA's database has the station's height in nautical miles."""

_SEPARATOR_LINE = re.compile(r"\Asep=.\r?\n", re.IGNORECASE)
"""The first line of a table that Excel wrote: it names the separator, and no spreadsheet shows it."""
_SEPARATORS = ",;\t|"

NAMES: Mapping[str, tuple[str, ...]] = {
    "photo": (
        "photo", "file", "filename", "file name", "image", "path", "name", "foto", "datei", "bild", "images.filename",
    ),
    "number": ("number", "photo number", "nasa id", "nasa number", "id"),
    "km": ("km", "altitude", "altitude km", "nadir km", "height km", "höhe km"),
    "nautical_miles": ("frames.alt", "alt"),
    "radius": ("radius", "radius km", "centre km", "center km", "umkreis", "umkreis km"),
    "time": ("time", "taken", "datetime", "date time", "zeit", "aufnahmezeit", "nadir.ptime", "frames.ptime", "ptime"),
    "date": ("date", "datum", "nadir.pdate", "frames.pdate", "pdate"),
    "tilt": ("tilt", "frames.tilt", "tilt deg", "tilt degrees", "neigung"),
    "focal_mm": (
        "focal length", "focal length mm", "focal mm", "focal", "fclt", "frames.fclt", "camera.fclt", "brennweite",
        "brennweite mm",
    ),
    "features": ("frames.feat", "feat", "features"),
}  # fmt: skip
"""The columns and their names, in small letters, the likeliest first; underscores, hyphens and blanks are the same."""
_PARTS = {"mission": ("mission",), "roll": ("roll", "rull"), "frame": ("frame",)}
"""The parts of NASA's number, and how names of their columns begin (behind the name of a table of NASA's)."""
_ANY_NAME = re.compile(r"photo|image|file|name|\bid\b|nasa|foto|bild|datei|fichier|\bnom\b|immagine|\bnome\b")
"""A column of photos where none has one of the known names."""
_PLAIN = (("lat", "lon"), ("latitude", "longitude"), ("breite", "länge"))
_NASA = {"nadir": (("nadir.lat", "nadir.lon"), ("frames.nlat", "frames.nlon"), ("nlat", "nlon")),
         "centre": (("frames.lat", "frames.lon"), ("clat", "clon"))}  # fmt: skip
_WORDS = {"nadir": ("nadir", "sub satellite", "subpoint"), "centre": ("center", "centre", "cntr", "cent", "mitte")}
_LATITUDE, _LONGITUDE = re.compile(r"lat|breite"), re.compile(r"lon|länge|laenge")
_OF_FRAMES = frozenset({"nlat", "tilt", "geon", "feat"})
"""Columns of NASA's table of frames, whose "lat" and "lon" are the photo's centre; elsewhere they are the nadir."""


class CellError(ValueError):
    """A value cannot be read.

    Attributes:
        value: as it is written.
        what: it should be: "latitude", "longitude", ...
        of: of what: "nadir", "centre", or "".
    """

    def __init__(self, value: str, what: str, of: str = "", unit: str = "degrees") -> None:
        self.value, self.what, self.of = value, what, of
        super().__init__(f"“{value}” is no {what}{f' of the {of}' if of else ''} in {unit}")


class SurplusError(ValueError):
    """A row has more values than the table has columns.

    Attributes:
        values: how many it has.
        columns: of the table.
    """

    def __init__(self, values: int, columns: int) -> None:
        self.values, self.columns = values, columns
        super().__init__(f"{values} values in {columns} columns")


@dataclass(frozen=True)
class PhotoRow:
    """A row: what it says of a photo.

    Attributes:
        line: its number as a spreadsheet counts, the names of the columns being the first.
        values: by the names of ``NAMES``, without blanks around them; "" for what is empty or NULL.
        count: values in it, empty ones at its end left out.
        columns: of the table.
    """

    line: int
    values: Mapping[str, str]
    count: int
    columns: int

    def value(self, name: str) -> str:
        """A value; "" where there is none."""
        return self.values.get(name, "")

    def check_count(self) -> None:
        """See that its values are those of the columns.

        Raises:
            SurplusError: there are more (decimal commas without quotes, above all).
        """
        if self.count > self.columns:
            raise SurplusError(self.count, self.columns)

    @property
    def number(self) -> str | None:
        """NASA's number of the photo, in one spelling; what stands in its place where that is none."""
        parts = [self.value(name) for name in _PARTS]
        said = self.value("number") or ("-".join(parts) if all(parts) else "")
        return nasa_photo_number(said) or said or nasa_photo_number(self.value("photo"))

    @property
    def named(self) -> str:
        """What names the photo, as the row has it: a number, or a file."""
        return self.number or self.value("photo") or "-".join(filter(None, map(self.value, _PARTS)))

    def place(self, of: str) -> tuple[float, float] | None:
        """Latitude, longitude of "nadir" or "centre", degrees; None where the row does not say.

        Raises:
            CellError: one of them is empty, no number, or outside its range.
        """
        lat, lon = self.value(f"{of}_lat"), self.value(f"{of}_lon")
        if not (lat or lon):
            return None
        return _degrees(lat, "latitude", of, -90, 90), _degrees(lon, "longitude", of, -180, 360)

    def nadir(self) -> Nadir | None:
        """The nadir, with the height where the row has one that a spacecraft takes photos from.

        Raises:
            ValueError: it is no place, or the height is none.
        """
        place = self.place("nadir")
        if place is None:
            return None
        if self.value("km"):
            return Nadir.at(*place, read_number(self.value("km")))
        try:
            km = read_number(self.value("nautical_miles")) * NAUTICAL_MILE_KM
        except ValueError:
            return Nadir.at(*place)
        return Nadir.at(*place, km if ALTITUDES_KM[0] < km <= ALTITUDES_KM[1] else None)

    def positive(self, name: str, what: str, unit: str) -> float | None:
        """A number above zero; None where the row has none.

        Raises:
            CellError: it is something else.
        """
        cell = self.value(name)
        if not cell:
            return None
        try:
            if (found := read_number(cell)) > 0:
                return found
        except ValueError:
            pass
        raise CellError(cell, what, unit=unit)

    def tilt(self) -> tuple[str, bool]:
        """Degrees from straight down, or one of ``TILT_WORDS``, "" for neither; and whether that is high oblique.

        Raises:
            CellError: it is something else.
        """
        cell = self.value("tilt")
        said = cell.upper()
        if cell and said not in TILT_WORDS:
            said = f"{_degrees(cell, 'tilt', '', 0, 90):g}"
        return said, is_high_oblique(said, self.value("features"))


@dataclass(frozen=True)
class PhotoTable:
    """A table with one photo a row.

    Attributes:
        names: of its columns, plain: in small letters, with blanks for underscores and hyphens.
        places: the columns of each of ``NAMES`` (and ``nadir_lat``, ...) that it has, the likeliest first.
        separator: of its values.
        text: the whole.
    """

    names: Sequence[str]
    places: Mapping[str, Sequence[int]]
    separator: str
    text: str

    def has(self, *names: str) -> bool:
        """Whether it has all of these columns."""
        return set(names) <= set(self.places)

    @property
    def names_photos(self) -> bool:
        """Whether it says which photos its rows are of."""
        return self.has("photo") or self.has("number") or self.has(*_PARTS)

    def rows(self) -> Iterator[PhotoRow]:
        """The rows that are not empty.

        Raises:
            csv.Error: it is no CSV.
        """
        cells_of_rows = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.separator)
        for line, row in enumerate(cells_of_rows, start=1):
            cells = ["" if cell.strip().upper() == "NULL" else cell.strip() for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if line > 1 and cells:
                values = {name: _first(cells, places) for name, places in self.places.items()}
                yield PhotoRow(line, values, len(cells), len(self.names))


def open_table(path: Path) -> PhotoTable:
    """Read a table, separated by commas, semicolons, tabs or bars.

    Args:
        path: CSV in UTF-8, UTF-16 or Windows's code page of Western Europe, with names of columns in its first row.

    Raises:
        OSError: it cannot be read.
    """
    text = _SEPARATOR_LINE.sub("", table_text(path.read_bytes()))
    first = text.split("\n", 1)[0]
    tables = [_table(first, separator, text) for separator in _SEPARATORS]
    return max(tables, key=lambda table: (len(table.places), len(table.names)))


def _table(first: str, separator: str, text: str) -> PhotoTable:
    names = [_plain(name) for name in next(csv.reader([first], delimiter=separator), [])]
    places: dict[str, Sequence[int]] = {}
    for column, known in NAMES.items():
        if found := [names.index(name) for name in known if name in names] or [
            number for number, name in enumerate(names) if name.replace(".", " ") in known
        ]:
            places[column] = found
    for part, beginnings in _PARTS.items():
        if found := [n for n, name in enumerate(names) if name.split(".")[-1].startswith(beginnings)]:
            places[part] = found
    for of in _NASA:
        if pair := _pair(names, of):
            places[f"{of}_lat"], places[f"{of}_lon"] = [pair[0]], [pair[1]]
    table = PhotoTable(names, places, separator, text)
    if not table.names_photos and (any_name := [n for n, name in enumerate(names) if _ANY_NAME.search(name)]):
        places["photo"] = any_name[:1]
    return table


def _pair(names: Sequence[str], of: str) -> tuple[int, int] | None:
    """The columns with latitude and longitude of "nadir" or "centre"."""
    plain_are = "centre" if _OF_FRAMES & set(names) else "nadir"
    exact = (*_NASA[of], *(_PLAIN if of == plain_are else ()))
    named = next((pair for pair in exact if set(pair) <= set(names)), None)
    worded = _worded(names, _WORDS[of])
    if named is None or (worded is not None and named in _PLAIN):
        return worded
    return names.index(named[0]), names.index(named[1])


def _worded(names: Sequence[str], words: Sequence[str]) -> tuple[int, int] | None:
    mine = [number for number, name in enumerate(names) if any(word in name for word in words)]
    lat = next((number for number in mine if _LATITUDE.search(names[number])), None)
    lon = next((number for number in mine if number != lat and _LONGITUDE.search(names[number])), None)
    return None if lat is None or lon is None else (lat, lon)


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]+", " ", name.strip().lower()).strip()


def _first(cells: Sequence[str], places: Sequence[int]) -> str:
    return next((cells[place] for place in places if place < len(cells) and cells[place]), "")


def _degrees(cell: str, what: str, of: str, least: float, most: float) -> float:
    try:
        if least <= (value := read_number(cell)) <= most:
            return value
    except ValueError:
        pass
    raise CellError(cell, what, of)
