"""What an index will be before it is built: blocks, requests, size by kind of vector store, and time.

Nothing of the imagery is read, so the numbers are upper bounds: blocks without data are counted. Imports no heavy
library, so that a dialog can show them while the user types.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.format import BLOCKS, read_info, unpack_blocks
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.engine.tiles import Extent, lonlat_to_mercator, starts_in_extent
from astroloc_qgis.engine.weights.models import MODELS

KINDS = ("Flat", "SQfp16", "SQ8", "PQ128x7np", "PQ64np")
"""Kinds of vector store that an estimate compares: exact, half, quarter, and two that are product-quantised."""
BLOCK_SIZE = 4
MOST_ZOOM = 24
TEXTURE_BYTES = {True: 1920, False: 48}
"""Bytes of a block's texture: of an exact store, and of a quantised one."""
TILE_PX = 256
MOST_BLOCKS = 300_000_000
"""Of a zoom: all of the world has 268 million at zoom 15."""
_INFO_BYTES, _PER_BLOCK = 4096, 0.25
"""Bytes of ``index.json``, and of a block in the packed table of blocks."""
_PQ = re.compile(r"(?:(?:OPQ|PCA)(?P<first>\d+)(?:_\d+)?,)?PQ(?P<parts>\d+)(?:x(?P<bits>\d+))?np")
_FINEST = 11
"""Zoom of the land table: that of the finest blocks of the world's index."""


@dataclass(frozen=True)
class Estimate:
    """An estimate of an index.

    Attributes:
        blocks: number of blocks by zoom.
        bytes_by_kind: size on disk by kind of vector store.
        tiles: web tiles that are read where the imagery is a service, each once.
        seconds: time of the build; None where none was measured.
        land_only: whether open sea was left out.
    """

    blocks: Mapping[int, int]
    bytes_by_kind: Mapping[str, int]
    tiles: int
    seconds: float | None
    land_only: bool

    @property
    def count(self) -> int:
        """Number of blocks."""
        return sum(self.blocks.values())


def estimate_index(
    zooms: Sequence[int],
    extent: Extent,
    *,
    stride: int = 2,
    land_only: bool = False,
    model: str = "astroloc-lite",
    kinds: Sequence[str] = KINDS,
    texture_zooms: Sequence[int] = (),
    image_px: int = 224,
    rate: float | None = None,
) -> Estimate:
    """Estimate an index.

    Args:
        zooms: web-map zooms of the blocks.
        extent: west, south, east, north in degrees; that of the imagery, or a part of it.
        stride: tiles from one block to the next.
        land_only: leave out open sea, as far as the world's index tells where that is.
        model: name of the descriptor; one that is not known has the default's 256 dimensions.
        kinds: of vector stores to compare.
        texture_zooms: zooms of the blocks with texture.
        image_px: pixels of a block's side as the model sees it.
        rate: blocks a second of earlier builds (``rates.known_rate``).

    Raises:
        InputError: the extent, the stride or a zoom makes no sense, a kind is none, or there are far too many blocks.
    """
    if not zooms:
        raise InputError("An index needs at least one zoom.")
    blocks = {}
    for zoom in sorted(set(zooms)):
        if not 0 <= zoom <= MOST_ZOOM:
            raise InputError(f"A zoom of an index is from 2 to {MOST_ZOOM}, not {zoom}.")
        _refuse_far_too_many(zoom, extent, stride)
        rows, columns = starts_in_extent(extent, zoom, BLOCK_SIZE, stride)
        blocks[zoom] = _on_land(rows, columns, zoom) if land_only else len(rows) * len(columns)
    count = sum(blocks.values())
    textured = sum(number for zoom, number in blocks.items() if zoom in set(texture_zooms))
    dimensions = MODELS[model].dimensions if model in MODELS and MODELS[model].dimensions else 256
    sizes = {}
    for kind in kinds:
        vector, table = bytes_of_kind(kind, dimensions)
        texture = textured * TEXTURE_BYTES[kind == "Flat"]
        sizes[kind] = round(count * (vector + _PER_BLOCK) + table + texture + _INFO_BYTES)
    across = BLOCK_SIZE / 2 ** max(0, math.floor(math.log2(BLOCK_SIZE * TILE_PX / image_px)))
    tiles = math.ceil(count * (stride * across / BLOCK_SIZE) ** 2)
    return Estimate(blocks, sizes, tiles, count / rate if rate else None, land_only)


