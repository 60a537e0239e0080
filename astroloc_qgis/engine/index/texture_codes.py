"""Texture codes of an index: a score bonus for blocks whose local features resemble the photo's.

Only the blocks of one zoom have codes. If these blocks overlap, the similarity of each is averaged with that of its
neighbours: they show much of the same ground, and the errors of their codes are independent. A block of the next finer
zoom gets the mean similarity of the blocks around its centre, one of the next coarser zoom the highest within it.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import BlockLookup, Table
from astroloc_qgis.engine.descriptors.texture import Codes, TextureModel, Vectors
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.database_side_augmentation import coarser_about, finer_within
from astroloc_qgis.engine.index.format import TEXTURE, IndexInfo
from astroloc_qgis.engine.index.plan import EXACT

NO_BONUS_BELOW = 0.05
"""Similarity up to which there is no bonus; the part above it is added to the cosine similarity of descriptors."""
SIDES, CORNERS = 0.4, 0.15
"""Weights of the mean similarity of a block's four side neighbours, and of its four corner neighbours."""
NORMALISATION = 1 + 0.6 * SIDES + 0.3 * CORNERS
"""Divisor of the weighted sum: side and corner neighbours have about 0.6 and 0.3 times the right block's similarity."""


class TextureCodes:
    """The texture codes of an index.

    Args:
        model: the texture model of the codes.
        codes: (M, bytes) of the blocks of ``zoom``, in the order of the table; or their exact vectors (M, K).
        table: (N, 3) zoom, row, column of all blocks of the index.
        zoom: zoom of the blocks with codes.
        size: tiles a side of a block.
        stride: tiles from one block with codes to the next.
    """

    def __init__(
        self, model: TextureModel, codes: Codes | Vectors, table: Table, zoom: int, size: int, stride: int
    ) -> None:
        self._model, self._codes, self._table, self._zoom, self._size = model, codes, table, zoom, size
        self._stride = stride

    def bonus(self, photo: np.ndarray) -> Vectors:
        """(N,) score bonus of each block for a photo (h, w, 3 uint8 RGB); 0 for ground without codes."""
        return self.bonus_of(self._model.describe_photo(photo))

    def bonus_of(self, vector: Vectors) -> Vectors:
        """(N,) score bonus of each block for a texture (K,) of ``TextureModel.describe_photo``, at least 0."""
        similarity = self._averaged(self._model.similarity(vector, self._codes))
        # The last entry, 0, is the similarity of missing blocks: they have number -1.
        similarity = np.append(np.maximum(similarity - NO_BONUS_BELOW, 0), np.float32(0))
        found = np.zeros(len(self._table), dtype=np.float32)
        zooms = self._table[:, 0]
        found[zooms == self._zoom] = similarity[:-1]
        there = self._coarser >= 0
        found[zooms == self._zoom + 1] = similarity[self._coarser].sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        found[zooms == self._zoom - 1] = similarity[self._finer].max(axis=0, initial=0)
        return found

    def _averaged(self, similarity: Vectors) -> Vectors:
        """(M,) similarities, each averaged with its neighbours' if the blocks overlap."""
        if self._stride >= self._size:
            return similarity
        together, known = similarity.copy(), np.append(similarity, np.float32(0))
        for weight, places in zip((SIDES, CORNERS), self._neighbours, strict=True):
            together += weight * known[places].sum(axis=0) / np.maximum((places >= 0).sum(axis=0), 1)
        return np.asarray(together / np.float32(NORMALISATION))

    @cached_property
    def _neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(4, M) places of each block's side neighbours, and (4, M) of its corner neighbours; -1 for none."""
        zooms, rows, columns = self._table[self._table[:, 0] == self._zoom].T
        sides, corners = ((0, 1), (0, -1), (1, 0), (-1, 0)), ((1, 1), (1, -1), (-1, 1), (-1, -1))

        def neighbours(steps: tuple[tuple[int, int], ...]) -> NDArray[np.int64]:
            moved = ((rows + self._stride * down, columns + self._stride * right) for down, right in steps)
            return np.stack([self._lookup.find(zooms, *to) for to in moved])

        return neighbours(sides), neighbours(corners)

    @cached_property
    def _lookup(self) -> BlockLookup:
        return BlockLookup(self._table[self._table[:, 0] == self._zoom])

    @cached_property
    def _coarser(self) -> NDArray[np.int64]:
        """(F, n) places of the blocks with codes around the centre of each next finer block; -1 for none."""
        finer = self._table[self._table[:, 0] == self._zoom + 1]
        return _compact(np.stack(list(coarser_about(finer, self._lookup, self._size))))

    @cached_property
    def _finer(self) -> NDArray[np.int64]:
        """(C, n) places of the blocks with codes within each next coarser block; -1 for none."""
        coarser = self._table[self._table[:, 0] == self._zoom - 1]
        return _compact(np.stack(list(finer_within(coarser, self._lookup, self._size))))


def open_texture_codes(folder: Path, info: IndexInfo, blocks: Table) -> TextureCodes | None:
    """Open the texture codes of an index, memory-mapped.

    Args:
        folder: of the index.
        info: its description.
        blocks: (N, 3) zoom, row, column of its blocks.

    Returns:
        None for an index without texture codes.

    Raises:
        InputError: the codes are of another texture model, or damaged.
    """
    if info.texture_zoom is None:
        return None
    model = TextureModel()
    if model.sha256 != info.texture_sha256:
        raise InputError(
            f"The index {folder} has texture codes of another model (sha256 {info.texture_sha256[:12]}…) than this "
            f"AstroLoc's ({model.sha256[:12]}…): build it again."
        )
    try:
        codes = np.load(folder / TEXTURE, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"The index {folder} is damaged and cannot be read: build it again.", str(error)) from error
    width, kind = (model.dimensions, np.dtype(np.float32)) if info.kind == EXACT else (model.code_bytes, np.dtype("u1"))
    expected = (int((blocks[:, 0] == info.texture_zoom).sum()), width)
    if codes.shape != expected or codes.dtype != kind:
        raise InputError(
            f"The index {folder} is damaged: its texture codes are {codes.shape} of {codes.dtype} instead of "
            f"{expected} of {kind}; build it again."
        )
    stride = info.stride if isinstance(info.stride, int) else info.stride[info.texture_zoom]
    return TextureCodes(model, codes, blocks, info.texture_zoom, info.block_size, stride)


def _compact(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places (P, n), -1 for none, in as few rows as the fullest column needs."""
    most = int((places >= 0).sum(axis=0).max(initial=0))
    return np.asarray(-np.sort(-places, axis=0)[:most])
