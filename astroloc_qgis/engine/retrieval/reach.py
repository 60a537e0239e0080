"""The shards of an index that the limits of a search reach; the others are never opened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.retrieval.limits import Limits
from astroloc_qgis.engine.retrieval.search_polygon import polygon_bounds

_SLACK_DEG = 1e-6
_SLACK_KM = 1.0


def shards_in_reach(index: ShardedIndex, limits: Limits, reference: Reference | None = None) -> list[int]:
    """Numbers of the shards that may have a block within all limits.

    Raises:
        InputError: the polygon is none.
    """
    size = index.info.block_size
    boxes = np.array([shard.box(size) for shard in index.shards])
    found = np.ones(len(boxes), dtype=bool)
    if limits.nadir is not None and limits.radius_km != 0:
        centres = np.array([shard.box_of_centres(size) for shard in index.shards])
        found &= distance_to_boxes_km(limits.nadir.lonlat, centres) <= limits.radius_km + _SLACK_KM
    if limits.centre is not None and limits.centre_km != 0:
        latitude, longitude = limits.centre
        found &= distance_to_boxes_km(np.array([longitude, latitude]), boxes) <= limits.centre_km + _SLACK_KM
    extents = [] if limits.extent is None else [limits.extent]
    if limits.polygon is not None:
        extents.append(polygon_bounds(limits.polygon))
    if reference is not None:
        extents.append(reference.extent_lonlat)
    for west, south, east, north in extents:
        found &= _boxes_overlap(boxes, (west, south, east if east >= west else east + 360, north))
    return [int(number) for number in np.flatnonzero(found)]


def distance_to_boxes_km(point: Array, boxes: Array) -> NDArray[np.float64]:
    """Shortest distance on the sphere from a point to each box of longitude and latitude; 0 within it.

    Args:
        point: (2,) longitude, latitude in degrees.
        boxes: (N, 4) west, south, east, north; east >= west, and may be beyond 180.

    Returns:
        (N,) kilometres.
    """
    lon, lat = (float(value) for value in np.asarray(point).ravel())
    west, south, east, north = np.asarray(boxes, dtype=np.float64).T
    within = (lon - west) % 360 <= east - west
    nearest = np.full(len(west), np.inf)
    for side in (west, east):
        # Along a meridian the distance to a point falls to one nearest latitude, and rises behind it.
        apart = np.radians(lon - side)
        foot = np.degrees(np.arctan2(np.sin(np.radians(lat)), np.cos(np.radians(lat)) * np.cos(apart)))
        for latitude in (np.clip(foot, south, north), south, north):
            nearest = np.minimum(nearest, great_circle_km(np.array([lon, lat]), np.column_stack((side, latitude))))
    along = np.column_stack((np.full(len(west), lon), np.clip(lat, south, north)))
    return np.where(within, great_circle_km(np.array([lon, lat]), along), nearest)


def _boxes_overlap(boxes: Array, extent: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """(N,) whether boxes share ground with an extent whose east is not below its west."""
    west, south, east, north = extent
    across = np.zeros(len(boxes), dtype=bool)
    for turn in (-720, -360, 0, 360, 720):
        across |= (boxes[:, 0] + turn < east + _SLACK_DEG) & (boxes[:, 2] + turn > west - _SLACK_DEG)
    return across & (boxes[:, 1] < north + _SLACK_DEG) & (boxes[:, 3] > south - _SLACK_DEG)