def bytes_of_kind(kind: str, dimensions: int) -> tuple[float, int]:
    """Bytes of a vector, and of the tables besides, in a kind of vector store (``plan.check_kind``).

    Raises:
        InputError: no such kind.
    """
    if kind in ("Flat", "SQfp16", "SQ8"):
        return dimensions * {"Flat": 4, "SQfp16": 2, "SQ8": 1}[kind], 0
    if found := re.fullmatch(r"IVF(\d+),Flat", kind):
        return 4 * dimensions + 8, 4 * dimensions * int(found[1])
    if found := _PQ.fullmatch(kind):
        bits = int(found["bits"] or 8)
        rotation = 4 * dimensions * dimensions if found["first"] else 0
        return math.ceil(int(found["parts"]) * bits / 8), 4 * dimensions * 2**bits + rotation
    raise InputError(f"An index cannot be of kind '{kind}': choose among {', '.join(KINDS)}.")


def _refuse_far_too_many(zoom: int, extent: Extent, stride: int) -> None:
    """Refuse what would take minutes to count; what else is wrong with an extent is told by ``starts_in_extent``."""
    west, south, east, north = extent
    if not all(map(math.isfinite, extent)) or stride < 1:
        return
    (_, bottom), (_, top) = lonlat_to_mercator([(west, south), (east, north)])
    columns, rows = ((east - west) % 360 or 360) / 360 * 2**zoom / stride, (top - bottom) / 4e7 * 2**zoom / stride
    if columns * rows > MOST_BLOCKS:
        raise InputError(
            f"At zoom {zoom} the extent has {columns * rows / 1e6:,.0f} million blocks: choose lower zooms or a "
            f"smaller extent, of at most {MOST_BLOCKS // 1_000_000} million blocks."
        )


def _on_land(rows: Sequence[int], columns: Sequence[int], zoom: int) -> int:
    """How many of the blocks of these rows and columns are on land or coast."""
    total = land_sums()
    scale = (total.shape[0] - 1) / 2**zoom
    start = np.asarray(columns, dtype=np.int64)
    left = np.floor(start * scale).astype(np.int64)
    right = np.ceil((start + BLOCK_SIZE) * scale).astype(np.int64)
    count = 0
    for row in rows:
        top, bottom = math.floor(row * scale), math.ceil((row + BLOCK_SIZE) * scale)
        found = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
        count += int(np.count_nonzero(found))
    return count


@lru_cache(maxsize=1)
def land_sums() -> NDArray[np.int32]:
    """Summed table (S + 1, 2 S + 1) of the tiles of zoom 11 that are land, twice around; S is 2048.

    Land is where the world's index has blocks. North and south of it, and where it did not come along, all is land.
    """
    side = 2**_FINEST
    land = np.zeros((side, side), dtype=bool)
    folder = shipped("index", "world")
    try:
        info = read_info(folder)
        table = unpack_blocks(folder / BLOCKS, info.count)
    except (InputError, ValueError, OSError):
        land[:] = True
        table, limits, extent = np.empty((0, 3), np.int32), {}, (-180.0, -85.0, 180.0, 85.0)
    else:
        limits, extent = dict(info.northern_limits), info.extent
    finest_north = limits.get(_FINEST, extent[3])
    _mark(land, table[table[:, 0] == _FINEST])
    if len(table) and finest_north < extent[3]:  # north of the finest blocks' limit, coarser ones tell
        rows, _ = starts_in_extent((-180.0, finest_north, 180.0, extent[3]), _FINEST, 1, 1)
        coarse = np.zeros_like(land)
        _mark(coarse, table[table[:, 0] == max(set(table[:, 0].tolist()) - set(limits), default=_FINEST)])
        land[rows[0] : rows[-1] + 1] |= coarse[rows[0] : rows[-1] + 1]
    rows, _ = starts_in_extent((-180.0, extent[1], 180.0, extent[3]), _FINEST, 1, 1)
    land[: rows[0]] = land[rows[-1] + 1 :] = True
    total = np.zeros((side + 1, 2 * side + 1), dtype=np.int32)
    total[1:, 1:] = np.tile(land, 2).cumsum(0, dtype=np.int32).cumsum(1, dtype=np.int32)
    return total


def _mark(land: NDArray[np.bool_], blocks: Table) -> None:
    """Mark the tiles of blocks."""
    side = len(land)
    for zoom in set(blocks[:, 0].tolist()):
        chosen = blocks[blocks[:, 0] == zoom]
        scale = side // 2**zoom
        rows = np.arange(BLOCK_SIZE * scale)
        for step in rows:
            row = np.minimum(chosen[:, 1] * scale + step, side - 1)
            for across in rows:
                land[row, (chosen[:, 2] * scale + across) % side] = True
