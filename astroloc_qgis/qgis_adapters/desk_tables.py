"""Nadir and centre of photos, read from a table of NASA's metadata."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.coordinates import read_number
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.table_text import table_text
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.qgis_adapters.text import tr

_PARTS = re.compile(r"(ISS|STS)0*(\d{1,3})[-_ ]?([A-Z]{1,3})[-_ ]?0*(\d{1,7})", re.IGNORECASE)
_SEPARATOR_LINE = re.compile(r"\Asep=.\r?\n", re.IGNORECASE)
"""The first line of a table that Excel wrote: it names the separator, and no spreadsheet shows it."""
_NUMBER = re.compile(r"photo|image|file|name|\bid\b|nasa|foto|bild|datei|fichier|\bnom\b|immagine|\bnome\b")
_NADIR = ("nadir", "sub-satellite", "subpoint")
_CENTRE = ("center", "centre", "cntr", "cent", "mitte")
_NASA_NADIRS = (("nadir.lat", "nadir.lon"), ("frames.nlat", "frames.nlon"), ("nlat", "nlon"))
_NASA_CENTRE = ("frames.lat", "frames.lon")
"""NASA's columns; "lat" and "lon" without the name of a table are the centre where they are beside "nlat"."""
_LATITUDE = re.compile(r"lat|breite")
_LONGITUDE = re.compile(r"lon|länge|laenge")


@dataclass(frozen=True)
class Known:
    """What a table says of a photo.

    Attributes:
        nadir: the sub-satellite point, if the table has it.
        centre: (latitude, longitude) of the photo's centre in degrees, if the table has it.
    """

    nadir: Nadir | None
    centre: tuple[float, float] | None


@dataclass(frozen=True)
class Metadata:
    """What a table says of its photos.

    Attributes:
        known: by the photo's number in capitals without leading zeros ("ISS56E181034"); photos that the table says
            nothing of are left out.
        problems: a sentence for each row that could not be read.
    """

    known: Mapping[str, Known]
    problems: tuple[str, ...]


def read_metadata(path: Path) -> Metadata:
    """Read a table with one photo a row, separated by commas, semicolons, tabs or bars.

    The columns are found by their names, upper or lower case: the photo's number in one called photo, image, file, name
    or id, or in mission, roll and frame; places in those with "nadir" or "center" (or "centre"), and "lat" or "lon"; in
    NASA's own tables in nadir.lat, frames.nlat or nlat, and the centre in frames.lat, or in lat beside nlat.
    German, French and Italian names of these are known too. Numbers may have decimal commas, and the file may be of
    UTF-8, UTF-16 or Windows's code page of Western Europe.

    Args:
        path: of the table.

    Raises:
        InputError: no such file, or no such columns.
    """
    try:
        text = table_text(path.read_bytes())
    except OSError as error:
        raise InputError(tr("The table {file} cannot be read.").format(file=path), repr(error)) from error
    text = _SEPARATOR_LINE.sub("", text)
    first = text.split("\n", 1)[0]
    columns = max((_columns(first, separator) for separator in ",;\t|"), key=lambda found: found.fitness)
    if not columns.number or (columns.nadir is None and columns.centre is None):
        sentence = tr("{file} has no columns for the photo's number and its nadir or centre (nadir lat, nadir lon, …).")
        raise InputError(sentence.format(file=path.name), first[:300])
    known, problems = {}, []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=columns.separator), start=1):
            if number == 1:
                continue
            try:
                if said := columns.read(row):
                    known[said[0]] = said[1]
            except ValueError as error:
                problems.append(tr("{file}, row {row}: {problem}.").format(file=path.name, row=number, problem=error))
    except csv.Error as error:
        raise InputError(tr("The table {file} cannot be read.").format(file=path), repr(error)) from error
    return Metadata(known, tuple(problems))


def photo_key(name: str) -> str:
    """A photo's number in one spelling: "iss056e181034_lrg.jpg" and "ISS056-E-181034" are both "ISS56E181034"."""
    number = nasa_photo_number(name)
    parts = _PARTS.search(number or name)
    if parts is None:
        return number or ""  # on film: the roll is a number, and hyphens tell it from the frame
    programme, mission, roll, frame = parts.groups()
    return f"{programme.upper()}{int(mission)}{roll.upper()}{int(frame)}"


