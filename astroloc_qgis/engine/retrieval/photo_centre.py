"""The surroundings of a photo's centre, where the user knows it roughly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table, bounds_3857
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.tiles import mercator_to_lonlat

CENTRE_KM = 300.0
"""How far from a given centre is searched: catalogues list centres that are off by more than the width of a photo."""


def blocks_about(table: Table, size: int, centre: tuple[float, float], radius_km: float) -> NDArray[np.bool_]:
    """Tell which blocks reach to within a distance of a point.

    Args:
        table: (N, 3) zoom, row, column.
        size: tiles a side of a block.
        centre: latitude, longitude in degrees.
        radius_km: the distance.
    """
    lat, lon = centre
    xmin, ymin, xmax, ymax = bounds_3857(table, size).T
    west, south = mercator_to_lonlat(np.column_stack((xmin, ymin))).T
    east, north = mercator_to_lonlat(np.column_stack((xmax, ymax))).T
    from_west = (lon - west) % 360  # degrees eastwards to the point
    beyond = from_west - (east - west)  # the same from the eastern side
    nearest = np.where(beyond <= 0, lon, np.where(beyond < 360 - from_west, east, west))
    points = np.column_stack((nearest, np.clip(lat, south, north)))
    return np.asarray(great_circle_km(np.array([lon, lat]), points) <= radius_km)
