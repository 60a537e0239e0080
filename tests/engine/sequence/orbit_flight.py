"""Footprints below a circular orbit, and of a camera on it that looks always the same way."""

from __future__ import annotations

import math

import numpy as np

from astroloc_qgis.engine.sequence.footprints import from_track
from astroloc_qgis.engine.sequence.orbit_track import EARTH_TURNS, USUAL_RATE, fit_track

INCLINATION = math.radians(51.6)
SHAPE = np.array([[120.0, -310.0], [130.0, 190.0], [-240.0, 240.0], [-320.0, -330.0]])


def orbit(at: np.ndarray, argument_deg: float = 20.0, node_deg: float = 170.0) -> np.ndarray:
    """(N, 2) longitude, latitude below a circular orbit, written down without the code under test."""
    along = math.radians(argument_deg) + USUAL_RATE * at
    lat = np.arcsin(math.sin(INCLINATION) * np.sin(along))
    lon = np.arctan2(math.cos(INCLINATION) * np.sin(along), np.cos(along)) - EARTH_TURNS * at + math.radians(node_deg)
    return np.column_stack([(np.degrees(lon) + 180) % 360 - 180, np.degrees(lat)])


def flown(at: np.ndarray) -> dict[int, np.ndarray]:
    """The footprints of a camera that looks obliquely back and to the left."""
    track = fit_track(orbit(at), at, timed=True, floor_km=1.0)
    return {number: from_track(SHAPE, track.place(time), track.azimuth(time)) for number, time in enumerate(at)}
