"""All that training reads pictures from: mosaics of one or several years, tiles and photos from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.places import Zone
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.engine.training.data.datasets import ImportedPhoto, TileLibrary


@dataclass(frozen=True)
class Sources:
    """Where the pictures are; cheap to hand to another process.

    Attributes:
        mosaics: folders of mosaics, one a year; photos are simulated on any of them.
        forbidden: neither photo nor tile of training touches it.
        photos: real photos; their places follow the simulated ones in the pool.
        library: more years of tiles, where it has them.
    """

    mosaics: tuple[Path, ...]
    forbidden: Zone
    photos: tuple[ImportedPhoto, ...] = ()
    library: TileLibrary | None = None


class World:
    """Sources, opened.

    Raises:
        InputError: a mosaic is not whole.
    """

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.mosaics = [Mosaic.open(folder) for folder in sources.mosaics]

    def presence(self, block: Block) -> float:
        """Share of a block where the imagery has data, 0 to 1."""
        return self.mosaics[0].block_presence(block)

    def ground(self, rng: np.random.Generator) -> Mosaic:
        """A mosaic of any year."""
        return self.mosaics[_any(len(self.mosaics), rng)]

    def tile(self, block: Block, pixels: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """(pixels, pixels, 3) of any year."""
        library = self._years(block)
        chosen = _any(len(self.mosaics) + len(library), rng)
        return self._tile(block, pixels, chosen, library)

    def tile_in_years(self, block: Block, pixels: int, years: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """(years, pixels, pixels, 3), as many different years as there are, then the same ones again."""
        library = self._years(block)
        known = len(self.mosaics) + len(library)
        order = rng.permutation(known) if known > 1 else np.zeros(1, dtype=np.int64)
        return np.stack([self._tile(block, pixels, int(order[year % known]), library) for year in range(years)])

    def _years(self, block: Block) -> list[int]:
        library = self.sources.library
        return [] if library is None else [year for year in library.years if (year, block) in library.paths]

    def _tile(self, block: Block, pixels: int, chosen: int, library: list[int]) -> NDArray[np.uint8]:
        if chosen < len(self.mosaics) or self.sources.library is None:
            return self.mosaics[chosen].read_block(block, pixels)
        return self.sources.library.read(library[chosen - len(self.mosaics)], block, pixels)


def _any(count: int, rng: np.random.Generator) -> int:
    """A number below ``count``; draws nothing where there is no choice."""
    return int(rng.integers(count)) if count > 1 else 0
