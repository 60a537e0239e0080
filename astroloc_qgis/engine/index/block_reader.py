"""Reading many blocks at once: neighbours overlap, so reading one picture of them all is cheaper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window, block_window
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block

Picture = tuple[NDArray[np.uint8], NDArray[np.bool_]]
"""Pixels (side, side, 3) and which of them are valid (side, side)."""


def group_in_sheets(blocks: Iterable[Block], strides: Mapping[int, int], most: int) -> list[list[Block]]:
    """Group neighbouring blocks, square by square.

    Args:
        blocks: in any order.
        strides: tiles from one block to the next, by zoom.
        most: largest number of blocks in a group.

    Returns:
        Groups, ordered by zoom, then from north to south and from west to east, like the blocks in each group.
    """
    side = max(1, int(most**0.5))
    groups: dict[tuple[int, int, int], list[Block]] = {}
    for block in sorted(blocks):
        reach = strides[block.zoom] * side
        groups.setdefault((block.zoom, block.row // reach, block.column // reach), []).append(block)
    return [group[start : start + most] for _, group in sorted(groups.items()) for start in range(0, len(group), most)]


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
