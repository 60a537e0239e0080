"""Overlap of photos and tiles: IoU of many pairs at once, and the blocks about a place."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.places import area_of, centre_and_radius
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block, lonlat_to_mercator

Array = NDArray[np.float64]
_WORLD = 2 * HALF_WORLD_M


def square_of(block: Block) -> Array:
    """(4, 2) EPSG:3857 corners of a block: TL, TR, BR, BL."""
    xmin, ymin, xmax, ymax = block.bounds_3857
    return np.array([[xmin, ymax], [xmax, ymax], [xmax, ymin], [xmin, ymin]])


def iou_matrix(first: Array, second: Array) -> Array:
    """IoU of convex quadrilaterals in EPSG:3857; x may be shifted by whole worlds.

    Args:
        first: (N, 4, 2).
        second: (M, 4, 2).

    Returns:
        (N, M) from 0 to 1.
    """
    iou = np.zeros((len(first), len(second)))
    low, high = second.min(axis=1), second.max(axis=1)
    x, y = np.moveaxis(second - second[:, :1], 2, 0)
    areas = np.abs((x[:, :-1] * y[:, 1:] - y[:, :-1] * x[:, 1:]).sum(axis=1)) / 2
    for i, polygon in enumerate(first):
        shift = np.round((polygon[:, 0].mean() - (low[:, 0] + high[:, 0]) / 2) / _WORLD) * _WORLD
        own_low, own_high = polygon.min(axis=0), polygon.max(axis=0)
        near = (low[:, 0] + shift < own_high[0]) & (high[:, 0] + shift > own_low[0])
        near &= (low[:, 1] < own_high[1]) & (high[:, 1] > own_low[1])
        # OpenCV computes in float32: coordinates stay near 1.
        origin, unit = polygon.mean(axis=0), math.sqrt(area_of(polygon))
        own = ((polygon - origin) / unit).astype(np.float32)
        for j in np.flatnonzero(near):
            other = ((second[j] + [shift[j], 0] - origin) / unit).astype(np.float32)
            shared = abs(cv2.intersectConvexConvex(own, other)[0])
            iou[i, j] = shared / (1 + areas[j] / unit**2 - shared)
    return iou


def blocks_about(place: Array, zooms: tuple[int, ...], strides: tuple[int, ...], size: int = 4) -> list[Block]:
    """The blocks of an index (rows and columns multiples of the stride) that touch a place's bounding box."""
    low, high = place.min(axis=0), place.max(axis=0)
    found = []
    for zoom, stride in zip(zooms, strides, strict=True):
        tiles, per_metre = 2**zoom, 2**zoom / _WORLD
        columns = _first_tiles((low[0] + HALF_WORLD_M) * per_metre, (high[0] + HALF_WORLD_M) * per_metre, size, stride)
        rows = _first_tiles((HALF_WORLD_M - high[1]) * per_metre, (HALF_WORLD_M - low[1]) * per_metre, size, stride)
        # As in ``tiles.blocks_in_extent``: across the antimeridian only columns that are multiples of the stride exist.
        found += [
            Block(zoom, row, column % tiles, size)
            for row in rows
            for column in columns
            if 0 <= row <= tiles - size and (column % tiles) % stride == 0
        ]
    return found


def _first_tiles(low: float, high: float, size: int, stride: int) -> range:
    first = math.floor((low - size) / stride) + 1
    return range(first * stride, math.ceil(high / stride) * stride, stride)


def lonlat_polygon(corners_lonlat: Array) -> Array:
    """(4, 2) degrees -> (4, 2) EPSG:3857 without a jump at the antimeridian."""
    corners = np.array(corners_lonlat, dtype=np.float64)
    corners[:, 0] = np.unwrap(corners[:, 0], period=360)
    return lonlat_to_mercator(corners)


def circles_about(places: Array) -> tuple[Array, Array]:
    """Centres (N, 2) in degrees and radii (N,) in km of (N, 4, 2) places."""
    found = [centre_and_radius(place) for place in places]
    return np.array([centre for centre, _ in found]), np.array([radius for _, radius in found])
