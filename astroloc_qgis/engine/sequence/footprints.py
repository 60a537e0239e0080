"""Footprints of a sequence: their middles, sizes, differences, and their corners as seen along the track."""

from __future__ import annotations

import math

import numpy as np

from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane


def middle_of(corners: Array) -> Array:
    """(2,) longitude, latitude in the middle of a (4, 2) footprint, which may cross the antimeridian or a pole."""
    lon, lat = np.radians(corners).T
    vector = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]).mean(axis=1)
    return np.degrees([math.atan2(vector[1], vector[0]), math.atan2(vector[2], math.hypot(vector[0], vector[1]))])


def diagonal_km(corners: Array) -> float:
    """Length of the longer diagonal of a (4, 2) footprint, kilometres."""
    return float(great_circle_km(corners[:2], corners[2:]).max())


def difference(one: Array, other: Array) -> float:
    """Root mean square distance of the corners of two (4, 2) footprints, as a part of the longer diagonal."""
    off = great_circle_km(one, other)
    return float(np.sqrt((off**2).mean())) / max(diagonal_km(one), diagonal_km(other))


def along_track(corners: Array, place: Array, azimuth: float) -> Array:
    """Corners as seen from a place of the track.

    Args:
        corners: (4, 2) longitude, latitude.
        place: (2,) longitude, latitude.
        azimuth: direction of motion there, radians clockwise from north.

    Returns:
        (4, 2) kilometres ahead and to the right.
    """
    east, north = WorkingPlane.local(float(place[0]), float(place[1])).from_lonlat(corners).T / 1000
    sine, cosine = math.sin(azimuth), math.cos(azimuth)
    return np.column_stack([sine * east + cosine * north, cosine * east - sine * north])


def from_track(seen: Array, place: Array, azimuth: float) -> Array:
    """The inverse of ``along_track``: (4, 2) longitude, latitude."""
    ahead, right = np.asarray(seen).T * 1000
    sine, cosine = math.sin(azimuth), math.cos(azimuth)
    plane = WorkingPlane.local(float(place[0]), float(place[1]))
    return plane.to_lonlat(np.column_stack([sine * ahead + cosine * right, cosine * ahead - sine * right]))
