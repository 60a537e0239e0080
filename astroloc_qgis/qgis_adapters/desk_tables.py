"""Nadir and centre of photos, read from a table of NASA's metadata."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.engine.photo.table import CellError, PhotoRow, SurplusError, open_table
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

    ``engine.photo.table`` knows the names of the columns, NASA's and those of several languages among them. Numbers may
    have decimal commas, and the file may be of UTF-8, UTF-16 or Windows's code page of Western Europe.

    Args:
        path: of the table.

    Raises:
        InputError: no such file, or no such columns.
    """
    try:
        table = open_table(path)
        if not table.names_photos or not (table.has("nadir_lat") or table.has("centre_lat")):
            sentence = tr(
                "{file} has no columns for the photo's number and its nadir or centre (nadir lat, nadir lon, …)."
            )
            raise InputError(sentence.format(file=path.name), ", ".join(table.names)[:300])
        rows = list(table.rows())
    except (OSError, csv.Error) as error:
        raise InputError(tr("The table {file} cannot be read.").format(file=path), repr(error)) from error
    known: dict[str, Known] = {}
    problems = [problem for row in rows if (problem := _read_row(row, path.name, known))]
    return Metadata(known, tuple(problems))


def photo_key(name: str) -> str:
    """A photo's number in one spelling: "iss056e181034_lrg.jpg" and "ISS056-E-181034" are both "ISS56E181034"."""
    number = nasa_photo_number(name)
    parts = _PARTS.search(number or name)
    if parts is None:
        return number or ""  # on film: the roll is a number, and hyphens tell it from the frame
    programme, mission, roll, frame = parts.groups()
    return f"{programme.upper()}{int(mission)}{roll.upper()}{int(frame)}"


def _read_row(row: PhotoRow, file: str, known: dict[str, Known]) -> str:
    """Add what a row says; returns what is wrong with it, "" where nothing is."""
    try:
        if said := _known(row):
            known[said[0]] = said[1]
    except ValueError as error:
        return tr("{file}, row {row}: {problem}.").format(file=file, row=row.line, problem=_sentence(error))
    return ""


def _known(row: PhotoRow) -> tuple[str, Known] | None:
    """What a row says, with its photo's key; None for a row that says nothing.

    Raises:
        ValueError: it cannot be read.
    """
    row.check_count()
    nadir, centre = row.nadir(), row.place("centre")
    if nadir is None and centre is None:
        return None
    if not (key := photo_key(row.named)):
        raise ValueError(tr("“{value}” is no photo number").format(value=row.named))
    return key, Known(nadir, centre)


def _sentence(error: ValueError) -> str:
    """What is wrong with a row, in the user's language."""
    if isinstance(error, SurplusError):
        sentence = tr("{n} values in {columns} columns (decimal commas need quotes or semicolons)")
        return sentence.format(n=error.values, columns=error.columns)
    if isinstance(error, CellError):
        names = {"latitude": tr("latitude"), "longitude": tr("longitude")}
        sentence = tr("“{value}” is no {what} in degrees")
        return sentence.format(value=error.value, what=names.get(error.what, error.what))
    return str(error)
