"""Datasets of photos with footprints and of tiles in several years: a folder with a CSV, or EarthLoc's dataset.

EarthLoc (Berton et al., CVPR 2024) keeps the data of a picture in its file name, between @. A photo has four corners
(lat, lon), id, date, nadir lat, nadir lon, km2, orientation; a tile has corners, zoom_row_column, year, lat, lon, km2.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.mosaic import resized
from astroloc_qgis.engine.simulation.places import upright_rotation
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.engine.training.data.overlap import lonlat_polygon

log = logging.getLogger(__name__)

Array = NDArray[np.float64]
Pixels = NDArray[np.uint8]
TABLE = "photos.csv"
_SUFFIXES = {".jpg", ".jpeg", ".png"}
_TILE_FIELDS = 8 + 7
_PHOTO_FIELDS = 8 + 6


@dataclass(frozen=True)
class ImportedPhoto:
    """A photo with its footprint.

    Attributes:
        path: file of the picture.
        place: (4, 2) EPSG:3857 of its corners; in the photo's corner order if ``oriented``.
        oriented: whether the order of the corners tells the rotation of the photo. EarthLoc's corners do not: they run
            around a rectangle, from any of its corners.
    """

    path: Path
    place: Array
    oriented: bool

    def read(self, rng: np.random.Generator) -> tuple[Pixels, Array]:
        """Read the picture, rotated so that its top is within 45 degrees of north, and its place rotated alike.

        An unknown rotation is drawn from those at which the picture's sides fit the place's.

        Raises:
            InputError: the picture cannot be read.
        """
        image = read_picture(self.path)
        place = self.place
        if not self.oriented:
            place = _clockwise(place)
            wide = np.linalg.norm(place[1] - place[0]) >= np.linalg.norm(place[3] - place[0])
            quarter_turns = (0, 2) if wide == (image.shape[1] >= image.shape[0]) else (1, 3)
            place = np.roll(place, int(rng.choice(quarter_turns)), axis=0)
        upright = upright_rotation(place)
        return np.ascontiguousarray(np.rot90(image, -upright)), np.roll(place, upright, axis=0)


@dataclass(frozen=True)
class TileLibrary:
    """Tiles as pictures, in one or several years.

    Attributes:
        paths: file of each year and block.
    """

    paths: dict[tuple[int, Block], Path]

    @property
    def years(self) -> list[int]:
        """All years, in ascending order."""
        return sorted({year for year, _ in self.paths})

    @property
    def blocks(self) -> list[Block]:
        """All blocks of any year."""
        return sorted({block for _, block in self.paths})

    def read(self, year: int, block: Block, pixels: int) -> Pixels:
        """(pixels, pixels, 3) uint8 RGB.

        Raises:
            InputError: the year has no such block, or its picture cannot be read.
        """
        if (year, block) not in self.paths:
            raise InputError(f"The dataset has no tile {block} of the year {year}.")
        return resized(read_picture(self.paths[year, block]), pixels, pixels)


def read_picture(path: Path) -> Pixels:
    """(H, W, 3) uint8 RGB.

    Raises:
        InputError: the file is missing, or no picture.
    """
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise InputError(f"The picture {path} cannot be read.", str(error)) from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        raise InputError(f"The file {path} is no picture: leave it out of the dataset.")
    return np.ascontiguousarray(image[..., ::-1], dtype=np.uint8)


def imported_photos(folder: Path) -> list[ImportedPhoto]:
    """Find the photos of a folder with ``photos.csv``, or of EarthLoc's dataset (its ``queries``, or all below).

    Raises:
        InputError: the folder has neither, or the table is damaged.
    """
    table = folder / TABLE
    photos = list(_listed(table)) if table.is_file() else list(_named_photos(folder))
    if not photos:
        raise InputError(
            f"{folder} holds no photos to train on: it needs a {TABLE} (file, lon_tl, lat_tl, …) or pictures named as "
            "EarthLoc's queries are (@lat@lon@…@photo id@…@.jpg)."
        )
    return photos


def tile_library(folder: Path) -> TileLibrary:
    """Find the tiles of EarthLoc's dataset (its ``database``, or all below the folder).

    Raises:
        InputError: the folder has none.
    """
    top = folder / "database" if (folder / "database").is_dir() else folder
    paths: dict[tuple[int, Block], Path] = {}
    for path, fields in _named(top):
        if len(fields) < _TILE_FIELDS - 1 or fields[8].count("_") != 2:
            continue
        try:
            zoom, row, column = (int(part) for part in fields[8].split("_"))
            paths[int(fields[9]), Block(zoom, row, column)] = path
        except ValueError:
            log.warning("left out %s: its name is not one of a tile", path)
    if not paths:
        raise InputError(f"{folder} holds no tiles named as EarthLoc's are (@lat@lon@…@zoom_row_column@year@…@.jpg).")
    return TileLibrary(paths)


def _listed(table: Path) -> Iterator[ImportedPhoto]:
    names = [f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat")]
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            rows = [(row["file"], [float(row[name]) for name in names]) for row in csv.DictReader(stream)]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{table} is not a table of photos (file, {', '.join(names)}).", repr(error)) from error
    for file, corners in rows:
        yield ImportedPhoto(table.parent / file, lonlat_polygon(np.array(corners).reshape(4, 2)), oriented=True)


def _named_photos(folder: Path) -> Iterator[ImportedPhoto]:
    top = folder / "queries" if (folder / "queries").is_dir() else folder
    for path, fields in _named(top):
        if len(fields) < _PHOTO_FIELDS or fields[8].count("_") == 2:
            continue
        try:
            corners = np.array([float(value) for value in fields[:8]]).reshape(4, 2)
        except ValueError:
            log.warning("left out %s: its name is not one of a photo", path)
            continue
        yield ImportedPhoto(path, lonlat_polygon(corners[:, ::-1]), oriented=False)


def _named(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Pictures below a folder that are named by fields between @, with these fields."""
    for path in sorted(top.rglob("@*@*")):
        if path.suffix.lower() in _SUFFIXES:
            yield path, path.name.split("@")[1:-1]


def _clockwise(place: Array) -> Array:
    """(4, 2) corners in clockwise order as seen from above, the order of a photo's corners."""
    x, y = place.T
    counterclockwise = np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)) > 0
    return place[::-1].copy() if counterclockwise else place
