"""Points from one coordinate reference system to another, by PROJ; loads nothing heavy, so that QGIS can use it too."""

from __future__ import annotations

import math
import threading
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from osgeo import osr

Array = NDArray[np.float64]
WGS84 = "EPSG:4326"
"""Longitude and latitude in degrees."""
_LOCK = threading.Lock()
"""PROJ's transformations serve one thread at a time."""


@lru_cache(maxsize=64)
def spatial_reference(definition: str) -> osr.SpatialReference:
    """The CRS of a definition (anything PROJ understands), x or longitude first."""
    reference = osr.SpatialReference()
    reference.SetFromUserInput(definition)
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference


@lru_cache(maxsize=64)
def _transformation(source: str, target: str) -> osr.CoordinateTransformation:
    return osr.CoordinateTransformation(spatial_reference(source), spatial_reference(target))


def transform_points(xy: Array, source: str, target: str) -> Array:
    """Transform points between two coordinate reference systems.

    Args:
        xy: (N, 2) points, x (or longitude) first whatever the authority's axis order.
        source: CRS of the points, anything PROJ understands.
        target: CRS wanted.

    Returns:
        (N, 2) float64, NaN where a point does not project.
    """
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    out = np.full_like(xy, np.nan)
    usable = np.isfinite(xy).all(axis=1)
    if source == target:
        return xy.copy()
    if not usable.any():
        return out
    with _LOCK:
        transformation = _transformation(source, target)
        try:
            moved = np.asarray(transformation.TransformPoints(xy[usable].tolist()), dtype=np.float64)[:, :2]
        except RuntimeError:  # GDAL with exceptions refuses the whole list for one bad point: take them one at a time
            moved = np.array([_transform_one(transformation, x, y) for x, y in xy[usable]])
    moved[~np.isfinite(moved).all(axis=1)] = np.nan
    out[usable] = moved
    return out


def _transform_one(transformation: osr.CoordinateTransformation, x: float, y: float) -> tuple[float, float]:
    try:
        moved_x, moved_y, _ = transformation.TransformPoint(x, y)
    except RuntimeError:
        return math.nan, math.nan
    return moved_x, moved_y
