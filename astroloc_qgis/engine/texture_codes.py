"""An index's texture: the codes of its blocks of one zoom, and what they say of all its blocks.

Only the blocks of one zoom have codes. A block of the next finer zoom shares the likeness of those that hold its centre
(their mean), one of the next coarser zoom has that of the most alike within it.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import BlockLookup, Table
from astroloc_qgis.engine.finer_blocks import coarser_about, finer_within
from astroloc_qgis.engine.texture import Codes, TextureModel, Vectors

NOTHING = 0.05
"""A likeness up to this says nothing: those of other places have a standard deviation of 0.043. What is above it counts
like cosine similarity of descriptors. On two sets of simulated photos 0.03 to 0.07, with weights of 1 to 1.4, do as
well; without it the noise among so many blocks costs 1.4 points of recall."""


class TextureCodes:
    """The codes of an index.

    Args:
        model: that made them.
        codes: (M, bytes) of the blocks of ``zoom``, in the order of the table.
        table: (N, 3) zoom, row, column of all blocks of the index.
        zoom: of the blocks that have codes.
        size: tiles a side of a block.
    """

    def __init__(self, model: TextureModel, codes: Codes, table: Table, zoom: int, size: int) -> None:
        self._model, self._codes, self._table, self._zoom, self._size = model, codes, table, zoom, size

    def gains(self, photo: np.ndarray) -> Vectors:
        """(N,) what a photo's texture (h, w, 3 uint8 RGB) adds to the score of each block; 0 where nothing is known."""
        return self.gains_of(self._model.describe_photo(photo))

    def gains_of(self, vector: Vectors) -> Vectors:
        """(N,) what a texture (K,) of ``TextureModel.describe_photo`` adds to the score of each block, at least 0."""
        # One more, which stands for blocks that are not there.
        likeness = np.append(np.maximum(self._model.likeness(vector, self._codes) - NOTHING, 0), np.float32(0))
        found = np.zeros(len(self._table), dtype=np.float32)
        zooms = self._table[:, 0]
        found[zooms == self._zoom] = likeness[:-1]
        there = self._coarser >= 0
        found[zooms == self._zoom + 1] = likeness[self._coarser].sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        found[zooms == self._zoom - 1] = likeness[self._finer].max(axis=0, initial=0)
        return found

    @cached_property
    def _lookup(self) -> BlockLookup:
        return BlockLookup(self._table[self._table[:, 0] == self._zoom])

    @cached_property
    def _coarser(self) -> NDArray[np.int64]:
        """(n, F) places of the blocks with codes about each block of the next finer zoom; -1 for none."""
        finer = self._table[self._table[:, 0] == self._zoom + 1]
        return _compact(np.stack(list(coarser_about(finer, self._lookup, self._size))))

    @cached_property
    def _finer(self) -> NDArray[np.int64]:
        """(n, C) places of the blocks with codes within each block of the next coarser zoom; -1 for none."""
        coarser = self._table[self._table[:, 0] == self._zoom - 1]
        return _compact(np.stack(list(finer_within(coarser, self._lookup, self._size))))


def _compact(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """(P, F) places with -1 for none to the same in as few rows as the most that any column has."""
    most = int((places >= 0).sum(axis=0).max(initial=0))
    return np.asarray(-np.sort(-places, axis=0)[:most])
