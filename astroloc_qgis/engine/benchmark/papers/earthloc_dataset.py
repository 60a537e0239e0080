"""EarthLoc's dataset: tiles and queries whose names say where they lie, and the file of which of them overlap.

Berton et al., "EarthLoc", CVPR 2024. ``database/<year>_<zoom>/<lat>_<lon>/`` has the tiles, ``queries/`` the photos.
The intersections file is a dict of a query's file name to its overlapping tiles, each a path from the dataset's folder,
alone or first in a tuple.
"""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.tiles import Block

log = logging.getLogger(__name__)

INTERSECTIONS = ("queries_intersections_with_db_2021.pt", "queries_intersections_with_db_2021.torch")
"""Names that the authors gave to the file."""
_SUFFIXES = {".jpg", ".jpeg", ".png"}
_IDENTITY, _YEAR, _NADIR = 8, 9, 10
"""Places among the fields of a name, after the eight of corners: a tile's block or a photo's number, the year or the
date, and the latitude of the nadir (of a tile: of its middle), with its longitude after it."""


@dataclass(frozen=True)
class DatasetTile:
    """A tile.

    Attributes:
        path: the picture.
        block: the block that it shows.
        year: of the imagery.
        lonlat: (2,) its middle.
    """

    path: Path
    block: Block
    year: int
    lonlat: tuple[float, float]


@dataclass(frozen=True)
class DatasetQuery:
    """A photo.

    Attributes:
        path: the picture.
        footprint: (4, 2) longitude, latitude of its corners, around it.
        nadir_lonlat: (2,) the sub-satellite point.
    """

    path: Path
    footprint: Array
    nadir_lonlat: tuple[float, float]


def read_tiles(folder: Path, year: int | None) -> list[DatasetTile]:
    """Read the names of a dataset's tiles, in the order of their paths.

    Args:
        folder: of the dataset.
        year: of the tiles; None for any.

    Raises:
        InputError: the folder has none (of that year).
    """
    tiles = []
    for path, fields in _named(folder / "database"):
        try:
            zoom, row, column = (int(part) for part in fields[_IDENTITY].split("_"))
            middle = float(fields[_NADIR + 1]), float(fields[_NADIR])
            tile = DatasetTile(path, Block(zoom, row, column), int(fields[_YEAR][:4]), middle)
        except (IndexError, ValueError):
            log.warning("left out %s: its name is not one of a tile", path)
            continue
        if year in (None, tile.year):
            tiles.append(tile)
    if not tiles:
        of_year = "" if year is None else f" of the year {year}"
        raise InputError(f"{folder / 'database'} holds no tiles{of_year} named as EarthLoc's are: name the dataset.")
    return tiles


def read_queries(folder: Path) -> list[DatasetQuery]:
    """Read the names of a dataset's photos, in the order of their paths.

    Raises:
        InputError: the folder has none.
    """
    queries = []
    for path, fields in _named(folder / "queries"):
        try:
            corners = np.array([float(value) for value in fields[:8]]).reshape(4, 2)[:, ::-1]
            nadir = float(fields[_NADIR + 1]), float(fields[_NADIR])
        except (IndexError, ValueError):
            log.warning("left out %s: its name is not one of a photo", path)
            continue
        queries.append(DatasetQuery(path, around(corners), nadir))
    if not queries:
        raise InputError(f"{folder / 'queries'} holds no photos named as EarthLoc's are: name the dataset.")
    return queries


def around(corners: Array) -> Array:
    """(4, 2) longitude, latitude in an order that runs around the photo; longitudes without a jump."""
    ring = corners.copy()
    ring[:, 0] = np.unwrap(ring[:, 0], period=360)
    from_middle = ring - ring.mean(axis=0)
    return np.asarray(ring[np.argsort(np.arctan2(from_middle[:, 1], from_middle[:, 0]))])


def find_intersections(folder: Path) -> Path | None:
    """The intersections file of a dataset, where it has one."""
    return next((folder / name for name in INTERSECTIONS if (folder / name).is_file()), None)


def read_intersections(path: Path) -> dict[str, list[str]]:
    """Read which tiles each photo overlaps.

    Args:
        path: the authors' file (PyTorch), or the same as JSON. No code in it is run: of classes only paths and NumPy's
            numbers are understood.

    Returns:
        Name of a photo's file to the paths of tiles, from the dataset's folder.

    Raises:
        InputError: the file cannot be read, or is something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.suffix.lower() == ".json" else _loaded(path)
        if not isinstance(content, Mapping):
            raise TypeError(f"it holds a {type(content).__name__}")
        return {PurePosixPath(str(query)).name: [_tile(entry) for entry in tiles] for query, tiles in content.items()}
    except (OSError, ValueError, TypeError, KeyError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise InputError(
            f"The intersections {path} cannot be understood: they are a dict of photo to tiles, as PyTorch or as JSON.",
            repr(error),
        ) from error


def _loaded(path: Path) -> Any:
    import torch

    paths = [(PurePosixPath, f"{module}.PosixPath") for module in ("pathlib", "pathlib._local")]
    scalar = np.float64(0).__reduce__()[0]  # its module has another name in NumPy 2
    numbers = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    kinds = [np.dtype, *(type(np.dtype(kind)) for kind in ("float32", "float64", "int64"))]
    with torch.serialization.safe_globals([*paths, *numbers, *kinds]):
        return torch.load(path, map_location="cpu", weights_only=True)


def _tile(entry: Any) -> str:
    first = entry[0] if isinstance(entry, list | tuple) else entry
    if not isinstance(first, str | PurePosixPath):
        raise TypeError(f"{first!r} is no path of a tile")
    return str(PurePosixPath(str(first)))


def _named(top: Path) -> list[tuple[Path, list[str]]]:
    """The pictures below a folder that are named by fields between @, with these fields."""
    paths = [path for path in sorted(top.rglob("@*@*")) if path.suffix.lower() in _SUFFIXES]
    return [(path, path.name.split("@")[1:-1]) for path in paths]
