"""The sources of pictures: mosaics of one or several years, and imported tiles and photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.places import Zone
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.engine.training.data.datasets import ImportedPhoto, TileLibrary


@dataclass(frozen=True)
class Sources:
    """The files of the sources; cheap to pass to another process.

    Attributes:
        mosaics: folders of mosaics, one a year; photos are simulated on any of them.
        forbidden: zone that no photo and no tile of training touches.
        photos: real photos; their places follow the simulated training places.
        library: tiles of further years; None for none.
        alone: whether tiles come from the library alone, never from the mosaics.
    """

    mosaics: tuple[Path, ...]
    forbidden: Zone
    photos: tuple[ImportedPhoto, ...] = ()
    library: TileLibrary | None = None
    alone: bool = False

    @property
    def only_blocks(self) -> frozenset[Block] | None:
        """The blocks that tiles may show; None for any."""
        return frozenset(self.library.blocks) if self.alone and self.library is not None else None


class World:
    """The sources, open for reading.

    Raises:
        InputError: a mosaic is not complete.
    """

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.mosaics = [Mosaic.open(folder) for folder in sources.mosaics]
        self.only_blocks = sources.only_blocks
        self._own = 0 if sources.alone else len(self.mosaics)

    def presence(self, block: Block) -> float:
        """Share of a block where the imagery has data, 0 to 1."""
        if self.only_blocks is not None:
            return 1.0
        return self.mosaics[0].block_presence(block)

    def ground(self, rng: np.random.Generator) -> Mosaic:
        """Draw the mosaic of a year."""
        return self.mosaics[_any(len(self.mosaics), rng)]

    def tile(self, block: Block, pixels: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Read a block as (pixels, pixels, 3) of a year drawn at random."""
        library = self._years(block)
        chosen = _any(self._own + len(library), rng)
        return self._tile(block, pixels, chosen, library)

    def tile_in_years(self, block: Block, pixels: int, years: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Read a block as (years, pixels, pixels, 3): all different years there are, then the same ones again."""
        library = self._years(block)
        known = self._own + len(library)
        order = rng.permutation(known) if known > 1 else np.zeros(1, dtype=np.int64)
        return np.stack([self._tile(block, pixels, int(order[year % known]), library) for year in range(years)])

    def _years(self, block: Block) -> list[int]:
        library = self.sources.library
        return [] if library is None else [year for year in library.years if (year, block) in library.paths]

    def _tile(self, block: Block, pixels: int, chosen: int, library: list[int]) -> NDArray[np.uint8]:
        if chosen < self._own or self.sources.library is None:
            return self.mosaics[chosen].read_block(block, pixels)
        return self.sources.library.read(library[chosen - self._own], block, pixels)


class LazyWorld:
    """Sources that each process opens for itself, with the threads of OpenCV left to the other processes.

    Args:
        sources: the pictures.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._world: World | None = None

    def open(self) -> World:
        """The sources, opened by the first call in this process.

        Raises:
            InputError: as ``World``.
        """
        if self._world is None:
            cv2.setNumThreads(1)
            self._world = World(self._sources)
        return self._world


def _any(count: int, rng: np.random.Generator) -> int:
    """A random number below ``count``; draws nothing where there is only one."""
    return int(rng.integers(count)) if count > 1 else 0
