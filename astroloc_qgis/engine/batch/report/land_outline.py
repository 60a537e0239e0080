"""A simple outline of the world's land, for small maps: where the world index that comes with the plugin has blocks.

Blocks overlap, and one is in the index where it touches land or its coast; a cell counts as land where every block over
it is there. That is coarse (about 40 km), needs no network and no other file.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.format import BLOCKS, read_info, unpack_blocks
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.engine.tiles import HALF_WORLD_M, lonlat_to_mercator, mercator_to_lonlat

_ZOOM = 10
"""Cells of the mask are tiles of this zoom."""


@cache
def land_outline() -> tuple[NDArray[np.float64], ...]:
    """The (N, 2) rings of land, longitude and latitude in degrees; none where the world index is not there.

    Rings of lakes are among them: fill by the even-odd rule.
    """
    folder = shipped("index", "world")
    try:
        info = read_info(folder)
        blocks = unpack_blocks(folder / BLOCKS, info.count)
    except (InputError, OSError, ValueError):
        return ()
    stride = info.stride if isinstance(info.stride, dict) else dict.fromkeys(info.zooms, info.stride)
    land = _land(blocks, info.block_size, stride)
    _, south, _, north = info.extent
    (_, top), (_, bottom) = lonlat_to_mercator([(0.0, north), (0.0, south)])
    first, last = (round((1 - y / HALF_WORLD_M) / 2 * len(land)) for y in (top, bottom))
    land[:first], land[last:] = 0, 0
    return _rings(land)


def _land(blocks: Table, size: int, stride: dict[int, int]) -> NDArray[np.uint8]:
    """(1024, 1024) whether a tile of ``_ZOOM`` is land: at the finest zoom up to it that has blocks there."""
    side = 2**_ZOOM
    land = np.zeros((side, side), np.uint8)
    for zoom in sorted(z for z in stride if z <= _ZOOM):
        here = blocks[blocks[:, 0] == zoom]
        cells = 2**zoom
        first, last = int(here[:, 1].min()), int(here[:, 1].max())
        corners, every = np.zeros((cells, cells), np.int32), np.zeros((cells, cells), np.int32)
        corners[here[:, 1], here[:, 2]] = 1
        every[first : last + 1 : stride[zoom], :: stride[zoom]] = 1
        there, possible = _under_blocks(corners, size), _under_blocks(every, size)
        mask = (there >= np.maximum(possible, 1)).astype(np.uint8)
        scale = side // cells
        covered = np.repeat(possible.any(axis=1), scale)
        finer = np.repeat(np.repeat(mask, scale, 0), scale, 1)
        land[covered] = finer[covered]
    return land


def _under_blocks(corners: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """(n, n) how many blocks lie over each cell, from those in whose first cell one begins."""
    for axis in (0, 1):  # around the world it goes on; no block reaches beyond a pole
        corners = np.sum([np.roll(corners, shift, axis) for shift in range(size)], axis=0, dtype=np.int32)
    return corners


def _rings(land: NDArray[np.uint8]) -> tuple[NDArray[np.float64], ...]:
    side, fine = len(land), 2
    smooth = cv2.GaussianBlur(
        cv2.resize(land * 255, None, fx=fine, fy=fine, interpolation=cv2.INTER_NEAREST), (0, 0), 2
    )
    contours, _ = cv2.findContours((smooth > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = []
    for contour in contours:
        simple = cv2.approxPolyDP(contour, 1.0, closed=True)[:, 0]
        if len(simple) >= 4:
            metres = (simple / (side * fine) * 2 - 1) * [HALF_WORLD_M, -HALF_WORLD_M]
            rings.append(mercator_to_lonlat(metres))
    return tuple(rings)
