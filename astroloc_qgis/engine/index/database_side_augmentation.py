"""Database-side augmentation: a block's vector is combined with those of the finer blocks within it.

Turcot and Lowe, ICCV workshops 2009; Arandjelovic and Zisserman, "Three things everyone should know to improve object
retrieval", CVPR 2012. There, related database vectors are found by matching; here geography relates them. A large block
is described at the same input size as a small one, so details that a photo of half its width shows are blurred in it;
the vectors of the finer blocks contain them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import BlockLookup, Table

PART = 1024
"""Vectors that are augmented at a time."""


def with_database_side_augmentation(
    vectors: NDArray[np.float32], table: Table, size: int, weight: float
) -> NDArray[np.float32]:
    """Add to each vector the mean vector of the blocks of the next finer zoom that lie wholly within its block.

    Args:
        vectors: (N, D), L2-normalised.
        table: (N, 3) zoom, row, column, each at most once.
        size: tiles a side of a block.
        weight: weight of the mean.

    Returns:
        (N, D), L2-normalised; unchanged for blocks without finer ones.
    """
    parts = augmented_parts(table, size, weight, lambda rows: vectors[rows])
    return np.concatenate([vectors[:0], *parts])


def augmented_parts(
    table: Table,
    size: int,
    weight: float,
    vectors_at: Callable[[NDArray[np.int64]], NDArray[np.float32]],
    part: int = PART,
) -> Iterator[NDArray[np.float32]]:
    """The same for vectors of which only a part is in memory at a time.

    Args:
        table: (N, 3) zoom, row, column, each at most once.
        size: tiles a side of a block.
        weight: weight of the mean.
        vectors_at: gives the vectors (n, D) of some rows of the table, ascending.
        part: vectors to augment at a time.

    Yields:
        All vectors, in parts (n, D).
    """
    lookup = BlockLookup(table)
    for start in range(0, len(table), part):
        own = np.arange(start, min(start + part, len(table)), dtype=np.int64)
        finer = np.stack(list(finer_within(table[own], lookup, size)))
        rows = np.unique(finer[finer >= 0])
        vectors, there_are = vectors_at(own), vectors_at(rows)
        sums = np.zeros(vectors.shape, dtype=np.float32)
        counts = np.zeros(len(vectors), dtype=np.float32)
        for places in finer:
            there = np.flatnonzero(places >= 0)
            sums[there] += there_are[np.searchsorted(rows, places[there])]
            counts[there] += 1
        together = vectors + weight * sums / np.maximum(counts, 1)[:, None]
        yield np.asarray(together / np.maximum(np.linalg.norm(together, axis=1, keepdims=True), 1e-12))


def finer_within(table: Table, lookup: BlockLookup, size: int) -> Iterator[NDArray[np.int64]]:
    """Find the blocks of the next finer zoom that lie wholly within each block.

    Args:
        table: (N, 3) zoom, row, column of the blocks.
        lookup: of the table that holds the finer blocks.
        size: tiles a side of a block.

    Yields:
        (N,) places in the lookup's table, -1 for none: for one position within the block at a time.
    """
    for down in range(size + 1):
        for right in range(size + 1):
            yield lookup.find(table[:, 0] + 1, 2 * table[:, 1] + down, 2 * table[:, 2] + right)


def coarser_about(table: Table, lookup: BlockLookup, size: int) -> Iterator[NDArray[np.int64]]:
    """Find the blocks of the next coarser zoom that contain each block's centre, like ``finer_within``."""
    for up in range(size):
        for left in range(size):
            row, column = ((table[:, axis] + size // 2) // 2 - back for axis, back in ((1, up), (2, left)))
            yield lookup.find(table[:, 0] - 1, row, column)
