"""Distances on the ground and longitudes that run around it; degrees, WGS84, longitude first."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.geometry.projection import Array

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG), kilometres."""


def great_circle_km(a: Array, b: Array) -> Array:
    """Great-circle distance between (N, 2) and (N, 2) (or one and many) longitude, latitude points, kilometres."""
    lon_a, lat_a = np.radians(np.asarray(a, dtype=np.float64).reshape(-1, 2)).T
    lon_b, lat_b = np.radians(np.asarray(b, dtype=np.float64).reshape(-1, 2)).T
    half = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def wrap_lon(lon: Array | float) -> Array:
    """Longitude brought into [-180, 180)."""
    return np.asarray((np.asarray(lon, dtype=np.float64) + 180.0) % 360.0 - 180.0)


def unwrap_lons(lons: Array) -> Array:
    """Longitudes made contiguous (no jump above 180 degrees between neighbours), the first kept."""
    return np.asarray(np.unwrap(np.asarray(lons, dtype=np.float64), period=360.0))
