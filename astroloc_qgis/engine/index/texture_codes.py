"""Texture codes of an index: a score bonus for blocks whose local features resemble the photo's.

Only the blocks of some zooms have codes. If the blocks of such a zoom overlap, the similarity of each is averaged with
that of its neighbours: they show much of the same ground, and the errors of their codes are independent. A block of the
next finer zoom gets the mean similarity of the blocks around its centre, one of the next coarser zoom the highest
within it. Between two zooms with codes the finer one counts, except on ground where only the coarser one has blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        codes: (M, bytes) of the blocks of some zooms, in the order of the table; or their exact vectors (M, K).
        table: (N, 3) zoom, row, column of all blocks of the index.
        strides: tiles from one block to the next, by zoom with codes.
        size: tiles a side of a block.
    """

    def __init__(
        self, model: TextureModel, codes: Codes | Vectors, table: Table, strides: Mapping[int, int], size: int
    ) -> None:
        self._model, self.codes, self._zooms = model, codes, table[:, 0]
        self._coded = np.isin(self._zooms, list(strides))
        self._grounds = {zoom: _CodedGround(table, zoom, size, stride) for zoom, stride in strides.items()}

    def bonus(self, photo: np.ndarray) -> Vectors:
        """(N,) score bonus of each block for a photo (h, w, 3 uint8 RGB); 0 for ground without codes."""
        return self.bonus_of(self._model.describe_photo(photo))

    def bonus_of(self, vector: Vectors) -> Vectors:
        """(N,) score bonus of each block for a texture (K,) of ``TextureModel.describe_photo``, at least 0."""
        similarity = np.zeros(len(self._zooms), dtype=np.float32)
        similarity[self._coded] = self._model.similarity(vector, self.codes)
        found = np.zeros(len(self._zooms), dtype=np.float32)
        for zoom in np.unique(self._zooms).tolist():
            own = self._zooms == zoom
            for source in (zoom - 1, zoom + 1, zoom):  # a later one counts for the ground that it knows
                if source in self._grounds:
                    ground = self._grounds[source]
                    there = ground.bonus(similarity[self._zooms == source], zoom)
                    found[own] = np.where(ground.known(zoom), there, found[own])
        return found


class _CodedGround:
    """The blocks of one zoom with codes, and what they say of the blocks of the next coarser and finer zoom.

    Args:
        table: (N, 3) zoom, row, column of all blocks of the index.
        zoom: the zoom with codes, of M blocks.
        size: tiles a side of a block.
        stride: tiles from one block with codes to the next.
    """

    def __init__(self, table: Table, zoom: int, size: int, stride: int) -> None:
        self._table, self._zoom, self._size, self._stride = table, zoom, size, stride

    def bonus(self, similarity: Vectors, zoom: int) -> Vectors:
        """(n,) bonus of the blocks of this zoom or of the next coarser or finer one, from (M,) similarities."""
        # The last entry, 0, is the similarity of missing blocks: they have number -1.
        above = np.append(np.maximum(self._averaged(similarity) - NO_BONUS_BELOW, 0), np.float32(0))
        if zoom == self._zoom:
            return above[:-1]
        if zoom < self._zoom:
            return np.asarray(above[self._finer].max(axis=0, initial=0))
        return np.asarray(above[self._coarser].sum(axis=0) / np.maximum((self._coarser >= 0).sum(axis=0), 1))

    def known(self, zoom: int) -> NDArray[np.bool_]:
        """(n,) whether there are codes for the ground of each of the blocks that ``bonus`` is for."""
        if zoom == self._zoom:
            return np.ones(int((self._table[:, 0] == zoom).sum()), dtype=bool)
        return np.asarray(((self._finer if zoom < self._zoom else self._coarser) >= 0).any(axis=0))

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
    if not info.texture_zooms:
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
    expected = (int(np.isin(blocks[:, 0], info.texture_zooms).sum()), width)
    if codes.shape != expected or codes.dtype != kind:
        raise InputError(
            f"The index {folder} is damaged: its texture codes are {codes.shape} of {codes.dtype} instead of "
            f"{expected} of {kind}; build it again."
        )
    strides = {zoom: info.stride if isinstance(info.stride, int) else info.stride[zoom] for zoom in info.texture_zooms}
    return TextureCodes(model, codes, blocks, strides, info.block_size)


def _compact(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places (P, n), -1 for none, in as few rows as the fullest column needs."""
    most = int((places >= 0).sum(axis=0).max(initial=0))
    return np.asarray(-np.sort(-places, axis=0)[:most])
