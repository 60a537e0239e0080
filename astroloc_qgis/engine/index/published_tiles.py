"""The tiles of a published index: read from the table of their paths, whose names say block, year and corners."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table, bounds_3857
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.plan import BLOCK_SIZE
from astroloc_qgis.engine.tiles import Block, mercator_to_lonlat

TURNS = 4
"""Rows that a tile has in the published index."""
CORNER_TOLERANCE = 0.05
"""By how much a tile's corners may differ from its block's, as a share of its side."""
NUMBER = "faiss_index"
"""The column with the number of a row of the index."""
_YEAR = 10
"""Place of the year among the fields of a tile's name: nothing, eight of corners, ``zoom_row_column``, year."""


@dataclass(frozen=True)
class Tiles:
    """The tiles of a table, in the order of the index's upright rows.

    Attributes:
        blocks: (N, 3) zoom, row, column.
        years: (N,).
    """

    blocks: Table
    years: NDArray[np.int64]


def read_table(path: Path, rows: int, vectors: Path) -> Tiles:
    """The tiles of the upright rows of a published index.

    Args:
        path: CSV with one row a tile, or one a row of the index with its number in the column ``faiss_index``. Without
            such numbers the tiles are in the order of their sorted paths, compared folder by folder.
        rows: of the index.
        vectors: the index, to name it.

    Raises:
        InputError: the table cannot be read, or its tiles are not those of the rows.
    """
    numbers: list[int] = []
    paths: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for number, name in _named_rows(stream, path):
                if number is not None:
                    numbers.append(number)
                paths.append(name)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"The table {path} cannot be read: expected is a CSV of the tiles' paths.", str(error)
        ) from error
    count = rows // TURNS
    if numbers:
        order = np.asarray(numbers, dtype=np.int64)
        if sorted(numbers) not in (list(range(count)), list(range(rows))):
            raise _do_not_fit(path, vectors, rows, len(set(paths)))
        upright: list[str] = [""] * count
        for at in np.argsort(order, kind="stable"):
            number, name = int(order[at]), paths[at]
            if number < count:
                upright[number] = name
            elif upright[number % count] != name:
                raise InputError(
                    f"Row {number:,} of the table {path} names another tile than row {number % count:,}: expected are "
                    "all tiles upright, then all turned by 90, 180 and 270 degrees."
                )
    else:
        upright = sorted(set(paths), key=lambda name: PurePosixPath(name).parts)
        if len(upright) != count:
            raise _do_not_fit(path, vectors, rows, len(upright))
    return _parsed(upright, path)


def _do_not_fit(table: Path, vectors: Path, rows: int, tiles: int) -> InputError:
    return InputError(
        f"The index {vectors} has {rows:,} rows and the table {table} names {tiles:,} tiles, which would have "
        f"{TURNS * tiles:,} rows, four turns each: name the table of this index."
    )


def _named_rows(stream: Any, path: Path) -> Iterator[tuple[int | None, str]]:
    """Number of the row of the index, where the table has it, and path of the tile, row by row."""
    column: int | None = None
    numbered: int | None = None
    header: list[str] = []
    for line, row in enumerate(csv.reader(stream), start=1):
        if column is None:
            column = next((place for place, cell in enumerate(row) if "@" in cell), None)
            if column is None:
                if header:
                    raise InputError(
                        f"The table {path} has no column with tiles' paths (@…@zoom_row_column@year@…@.jpg)."
                    )
                header = row
                continue
            numbered = header.index(NUMBER) if NUMBER in header else None
        if not row:
            continue
        try:
            yield (None if numbered is None else int(row[numbered])), row[column].replace("\\", "/")
        except (IndexError, ValueError) as error:
            raise InputError(f"Line {line} of the table {path} cannot be understood: {','.join(row)[:80]}") from error
    if column is None:
        raise _no_paths(path)


def _no_paths(path: Path) -> InputError:
    return InputError(f"The table {path} has no column with tiles' paths (@…@zoom_row_column@year@…@.jpg).")


def _parsed(names: list[str], table: Path) -> Tiles:
    """The blocks that tiles' names say, checked against the corners that they say too."""
    blocks = np.empty((len(names), 3), dtype=np.int32)
    years = np.empty(len(names), dtype=np.int64)
    corners = np.empty((len(names), 4, 2))
    for at, name in enumerate(names):
        fields = PurePosixPath(name).name.split("@")
        try:
            zoom, row, column = (int(part) for part in fields[9].split("_"))
            blocks[at] = Block(zoom, row, column, BLOCK_SIZE).zoom, row, column
            years[at] = int(fields[_YEAR][:4])
            corners[at] = np.array([float(part) for part in fields[1:9]]).reshape(4, 2)
        except (IndexError, ValueError, InputError) as error:
            raise InputError(
                f"The table {table} names '{PurePosixPath(name).name[:120]}', which is no tile of EarthLoc's database "
                "(@…@zoom_row_column@year@…@.jpg)."
            ) from error
    bounds = bounds_3857(blocks, BLOCK_SIZE)
    low, high = mercator_to_lonlat(bounds[:, :2]), mercator_to_lonlat(bounds[:, 2:])
    expected = np.column_stack((low[:, 1], low[:, 0], high[:, 1], high[:, 0]))
    found = np.column_stack((corners.min(axis=1), corners.max(axis=1)))
    side = np.column_stack([expected[:, 2:] - expected[:, :2]] * 2)
    off = (np.abs(found - expected) > CORNER_TOLERANCE * side).any(axis=1) & (expected[:, 3] <= 180)
    if off.any():
        at = int(np.flatnonzero(off)[0])
        raise InputError(
            f"The tile '{PurePosixPath(names[at]).name[:120]}' of the table {table} has other corners than the block "
            f"of {BLOCK_SIZE} x {BLOCK_SIZE} tiles {'/'.join(map(str, blocks[at]))}: it is of another tiling."
        )
    return Tiles(blocks, years)


def newest(tiles: Tiles) -> NDArray[np.int64]:
    """The rows to keep, rising: of the tiles of one block that of the latest year."""
    order = np.lexsort((-tiles.years, tiles.blocks[:, 2], tiles.blocks[:, 1], tiles.blocks[:, 0]))
    ordered = tiles.blocks[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return np.sort(order[first])
