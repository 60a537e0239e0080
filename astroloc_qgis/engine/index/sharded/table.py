"""``shards.json``: the table that says which shard of an index covers which zoom and region.

Each shard is a folder beside it, ``shard-000000`` and so on, and an index of its own (``format``, version 3) of the
blocks of one zoom that begin in one tile of the web map.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.format import SHARDS, IndexInfo
from astroloc_qgis.engine.tiles import HALF_WORLD_M, mercator_to_lonlat

MOST_SHARDS = 100_000
"""A table of more is none."""
MOST_BYTES = 64 << 20
"""A table of more is not read."""
_NAME = re.compile(r"shard-\d{6}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_WORLD_M = 2 * HALF_WORLD_M
_MOST_ZOOM = 24


@dataclass(frozen=True)
class Shard:
    """One shard.

    Attributes:
        name: of its folder.
        zoom: of its blocks.
        tiles: first and last row, first and last column of the blocks' top-left tiles.
        rows: number of blocks.
        common: number of those on ground that all zooms of the index cover (``nadir_prior.size_penalty``).
        sha256: of its ``index.json``, which holds those of its other files.
    """

    name: str
    zoom: int
    tiles: tuple[int, int, int, int]
    rows: int
    common: int
    sha256: str

    @classmethod
    def of(cls, name: str, table: Table, common: int, sha256: str) -> Shard:
        """The entry of a shard with these blocks (n, 3) of one zoom."""
        first, last = table.min(axis=0), table.max(axis=0)
        tiles = (int(first[1]), int(last[1]), int(first[2]), int(last[2]))
        return cls(name, int(first[0]), tiles, len(table), common, sha256)

    def box(self, size: int) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees of all ground of its blocks, ``size`` tiles a side; east may pass 180."""
        top, bottom, left, right = self.tiles
        return _lonlat_box(self.zoom, top, bottom + size, left, right + size)

    def box_of_centres(self, size: int) -> tuple[float, float, float, float]:
        """The same of its blocks' centres."""
        top, bottom, left, right = (value + size / 2 for value in self.tiles)
        return _lonlat_box(self.zoom, top, bottom, left, right)


def write_table(folder: Path, shards: list[Shard], size: int) -> None:
    """Write ``shards.json``; the box of each shard, in degrees, is there for readers and is not read back."""
    entries = []
    for shard in shards:
        entry = dataclasses.asdict(shard)
        entry["tiles"] = list(shard.tiles)
        entry["bounds"] = [round(value, 4) for value in shard.box(size)]
        entries.append(entry)
    text = ",\n".join(f"  {json.dumps(entry)}" for entry in entries)
    (folder / SHARDS).write_text(f'{{"shards": [\n{text}\n]}}\n', encoding="utf-8")


def read_table(folder: Path, info: IndexInfo) -> list[Shard]:
    """Read ``shards.json``.

    Raises:
        InputError: it is missing or malformed, names what is no shard's folder, or disagrees with the description.
    """
    path = folder / SHARDS
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"{path.stat().st_size} bytes")
        entries = json.loads(path.read_text(encoding="utf-8"))["shards"]
        shards = [_shard(entry) for entry in entries]
        if not 0 < len(shards) <= MOST_SHARDS:
            raise ValueError(f"{len(shards)} shards")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"The index {folder} is damaged: {SHARDS} cannot be read; make it again.", repr(error)
        ) from error
    wrong = next((shard.name for shard in shards if not _NAME.fullmatch(shard.name)), None)
    if wrong is not None:
        raise InputError(
            f"The index {folder} is refused: {SHARDS} names the folder '{wrong[:60]}', which is no shard's: get it "
            "again."
        )
    if len({shard.name for shard in shards}) < len(shards):
        raise InputError(f"The index {folder} is damaged: {SHARDS} names a shard twice; make it again.")
    counts: dict[int, int] = {}
    for shard in shards:
        counts[shard.zoom] = counts.get(shard.zoom, 0) + shard.rows
    if counts != info.counts:
        raise InputError(
            f"The index {folder} is damaged: its shards hold {counts} blocks by zoom and should have {info.counts}; "
            "make it again."
        )
    return shards


def _shard(entry: Any) -> Shard:
    """A shard of what the table holds.

    Raises:
        ValueError: a number makes no sense.
        KeyError, TypeError: something is missing, or of another type.
    """
    numbers = [entry["zoom"], *entry["tiles"], entry["rows"], entry["common"]]
    if any(type(number) is not int for number in numbers) or len(numbers) != 7:
        raise TypeError("numbers that are not whole")
    zoom, top, bottom, left, right, rows, common = numbers
    side = 2**zoom if 0 <= zoom <= _MOST_ZOOM else 0
    if not (0 <= top <= bottom < side and 0 <= left <= right < side and 0 <= common <= rows and rows > 0):
        raise ValueError(f"numbers of a shard: {numbers}")
    if not isinstance(entry["name"], str) or not _SHA256.fullmatch(entry["sha256"]):
        raise ValueError("a name or a checksum that is none")
    return Shard(entry["name"], zoom, (top, bottom, left, right), rows, common, entry["sha256"])


def cells(table: Table, most: int) -> list[NDArray[np.int64]]:
    """Divide blocks into the groups that become shards: of one zoom each, in one tile of the web map.

    The world of a zoom is quartered until no part has more than ``most`` blocks, so that a shard covers little ground
    and the same blocks always give the same shards.

    Args:
        table: (N, 3) zoom, row, column.
        most: blocks in a shard.

    Returns:
        The numbers (n,) of each shard's blocks, rising: coarse zooms first, from north-west to south-east.
    """
    found: list[NDArray[np.int64]] = []

    def divide(numbers: NDArray[np.int64], zoom: int, depth: int) -> None:
        if len(numbers) <= most or depth >= zoom:
            found.append(numbers)
            return
        shift = zoom - depth - 1
        quarter = (table[numbers, 1] >> shift & 1) * 2 + (table[numbers, 2] >> shift & 1)
        for each in range(4):
            if len(part := numbers[quarter == each]):
                divide(part, zoom, depth + 1)

    for zoom in np.unique(table[:, 0]).tolist():
        divide(np.flatnonzero(table[:, 0] == zoom), zoom, 0)
    return found


def _lonlat_box(zoom: int, top: float, bottom: float, left: float, right: float) -> tuple[float, float, float, float]:
    tile = _WORLD_M / 2**zoom
    corners = [
        (left * tile - HALF_WORLD_M, HALF_WORLD_M - bottom * tile),
        (right * tile - HALF_WORLD_M, HALF_WORLD_M - top * tile),
    ]
    (west, south), (east, north) = mercator_to_lonlat(np.array(corners))
    return float(west), float(south), float(east), float(north)
