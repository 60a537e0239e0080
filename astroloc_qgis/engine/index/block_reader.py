"""Reading many blocks at once: neighbours overlap, so reading one picture of them all is cheaper."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window, block_window
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block

Picture = tuple[NDArray[np.uint8], NDArray[np.bool_]]
"""Pixels (side, side, 3) and which of them are valid (side, side)."""


@dataclass(frozen=True)
class Sheets(Sequence[Table]):
    """Groups of neighbouring blocks, square by square: by zoom, then from north to south and from west to east.

    Attributes:
        table: (N, 3) zoom, row, column of all blocks, in the order of the groups and of the blocks in each group.
        starts: (G + 1,) where each group begins in it; the last is its end.
    """

    table: Table
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, table: Table, strides: Mapping[int, int], most: int) -> Sheets:
        """Group blocks.

        Args:
            table: (N, 3) in any order.
            strides: tiles from one block to the next, by zoom.
            most: largest number of blocks in a group.
        """
        side = max(1, int(most**0.5))
        steps = {zoom: strides[zoom] * side for zoom in np.unique(table[:, 0]).tolist()}
        reach = np.array([steps[zoom] for zoom in table[:, 0].tolist()], dtype=np.int32)
        squares = np.column_stack((table[:, 0], table[:, 1] // reach, table[:, 2] // reach))
        order = np.lexsort((table[:, 2], table[:, 1], squares[:, 2], squares[:, 1], squares[:, 0]))
        squares = squares[order]
        edges = np.flatnonzero((squares[1:] != squares[:-1]).any(axis=1)) + 1
        edges = np.concatenate([[0], edges, [len(table)]]) if len(table) else np.zeros(1, dtype=np.int64)
        parts = [np.arange(start, end, most) for start, end in itertools.pairwise(edges.tolist())]
        return cls(np.ascontiguousarray(table[order]), np.concatenate([*parts, edges[-1:]]).astype(np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, number: int) -> Table: ...

    @overload
    def __getitem__(self, number: slice) -> list[Table]: ...

    def __getitem__(self, number: int | slice) -> Table | list[Table]:
        """(n, 3) the blocks of a group."""
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        number %= len(self)
        return self.table[self.starts[number] : self.starts[number + 1]]


def read_blocks(reference: Reference, blocks: Sequence[Block], pixels: int) -> Iterator[Picture]:
    """Read the pictures of blocks, in their order.

    One picture of them all is read and cut if that is less to read and if a tile is a whole number of pixels, so that
    the pixels are the same as those of blocks read one by one.

    Args:
        reference: the imagery.
        blocks: blocks of one zoom and size.
        pixels: pixels a side of a block.
    """
    if not blocks:
        return
    first, last_row, last_column = _bounds(blocks)
    size = first.size
    rows, columns = last_row + size - first.row, last_column + size - first.column
    if pixels % size or rows * columns > len(blocks) * size**2:
        for block in blocks:
            alone = reference.read(block_window(block, pixels))
            yield alone.pixels, alone.mask
        return
    tile = pixels // size
    left, top = first.column * first.tile_m - HALF_WORLD_M, HALF_WORLD_M - first.row * first.tile_m
    bounds = (left, top - rows * first.tile_m, left + columns * first.tile_m, top)
    sheet = reference.read(Window("EPSG:3857", bounds, columns * tile, rows * tile))
    for block in blocks:
        row, column = (block.row - first.row) * tile, (block.column - first.column) * tile
        part = np.s_[row : row + pixels, column : column + pixels]
        yield np.ascontiguousarray(sheet.pixels[part]), np.ascontiguousarray(sheet.mask[part])


def _bounds(blocks: Sequence[Block]) -> tuple[Block, int, int]:
    """The block in the north-west corner of a group (it need not be in the group), its last row, its last column."""
    one = blocks[0]
    rows, columns = [block.row for block in blocks], [block.column for block in blocks]
    return Block(one.zoom, min(rows), min(columns), one.size), max(rows), max(columns)
