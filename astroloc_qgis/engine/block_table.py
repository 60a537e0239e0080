"""Many blocks at once: tables (N, 3) of zoom, row, column, and the geometry of all their rows together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block, Extent, lonlat_to_mercator, mercator_to_lonlat

Table = NDArray[np.int32]

_WORLD_M = 2 * HALF_WORLD_M


class BlockLookup:
    """Finds blocks in a table by zoom, row and column.

    Args:
        table: (N, 3) zoom, row, column, each at most once.
    """

    def __init__(self, table: Table) -> None:
        keys = _keys(table[:, 0], table[:, 1], table[:, 2])
        self._order = np.argsort(keys)
        self._keys = keys[self._order]

    def find(self, zooms: NDArray[np.int32], rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.int64]:
        """(M,) their places in the table, -1 for none; columns beyond the world's edge go on at the other."""
        wanted = _keys(zooms, rows, columns)
        if not len(self._keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[place] == wanted, self._order[place], -1)


def block_table(blocks: Sequence[Block]) -> Table:
    """(N, 3) zoom, row, column of blocks."""
    return np.array([(block.zoom, block.row, block.column) for block in blocks], dtype=np.int32).reshape(-1, 3)


def bounds_3857(table: Table, size: int) -> NDArray[np.float64]:
    """(N, 4) xmin, ymin, xmax, ymax in metres of EPSG:3857; xmax may be beyond the world's edge."""
    tile = _WORLD_M / np.exp2(table[:, 0].astype(np.float64))
    xmin = table[:, 2] * tile - HALF_WORLD_M
    ymax = HALF_WORLD_M - table[:, 1] * tile
    return np.column_stack((xmin, ymax - size * tile, xmin + size * tile, ymax))


def centers_lonlat(table: Table, size: int) -> NDArray[np.float64]:
    """(N, 2) lon,lat of the blocks' centres, degrees, longitudes from -180 to 180."""
    xmin, ymin, xmax, ymax = bounds_3857(table, size).T
    centers = mercator_to_lonlat(np.column_stack(((xmin + xmax) / 2, (ymin + ymax) / 2)))
    centers[:, 0] = np.where(centers[:, 0] > 180, centers[:, 0] - 360, centers[:, 0])
    return centers


def sides_m(zooms: NDArray[np.int32], latitudes: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(N,) sides on the ground, metres (``Block.side_m``), of blocks of these zooms, by their centres' latitudes."""
    return np.asarray(size * _WORLD_M / np.exp2(zooms.astype(np.float64)) * np.cos(np.radians(latitudes)))


def overlaps_extent(table: Table, size: int, extent: Extent) -> NDArray[np.bool_]:
    """Tell which blocks overlap an extent.

    Args:
        table: (N, 3) zoom, row, column.
        size: tiles a side of a block.
        extent: west, south, east, north in degrees; west > east means across the antimeridian.

    Returns:
        (N,) bool; a block that only touches the extent does not overlap it.
    """
    west, south, east, north = extent
    (left, bottom), (right, top) = lonlat_to_mercator([(west, south), (east + (360 if east < west else 0), north)])
    xmin, ymin, xmax, ymax = bounds_3857(table, size).T
    slack = 1e-6 * (xmax - xmin)
    across = np.zeros(len(table), dtype=bool)
    for world in (-_WORLD_M, 0.0, _WORLD_M):
        across |= (xmin + world < right - slack) & (xmax + world > left + slack)
    return across & (ymin < top - slack) & (ymax > bottom + slack)


def iou_with(table: Table, one: Table, size: int) -> NDArray[np.float64]:
    """(N,) intersection over union of each block of a table with one block (3,), in the Mercator plane."""
    boxes, box = bounds_3857(table, size), bounds_3857(one[None], size)[0]
    high = np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1])
    wide = np.zeros(len(table))
    for world in (-_WORLD_M, 0.0, _WORLD_M):
        wide += np.maximum(0, np.minimum(boxes[:, 2] + world, box[2]) - np.maximum(boxes[:, 0] + world, box[0]))
    shared = wide * np.maximum(0, high)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return np.asarray(shared / (areas + (box[2] - box[0]) * (box[3] - box[1]) - shared))


def _keys(zooms: NDArray[np.int32], rows: NDArray[np.int32], columns: NDArray[np.int32]) -> NDArray[np.int64]:
    """(N,) a number for each block."""
    wide = np.left_shift(np.int64(1), zooms.astype(np.int64))
    return (zooms.astype(np.int64) << 54) | (rows.astype(np.int64) << 27) | (columns.astype(np.int64) % wide)
