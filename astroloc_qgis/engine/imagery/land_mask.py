"""Land, found in the reference imagery itself: photos of the open sea show nothing that retrieval could use.

Blue Marble and its like (with bathymetry, or plain true colour) show water that is deep enough to be featureless in
dark blue: blue above green, and above red by some counts. All other pixels are land: forest has green above blue,
deserts, rock, snow and cities have red near blue, reefs and sandbanks are bright in green; all of these can be
recognised. Lakes that look black count as land, as do a few murky estuaries.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from astroloc_qgis.engine.tiles import HALF_WORLD_M

SIDE = 4096
"""Pixels along the side of the world: 9.8 km each at the equator, 32 for a block of zoom 11."""
COAST_PX = 4
"""How far land reaches out into the sea: 39 km at the equator, half of that at 60 degrees."""
BLUER = 6
"""Counts of 255 by which water is bluer than red."""
_LEAST_ISLAND_PX = 3
"""Smaller specks are artefacts of JPEG in deep water; real islands of that size have a bright surf or reef around."""
_STRIPES = 8


def land_of(pixels: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """(H, W) whether each pixel of a picture (H, W, 3) RGB is land; where ``mask`` is False there is none."""
    red, green, blue = (pixels[..., band].astype(np.int16) for band in range(3))
    water = (blue > green) & (blue - red > BLUER)
    return ~water if mask is None else ~water & mask


class LandMask:
    """Land and coast of the whole web-map world, in ``SIDE`` x ``SIDE`` pixels of EPSG:3857.

    Args:
        near_land: (SIDE, SIDE) bool, row 0 in the north.
    """

    def __init__(self, near_land: NDArray[np.bool_]) -> None:
        twice = np.tile(near_land.astype(np.uint8), 2)  # twice around, for blocks across the antimeridian
        self._total, self._side = cv2.integral(twice), len(near_land)

    @classmethod
    def of(cls, reference: Reference, side: int = SIDE) -> LandMask:
        """Read the whole world from the imagery at low resolution, and find its land.

        Raises:
            InputError: the imagery cannot be read.
        """
        land = np.zeros((side, side), dtype=np.uint8)
        step, rows = 2 * HALF_WORLD_M / _STRIPES, side // _STRIPES
        for stripe in range(_STRIPES):
            north = HALF_WORLD_M - stripe * step
            seen = reference.read(Window("EPSG:3857", (-HALF_WORLD_M, north - step, HALF_WORLD_M, north), side, rows))
            land[stripe * rows : (stripe + 1) * rows] = land_of(seen.pixels, seen.mask)
        _, labels, statistics, _ = cv2.connectedComponentsWithStats(land, connectivity=8)
        island = statistics[:, cv2.CC_STAT_AREA] >= _LEAST_ISLAND_PX
        land &= island[labels].astype(np.uint8)
        reach = 2 * (COAST_PX * side // SIDE) + 1
        wrapped = cv2.copyMakeBorder(land, 0, 0, reach, reach, cv2.BORDER_WRAP)
        return cls(cv2.dilate(wrapped, np.ones((reach, reach), np.uint8))[:, reach:-reach].astype(bool))

    def touches(self, table: Table, size: int) -> NDArray[np.bool_]:
        """(N,) whether each block (zoom, row, column) has land, or sea near it; blocks of a pixel at least."""
        scale = self._side / np.exp2(table[:, 0].astype(np.float64))
        top, left = (np.floor(table[:, axis] * scale).astype(np.int64) for axis in (1, 2))
        bottom, right = (np.ceil((table[:, axis] + size) * scale).astype(np.int64) for axis in (1, 2))
        total = self._total
        counts = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
        return np.asarray(counts > 0)
