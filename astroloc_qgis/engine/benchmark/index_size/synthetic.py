"""Synthetic descriptors of as many blocks as are wanted, with the structure of the world index's own.

The blocks are those of the land that the world index knows, from zoom 9 on, half overlapping; of the last zoom an even
share is drawn. A block down to zoom 10 has the descriptor that the world index has there. A finer one has that of the
block around it, times the mean cosine of such pairs in the world index, plus one of the differences that are left over
in these pairs, drawn by the block's position: so descriptors cluster by place as real ones do, and the spread within a
cluster is that of real descriptors, in all its directions. Photos are drawn from blocks in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import BlockLookup, Table, centers_lonlat
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import EARTH_RADIUS_KM, wrap_lon
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.index.estimate import land_sums
from astroloc_qgis.engine.index.plan import BLOCK_SIZE
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.nadir_prior import SIGMA_KM
from astroloc_qgis.engine.retrieval.query_rotation import ROTATIONS
from astroloc_qgis.engine.tiles import starts_in_extent

FIRST_ZOOM, LAST_ZOOM = 9, 15
KNOWN_ZOOM = 10
"""The finest zoom whose descriptors are the world index's own."""
STRIDE = 2


@dataclass(frozen=True, eq=False)
class Photo:
    """A synthetic photo: (4, D) descriptors in four rotations, and the point below the station."""

    vectors: NDArray[np.float32]
    nadir: Nadir


class SyntheticWorld:
    """Blocks, descriptors and photos like those of a world index.

    Args:
        folder: of the world index, with blocks of zooms 9, 10 and 11.
        seed: draws everything.

    Raises:
        InputError: the index lacks one of these zooms.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        index = Index.open(folder)
        self.info, self._seed = index.info, seed
        if not {9, 10, 11} <= set(index.info.counts):
            raise InputError(
                f"The index {folder} lacks one of the zooms 9, 10 and 11, which descriptors are drawn from."
            )
        self._vectors = _unit(index.vectors(np.arange(len(index))))
        self._lookup = BlockLookup(index.blocks)
        finer = index.blocks[index.blocks[:, 0] == KNOWN_ZOOM + 1]
        around = self._known(np.column_stack((np.full(len(finer), KNOWN_ZOOM), finer[:, 1] >> 1, finer[:, 2] >> 1)))
        own = self._vectors[self._lookup.find(*finer.T)]
        paired = around >= 0
        own, around_own = own[paired], self._vectors[around[paired]]
        self.likeness = float((own * around_own).sum(axis=1).mean())
        self._left_over = own - self.likeness * around_own

    def blocks(self, count: int) -> Table:
        """(count, 3) zoom, row, column of land, coarse zooms first.

        Raises:
            InputError: there is not that much land.
        """
        found: list[Table] = []
        left = count
        for zoom in range(FIRST_ZOOM, LAST_ZOOM + 1):
            table = _land(zoom, self.info.extent)
            if len(table) > left:
                drawn = np.random.default_rng((self._seed, zoom)).permutation(len(table))[:left]
                table = table[np.sort(drawn)]
            found.append(table)
            left -= len(table)
            if not left:
                return np.concatenate(found)
        raise InputError(f"The land has fewer than {count:,} blocks of zooms {FIRST_ZOOM} to {LAST_ZOOM}.")

    def vectors(self, table: Table) -> NDArray[np.float32]:
        """(n, D) descriptors of blocks of one zoom."""
        zoom = int(table[0, 0])
        if zoom <= KNOWN_ZOOM:
            known = self._known(table)
            drawn = self._drawn(table, len(self._vectors))
            return self._vectors[np.where(known >= 0, known, drawn)]
        around = self.vectors(np.column_stack((table[:, 0] - 1, table[:, 1] >> 1, table[:, 2] >> 1)))
        return _unit(self.likeness * around + self._left_over[self._drawn(table, len(self._left_over))])

    def photos(self, table: Table, count: int) -> list[Photo]:
        """Photos of ``count`` of these blocks, each with a nadir at a distance as real photos have it."""
        rng = np.random.default_rng((self._seed, 1))
        found = []
        for block in table[rng.integers(0, len(table), count)]:
            first = self._like(self.vectors(block[None]), rng)
            others = [self._like(first, rng) for _ in range(ROTATIONS - 1)]
            lon, lat = centers_lonlat(block[None], BLOCK_SIZE)[0]
            east, north = np.degrees(rng.normal(0, SIGMA_KM, 2) / EARTH_RADIUS_KM)
            nadir = Nadir.at(
                float(np.clip(lat + north, -89, 89)), float(wrap_lon(lon + east / np.cos(np.radians(lat))))
            )
            found.append(Photo(np.concatenate([first, *others]), nadir))
        return found

    def _like(self, vectors: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        return _unit(self.likeness * vectors + self._left_over[rng.integers(0, len(self._left_over), len(vectors))])

    def _known(self, table: Table) -> NDArray[np.int64]:
        """(n,) numbers of the world's descriptors for blocks of zoom 9 or 10, -1 for none."""
        zooms, rows, columns = table.T
        found = self._lookup.find(zooms, rows // STRIDE * STRIDE, columns // STRIDE * STRIDE)
        coarser = self._lookup.find(zooms - 1, (rows >> 1) // STRIDE * STRIDE, (columns >> 1) // STRIDE * STRIDE)
        return np.where(found >= 0, found, coarser)

    def _drawn(self, table: Table, many: int) -> NDArray[np.int64]:
        """(n,) numbers below ``many`` that depend on the blocks' positions and the seed alone (splitmix64)."""
        zooms, rows, columns = table.astype(np.uint64).T
        key = (zooms << np.uint64(54)) ^ (rows << np.uint64(27)) ^ columns ^ (np.uint64(self._seed) << np.uint64(60))
        key = (key + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return ((key ^ (key >> np.uint64(31))) % np.uint64(many)).astype(np.int64)


def _land(zoom: int, extent: tuple[float, float, float, float]) -> Table:
    """(n, 3) half-overlapping blocks of one zoom on the land of the world index, by row and column."""
    rows, columns = (np.asarray(part, np.int64) for part in starts_in_extent(extent, zoom, BLOCK_SIZE, STRIDE))
    total = land_sums()
    scale = (total.shape[0] - 1) / 2**zoom
    left, right = np.floor(columns * scale).astype(int), np.ceil((columns + BLOCK_SIZE) * scale).astype(int)
    found = []
    for row in rows.tolist():
        top, bottom = int(row * scale), int(np.ceil((row + BLOCK_SIZE) * scale))
        own = columns[total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left] > 0]
        if len(own):
            found.append(np.column_stack((np.full(len(own), zoom), np.full(len(own), row), own)).astype(np.int32))
    return np.concatenate(found) if found else np.empty((0, 3), np.int32)


def _unit(vectors: np.ndarray) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
