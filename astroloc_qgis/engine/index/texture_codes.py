"""An index's texture: the codes of its blocks of one zoom, and what they say of all its blocks.

Only the blocks of one zoom have codes. Where these overlap, a block's similarity is averaged with its neighbours':
they show much of the same ground, and their codes have other errors. A block of the next finer zoom gets the mean
similarity of those that hold its centre, one of the next coarser zoom the greatest similarity within it.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import BlockLookup, Table
from astroloc_qgis.engine.descriptors.texture import Codes, TextureModel, Vectors
from astroloc_qgis.engine.index.database_side_augmentation import coarser_about, finer_within

NOTHING = 0.05
"""A similarity up to this says nothing: those of other places have a standard deviation of 0.043. What is above it
counts like cosine similarity of descriptors. On two sets of simulated photos 0.03 to 0.07, with weights of 1 to 1.4, do
as well; without it the noise of many blocks costs 1.4 points of recall."""
SIDES, CORNERS = 0.4, 0.15
"""Weights of the mean of the four neighbours that share a side's half with a block, and of the four at its corners. On
the same photos they are worth 2.0 points of recall, 2.9 by IoU; half and twice of them are not far behind."""
AS_LIKE = 1 + 0.6 * SIDES + 0.3 * CORNERS
"""What the sum is divided by: the neighbours of the right block are about 0.6 and 0.3 times as like the photo as it."""


class TextureCodes:
    """The codes of an index.

    Args:
        model: that made them.
        codes: (M, bytes) of the blocks of ``zoom``, in the order of the table; or their vectors (M, K), unquantised.
        table: (N, 3) zoom, row, column of all blocks of the index.
        zoom: of the blocks that have codes.
        size: tiles a side of a block.
        stride: tiles from one of the blocks that have codes to the next.
    """

    def __init__(
        self, model: TextureModel, codes: Codes | Vectors, table: Table, zoom: int, size: int, stride: int
    ) -> None:
        self._model, self._codes, self._table, self._zoom, self._size = model, codes, table, zoom, size
        self._stride = stride

    def bonus(self, photo: np.ndarray) -> Vectors:
        """(N,) what a photo's texture (h, w, 3 uint8 RGB) adds to the score of each block; 0 where nothing is known."""
        return self.bonus_of(self._model.describe_photo(photo))

    def bonus_of(self, vector: Vectors) -> Vectors:
        """(N,) what a texture (K,) of ``TextureModel.describe_photo`` adds to the score of each block, at least 0."""
        # One more, which stands for blocks that are not there.
        similarity = self._averaged(self._model.similarity(vector, self._codes))
        similarity = np.append(np.maximum(similarity - NOTHING, 0), np.float32(0))
        found = np.zeros(len(self._table), dtype=np.float32)
        zooms = self._table[:, 0]
        found[zooms == self._zoom] = similarity[:-1]
        there = self._coarser >= 0
        found[zooms == self._zoom + 1] = similarity[self._coarser].sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        found[zooms == self._zoom - 1] = similarity[self._finer].max(axis=0, initial=0)
        return found

    def _averaged(self, similarity: Vectors) -> Vectors:
        """(M,) likenesses, each with its neighbours' if these overlap it."""
        if self._stride >= self._size:
            return similarity
        together, known = similarity.copy(), np.append(similarity, np.float32(0))
        for weight, places in zip((SIDES, CORNERS), self._beside, strict=True):
            together += weight * known[places].sum(axis=0) / np.maximum((places >= 0).sum(axis=0), 1)
        return np.asarray(together / np.float32(AS_LIKE))

    @cached_property
    def _beside(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(4, M) places of each block's neighbours to its sides, and (4, M) at its corners; -1 for none."""
        zooms, rows, columns = self._table[self._table[:, 0] == self._zoom].T
        sides, corners = ((0, 1), (0, -1), (1, 0), (-1, 0)), ((1, 1), (1, -1), (-1, 1), (-1, -1))

        def at(steps: tuple[tuple[int, int], ...]) -> NDArray[np.int64]:
            moved = ((rows + self._stride * down, columns + self._stride * right) for down, right in steps)
            return np.stack([self._lookup.find(zooms, *to) for to in moved])

        return at(sides), at(corners)

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
