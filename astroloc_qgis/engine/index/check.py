"""Checking the content of an index whose files are what its description says."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress

PART = 8192
"""Vectors in memory at a time."""
LENGTHS = (0.5, 1.5)
"""Lengths that a vector may have: it is made with length 1, and a quantised one is a little off."""


def check_content(index: Index, progress: Progress = no_progress) -> None:
    """Check that blocks and vectors make sense: each block once and on Earth, the vectors finite and of length 1.

    Args:
        index: opened with ``thorough``, so that its checksums hold.
        progress: told the stage "read"; may raise ``Cancelled``.

    Raises:
        InputError: they do not; the sentence says what.
        Cancelled: by ``progress``.
    """
    table = index.blocks
    _ = index.coarse
    problem = _problem_of_blocks(table, index.info.counts)
    for start in range(0, len(index), PART):
        if problem:
            break
        progress("read", start / len(index))
        vectors = index.vectors(np.arange(start, min(start + PART, len(index))))
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.isfinite(lengths).all():
            problem = "a vector holds numbers that are not finite"
        elif ((lengths < LENGTHS[0]) | (lengths > LENGTHS[1])).any():
            problem = "a vector is not of length 1"
    if problem:
        raise InputError(f"The index {index.folder} is damaged: {problem}; build it again.")


def _problem_of_blocks(table: Table, counts: dict[int, int]) -> str:
    zooms, rows, columns = table.astype(np.int64).T
    if len(np.unique(table, axis=0)) != len(table):
        return "it holds a block twice"
    tiles = np.left_shift(1, np.clip(zooms, 0, 40))
    if ((zooms < 0) | (zooms > 24) | (rows < 0) | (rows >= tiles) | (columns < 0) | (columns >= tiles)).any():
        return "it holds a block that is not on Earth"
    found = dict(zip(*(part.tolist() for part in np.unique(zooms, return_counts=True)), strict=True))
    return "" if found == counts else f"it holds {found} blocks by zoom and should have {counts}"
