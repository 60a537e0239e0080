"""Weak labels: a table of photos, each with a centre that is good to a degree or two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from astroloc_qgis.engine.batch.photos import BatchPhoto
from astroloc_qgis.engine.batch.table import read_table
from astroloc_qgis.engine.errors import InputError


def weakly_labelled_photos(table: Path) -> list[BatchPhoto]:
    """The photos of a table, see ``table.read_table``; one without a centre has a ``problem`` that says so.

    Raises:
        InputError: no such table, no photos in it, or none with a centre.
    """
    if table.is_dir():
        raise InputError(f"{table} is a folder: name a table (CSV) with photo, centre lat and centre lon.")
    photos = read_table(table)
    if not any(photo.centre or photo.problem for photo in photos):
        raise InputError(
            f"The table {table} gives no centre of any photo: it needs the columns 'centre lat' and 'centre lon' "
            "('lat' and 'lon' are the point below the station)."
        )
    return [photo if photo.centre or photo.problem else replace(photo, problem=_without(photo)) for photo in photos]


def _without(photo: BatchPhoto) -> str:
    return f"The table gives no centre for {photo.path.name}: fill in 'centre lat' and 'centre lon'."
