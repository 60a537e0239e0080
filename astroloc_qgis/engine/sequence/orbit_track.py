"""The track of one camera on one orbit: a great circle in space, at constant speed, over the Earth that turns below.

The footprints' middles of a camera that looks always the same way lie on such a track too: one that looks to the side
describes a small circle, which over the length of a sequence differs from a great circle by a few kilometres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.distances import EARTH_RADIUS_KM
from astroloc_qgis.engine.geometry.projection import Array

EARTH_TURNS = math.radians(360.0 / 86164.1)
"""Rotation of the Earth in space, radians a second."""
USUAL_RATE = math.radians(360.0 / (92.8 * 60))
"""Motion of the station in its orbit, radians a second: 7.19 km/s over ground that does not turn."""
SPEEDS_KM_S = (6.5, 8.0)
"""Least and greatest speed over ground that does not turn."""
RATE_DEVIATION = 0.03
"""Standard deviation of the motion about the usual one, relative: orbits from 250 to 600 km of height."""
CLOCK_S = 0.6
"""Standard deviation of a photo's time, which has whole seconds."""
STEP = 0.12
"""Standard deviation of the moment of a photo without time, in mean steps between numbers."""


@dataclass(frozen=True)
class Track:
    """Where a camera's footprints are, by time.

    Attributes:
        start, ahead: (3,) orthogonal unit vectors in space: the middle at time 0, and the direction of motion there.
        rate: motion along the circle, radians a unit of time.
        seconds: in a unit of time: 1, or the mean time between two numbers.
        at: (N,) times of the places that determined it.
        deviation_km: of those places from it, along one axis.
    """

    start: Array
    ahead: Array
    rate: float
    seconds: float
    at: Array
    deviation_km: float

    def place(self, at: float) -> Array:
        """(2,) longitude, latitude at a time."""
        return _lonlat(self._earthfixed(at))

    def azimuth(self, at: float) -> float:
        """Direction of motion over the turning ground, radians clockwise from north."""
        step = 1.0 / self.seconds
        before, after = self._earthfixed(at - step), self._earthfixed(at + step)
        here = self._earthfixed(at)
        east = np.array([-here[1], here[0], 0.0]) / max(math.hypot(here[0], here[1]), 1e-9)
        motion = after - before
        return math.atan2(float(motion @ east), float(motion @ np.cross(here, east)))

    def deviation_at_km(self, at: float) -> float:
        """Standard deviation of a place by the track, along one axis, kilometres."""
        spread = max(float(((self.at - self.at.mean()) ** 2).sum()), 1e-9)
        count = len(self.at)
        fitted = self.deviation_km * math.sqrt(1 / count + (at - float(self.at.mean())) ** 2 / spread)
        clock = (CLOCK_S if self.seconds == 1.0 else STEP * self.seconds) * 7.2
        reach = max(0.0, float(self.at.min()) - at, at - float(self.at.max())) * self.rate * EARTH_RADIUS_KM
        drift = reach * (0.01 if self.seconds == 1.0 else 0.05)
        return math.sqrt(fitted**2 + clock**2 + drift**2)

    def _earthfixed(self, at: float) -> Array:
        angle = self.rate * at
        return _turned(math.cos(angle) * self.start + math.sin(angle) * self.ahead, -EARTH_TURNS * self.seconds * at)


def fit_track(lonlat: Array, at: Array, *, timed: bool, floor_km: float) -> Track | None:
    """The track through places.

    Args:
        lonlat: (N, 2) of at least two.
        at: (N,) when: seconds, or numbers.
        timed: whether ``at`` is in seconds; else the motion from number to number is found too.
        floor_km: least deviation of a place assumed, kilometres.

    Returns:
        None where no spacecraft flies so.
    """
    if len(lonlat) < 2 or np.ptp(at) <= 0:
        return None
    fixed = _vectors(lonlat)
    seconds = 1.0
    if not timed:
        first, last = int(np.argmin(at)), int(np.argmax(at))
        arc = math.acos(float(np.clip(fixed[first] @ fixed[last], -1, 1)))
        seconds = arc / USUAL_RATE / float(np.ptp(at))
    for _ in range(1 if timed else 4):
        points = np.stack([_turned(point, EARTH_TURNS * seconds * time) for point, time in zip(fixed, at, strict=True)])
        found = _great_circle(points, at, seconds if timed else None, floor_km)
        if found is None:
            return None
        start, ahead, rate = found
        if not timed:
            seconds = rate / USUAL_RATE
    if not SPEEDS_KM_S[0] <= rate / seconds * EARTH_RADIUS_KM <= SPEEDS_KM_S[1]:
        return None
    track = Track(start, ahead, rate, seconds, np.asarray(at, dtype=np.float64), floor_km)
    off = distances_km(np.stack([track.place(time) for time in at]), lonlat)
    freedom = max(1, 2 * len(at) - (3 if timed else 4))
    deviation = max(floor_km, math.sqrt(float((off**2).sum()) / freedom))
    return Track(start, ahead, rate, seconds, track.at, deviation)


