"""What a block looks like from nearer: its vector, and those of the blocks of the next zoom that lie within it.

A large block is described at the model's input size like a small one, so what a photo of half its width shows clearly
is blurred in it. Adding what the index knows of its parts makes both likenesses count. Averaging a database's vectors
with related ones is known as database-side augmentation (Turcot and Lowe, ICCV workshops 2009; Arandjelovic and
Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012); here it is geography that
relates them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table


def with_finer_blocks(vectors: NDArray[np.float32], table: Table, size: int, weight: float) -> NDArray[np.float32]:
    """Add to each vector the mean of those of the blocks of the next finer zoom that lie wholly within its block.

    Args:
        vectors: (N, D), L2-normalised.
        table: (N, 3) zoom, row, column, each at most once.
        size: tiles a side of a block.
        weight: of the mean.

    Returns:
        (N, D), L2-normalised; where there is no finer block, as before.
    """
    keys = _keys(table[:, 0], table[:, 1], table[:, 2])
    order = np.argsort(keys)
    ordered = keys[order]
    sums = np.zeros(vectors.shape, dtype=np.float32)
    counts = np.zeros(len(vectors), dtype=np.float32)
    for down in range(size + 1):
        for right in range(size + 1):
            wanted = _keys(table[:, 0] + 1, 2 * table[:, 1] + down, 2 * table[:, 2] + right)
            place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
            there = np.flatnonzero(ordered[place] == wanted)
            sums[there] += vectors[order[place[there]]]
            counts[there] += 1
    together = vectors + weight * sums / np.maximum(counts, 1)[:, None]
    return np.asarray(together / np.maximum(np.linalg.norm(together, axis=1, keepdims=True), 1e-12))


def _keys(zooms: NDArray[np.int32], rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.int64]:
    """(N,) a number for each block; columns beyond the world's edge go on at the other."""
    wide = np.left_shift(np.int64(1), zooms.astype(np.int64))
    return (zooms.astype(np.int64) << 54) | (rows.astype(np.int64) << 27) | (columns.astype(np.int64) % wide)