@dataclass(frozen=True)
class _Columns:
    """The columns of a table: how many, and the places of those with a photo's number, its nadir and its centre."""

    separator: str
    count: int
    number: list[int]
    nadir: tuple[int, int] | None
    centre: tuple[int, int] | None

    @property
    def fitness(self) -> tuple[int, int]:
        """How likely the separator is: by the columns that we know, then by all."""
        return bool(self.number) + (self.nadir is not None) + (self.centre is not None), self.count

    def read(self, row: list[str]) -> tuple[str, Known] | None:
        """What a row says, with its photo's key; None for a row that says nothing.

        Raises:
            ValueError: it cannot be read; the message says what.
        """
        cells = ["" if cell.strip().upper() == "NULL" else cell.strip() for cell in row]
        while len(cells) > self.count and not cells[-1]:
            cells.pop()
        if len(cells) > self.count:
            sentence = tr("{n} values in {columns} columns (decimal commas need quotes or semicolons)")
            raise ValueError(sentence.format(n=len(cells), columns=self.count))
        cells += [""] * (self.count - len(cells))
        nadir, centre = _place(cells, self.nadir), _place(cells, self.centre)
        if nadir is None and centre is None:
            return None
        name = "-".join(cells[column] for column in self.number)
        if not (key := photo_key(name)):
            raise ValueError(tr("“{value}” is no photo number").format(value=name))
        return key, Known(None if nadir is None else Nadir(*nadir), centre)


def _columns(first: str, separator: str) -> _Columns:
    """The columns by their names, in the first row of a table."""
    row = next(csv.reader([first], delimiter=separator), [])
    names = [name.strip().lower().replace("_", " ") for name in row]
    nadir = next((pair for pair in _NASA_NADIRS if set(pair) <= set(names)), None)
    centre = next((pair for pair in (_NASA_CENTRE, *([("lat", "lon")] if "nlat" in names else []))
                   if set(pair) <= set(names)), None)  # fmt: skip
    return _Columns(
        separator,
        len(names),
        _number_columns(names),
        _pair(names, _NADIR) if nadir is None else _named(names, nadir),
        _pair(names, _CENTRE) if centre is None else _named(names, centre),
    )


def _named(names: list[str], pair: tuple[str, str]) -> tuple[int, int]:
    return names.index(pair[0]), names.index(pair[1])


def _number_columns(names: list[str]) -> list[int]:
    parts = [
        next((n for n, name in enumerate(names) if name.split(".")[-1].startswith(part)), -1)
        for part in (("mission",), ("roll", "rull"), ("frame",))
    ]
    if min(parts) >= 0:
        return parts
    one = next((n for n, name in enumerate(names) if _NUMBER.search(name)), None)
    return [] if one is None else [one]


def _pair(names: list[str], words: tuple[str, ...]) -> tuple[int, int] | None:
    mine = [number for number, name in enumerate(names) if any(word in name for word in words)]
    lat = next((number for number in mine if _LATITUDE.search(names[number])), None)
    lon = next((number for number in mine if _LONGITUDE.search(names[number])), None)
    return None if lat is None or lon is None else (lat, lon)


def _place(cells: list[str], columns: tuple[int, int] | None) -> tuple[float, float] | None:
    """Latitude and longitude of a row; None where both cells are empty.

    Raises:
        ValueError: one of them is empty, is no number or lies outside its range.
    """
    if columns is None or not (cells[columns[0]] or cells[columns[1]]):
        return None
    lat = _degrees(cells[columns[0]], tr("latitude"), -90, 90)
    return lat, _degrees(cells[columns[1]], tr("longitude"), -180, 360)


def _degrees(cell: str, what: str, least: float, most: float) -> float:
    try:
        if least <= (value := read_number(cell)) <= most:
            return value
    except ValueError:
        pass
    raise ValueError(tr("“{value}” is no {what} in degrees").format(value=cell, what=what))