def _great_circle(
    points: Array, at: Array, seconds: float | None, floor_km: float
) -> tuple[Array, Array, float] | None:
    """The great circle through (N, 3) points in space and the motion on it: start, direction and rate.

    Args:
        points: unit vectors.
        at: (N,) times.
        seconds: in a unit of time, where that is known: then the rate is held near the usual one.
        floor_km: deviation of the points.
    """
    order = np.argsort(at)
    pole = np.linalg.eigh(points.T @ points)[1][:, 0] if len(points) > 2 else np.cross(points[0], points[1])
    if np.linalg.norm(pole) < 1e-9:
        return None
    pole = pole / np.linalg.norm(pole)
    first = points[order[0]] - (points[order[0]] @ pole) * pole
    first = first / np.linalg.norm(first)
    if float(np.cross(first, points[order[-1]]) @ pole) < 0:
        pole = -pole
    angle = np.arctan2(points @ np.cross(pole, first), points @ first)
    mean_at, mean = float(at.mean()), float(angle.mean())
    spread, product = float(((at - mean_at) ** 2).sum()), float(((at - mean_at) * (angle - mean)).sum())
    if seconds is not None:
        weight = (floor_km / EARTH_RADIUS_KM / (RATE_DEVIATION * USUAL_RATE * seconds)) ** 2
        spread, product = spread + weight, product + weight * USUAL_RATE * seconds
    rate = product / spread
    if rate <= 0:
        return None
    begin = mean - rate * mean_at
    start = math.cos(begin) * first + math.sin(begin) * np.cross(pole, first)
    return start, np.cross(pole, start), rate


def consensus(
    lonlat: Array, at: Array, *, timed: bool, tolerance_km: float, floor_km: float
) -> tuple[Track, NDArray[np.bool_]] | None:
    """The track that most places agree with.

    Args:
        lonlat: (N, 2).
        at: (N,).
        timed: whether ``at`` is in seconds.
        tolerance_km: distance from the track at which a place agrees.
        floor_km: least deviation of a place assumed.

    Returns:
        The track, and (N,) which places agree; None unless three do, and more than half of all.
    """
    best: tuple[int, float, NDArray[np.bool_], Track] | None = None
    for first, second in combinations(range(len(at)), 2):
        chosen = np.zeros(len(at), bool)
        chosen[[first, second]] = True
        for _ in range(3):
            track = fit_track(lonlat[chosen], at[chosen], timed=timed, floor_km=floor_km)
            if track is None:
                break
            off = distances_km(np.stack([track.place(time) for time in at]), lonlat)
            agreeing = off <= tolerance_km
            if agreeing.sum() < 2 or (agreeing == chosen).all():
                break
            chosen = agreeing
        if track is None or agreeing.sum() < 3:
            continue
        score = int(agreeing.sum()), -float(off[agreeing].mean())
        if best is None or score > best[:2]:
            best = *score, agreeing, track
    if best is None or 2 * best[0] <= len(at):
        return None
    track = fit_track(lonlat[best[2]], at[best[2]], timed=timed, floor_km=floor_km)
    return None if track is None else (track, best[2])


def distances_km(a: Array, b: Array) -> Array:
    """(N,) distances of longitude, latitude points."""
    cosine = np.linalg.norm(_vectors(a) - _vectors(b), axis=1) / 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.clip(cosine, 0, 1)))


def _vectors(lonlat: Array) -> Array:
    lon, lat = np.radians(np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _lonlat(vector: Array) -> Array:
    return np.degrees([math.atan2(vector[1], vector[0]), math.atan2(vector[2], math.hypot(vector[0], vector[1]))])


def _turned(vector: Array, angle: float) -> Array:
    """A vector turned about the Earth's axis, east by a positive angle."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([cosine * vector[0] - sine * vector[1], sine * vector[0] + cosine * vector[1], vector[2]])
