"""What a block looks like from nearer: its vector, and those of the blocks of the next zoom that lie within it.

A large block is described at the model's input size like a small one, so what a photo of half its width shows clearly
is blurred in it. Adding what the index knows of its parts makes both likenesses count. Averaging a database's vectors
with related ones is known as database-side augmentation (Turcot and Lowe, ICCV workshops 2009; Arandjelovic and
Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012); here it is geography that
relates them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import BlockLookup, Table


def with_database_side_augmentation(
    vectors: NDArray[np.float32], table: Table, size: int, weight: float
) -> NDArray[np.float32]:
    """Add to each vector the mean of those of the blocks of the next finer zoom that lie wholly within its block.

    Args:
        vectors: (N, D), L2-normalised.
        table: (N, 3) zoom, row, column, each at most once.
        size: tiles a side of a block.
        weight: of the mean.

    Returns:
        (N, D), L2-normalised; where there is no finer block, as before.
    """
    sums = np.zeros(vectors.shape, dtype=np.float32)
    counts = np.zeros(len(vectors), dtype=np.float32)
    for finer in finer_within(table, BlockLookup(table), size):
        there = np.flatnonzero(finer >= 0)
        sums[there] += vectors[finer[there]]
        counts[there] += 1
    together = vectors + weight * sums / np.maximum(counts, 1)[:, None]
    return np.asarray(together / np.maximum(np.linalg.norm(together, axis=1, keepdims=True), 1e-12))


def finer_within(table: Table, lookup: BlockLookup, size: int) -> Iterator[NDArray[np.int64]]:
    """The blocks of the next finer zoom that lie wholly within each block: one after the other, for all blocks at once.

    Args:
        table: (N, 3) zoom, row, column of the blocks.
        lookup: where finer blocks are looked for.
        size: tiles a side of a block.

    Yields:
        (N,) places in the lookup's table, -1 where there is no such block.
    """
    for down in range(size + 1):
        for right in range(size + 1):
            yield lookup.find(table[:, 0] + 1, 2 * table[:, 1] + down, 2 * table[:, 2] + right)


def coarser_about(table: Table, lookup: BlockLookup, size: int) -> Iterator[NDArray[np.int64]]:
    """The blocks of the next coarser zoom that hold each block's centre; arguments and result as ``finer_within``'s."""
    for up in range(size):
        for left in range(size):
            row, column = ((table[:, axis] + size // 2) // 2 - back for axis, back in ((1, up), (2, left)))
            yield lookup.find(table[:, 0] - 1, row, column)
