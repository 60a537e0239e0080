"""The bonus of texture for the blocks of one shard, as one index of all shards would give it.

The bonus of a block rests on the codes of blocks around it, and of the next coarser and finer zoom: those that lie in
other shards are gathered, as far as they can matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.descriptors.texture import TextureModel, Vectors
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.index.sharded.table import Shard
from astroloc_qgis.engine.index.texture_codes import TextureCodes

_MARGIN = 20
"""Tiles of a shard's zoom around it, from where a block of any zoom may matter: two blocks of the next coarser zoom."""


def texture_bonus(index: ShardedIndex, number: int, vector: Vectors) -> Vectors | None:
    """(n,) bonus of each block of a shard for a photo's texture (K,); None where the index has no texture.

    Raises:
        InputError: a shard around it is damaged.
    """
    if not index.info.texture_zooms:
        return None
    shard = index.shards[number]
    around = _codes_around(index, shard)
    return np.zeros(shard.rows, np.float32) if around is None else around.bonus_of(vector)[: shard.rows]


def _codes_around(index: ShardedIndex, shard: Shard) -> TextureCodes | None:
    zoom, info = shard.zoom, index.info
    sources = {coded for coded in info.texture_zooms if abs(coded - zoom) <= 1}
    tables: list[NDArray[np.int32]] = []
    codes: list[Any] = []
    for number, other in enumerate(index.shards):
        itself = other.name == shard.name
        if not itself and (other.zoom not in sources or not _may_matter(shard, other)):
            continue
        opened = index.shard(number)
        near = np.ones(len(opened), dtype=bool) if itself else _within(opened.blocks, shard)
        place = 0 if itself else len(tables)  # its own blocks come first
        tables.insert(place, opened.blocks[near])
        if other.zoom in sources and opened.texture is not None:
            codes.insert(0 if itself else len(codes), np.asarray(opened.texture.codes[near]))
    if not sources or not codes:
        return None
    strides = {coded: info.stride if isinstance(info.stride, int) else info.stride[coded] for coded in sources}
    table = np.concatenate(tables)
    return TextureCodes(TextureModel(), np.concatenate(codes), table, strides, info.block_size)


def _may_matter(shard: Shard, other: Shard) -> bool:
    top, bottom, left, right = other.tiles
    scale = 2.0 ** (shard.zoom - other.zoom)
    if (bottom + 1) * scale < shard.tiles[0] - _MARGIN or top * scale > shard.tiles[1] + _MARGIN:
        return False
    side, start = 2**shard.zoom, shard.tiles[2] - _MARGIN
    width = shard.tiles[3] - shard.tiles[2] + 2 * _MARGIN
    return (left * scale - start) % side <= width or (start - left * scale) % side <= (right + 1 - left) * scale


def _within(table: NDArray[np.int32], shard: Shard) -> NDArray[np.bool_]:
    """(n,) which blocks begin within the margin around a shard."""
    scale = np.exp2(shard.zoom - table[:, 0].astype(np.float64))
    rows, columns = table[:, 1] * scale, table[:, 2] * scale
    start = shard.tiles[2] - _MARGIN
    width = shard.tiles[3] - shard.tiles[2] + 2 * _MARGIN
    across = (columns - start) % 2**shard.zoom <= width
    return across & (rows >= shard.tiles[0] - _MARGIN) & (rows <= shard.tiles[1] + _MARGIN)
