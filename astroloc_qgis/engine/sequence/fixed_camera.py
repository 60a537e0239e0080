"""A camera that looks always the same way: its footprints keep their shape and place relative to the track.

Where enough located photos show such a camera, the track says where the others are, over cloud and sea too, and which
of the located ones disagree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.sequence.footprints import along_track, diagonal_km, from_track, middle_of
from astroloc_qgis.engine.sequence.orbit_track import Track, consensus

SAME_PLACE = 0.1
"""Greatest distance of a footprint's middle from the track, as a part of the diagonal."""
SAME_SHAPE = 0.05
"""Greatest root mean square difference of a footprint's corners from the shape of the others, as a part of the
diagonal."""
LEAST_SHARE = 2 / 3
"""Least share of the located photos that agree on a fixed camera."""
LEAST_PLACES, LEAST_PLACES_WITH_NADIRS = 3, 2
"""Fewest located photos that agree: the track is found from them, or from known nadirs."""
_NADIR_TOLERANCE_KM = 60.0
_FLOOR = 0.01  # least deviation of a located footprint, as a part of the diagonal


@dataclass(frozen=True)
class FixedCamera:
    """A camera that looks always the same way.

    Attributes:
        track: of its footprints' middles, or of its nadirs.
        shape: (4, 2) corners seen from the track: kilometres ahead and to the right.
        deviation_km: of the located footprints from it, along one axis.
        agreeing: numbers of the located photos that determined it.
    """

    track: Track
    shape: Array
    deviation_km: float
    agreeing: frozenset[int]

    @property
    def diagonal_km(self) -> float:
        """Length of the longer diagonal of a footprint."""
        return float(np.hypot(*(self.shape[2:] - self.shape[:2]).T).max())

    def footprint(self, at: float) -> Array:
        """(4, 2) longitude, latitude of the corners at a time."""
        return from_track(self.shape, self.track.place(at), self.track.azimuth(at))

    def is_within_reach(self, at: float, agreeing_at: Sequence[float]) -> bool:
        """Whether a time is no further from those of the agreeing photos than they are from each other.

        That the camera looked the same way is known for as long as it was seen to, and not for much longer.
        """
        first, last = min(agreeing_at), max(agreeing_at)
        return first - (last - first) <= at <= last + (last - first)

    def deviation_at_km(self, at: float) -> float:
        """Standard deviation of a footprint, along one axis, kilometres."""
        return math.hypot(self.track.deviation_at_km(at), self.deviation_km)


def find_fixed_camera(
    footprints: Mapping[int, Array], at: Mapping[int, float], *, timed: bool, nadirs: Mapping[int, Array]
) -> FixedCamera | None:
    """The fixed camera that located photos show, if they do.

    Args:
        footprints: (4, 2) longitude, latitude of each located photo, by number.
        at: when each photo of the sequence was taken, by number.
        timed: whether that is in seconds.
        nadirs: (2,) longitude, latitude of the known nadirs, by number.
    """
    if len(footprints) < LEAST_PLACES_WITH_NADIRS:
        return None
    numbers = sorted(footprints)
    diagonal = float(np.median([diagonal_km(footprints[number]) for number in numbers]))
    if len(numbers) >= LEAST_PLACES:
        middles = np.stack([middle_of(footprints[number]) for number in numbers])
        times = np.array([at[number] for number in numbers])
        found = consensus(middles, times, timed=timed, tolerance_km=SAME_PLACE * diagonal, floor_km=_FLOOR * diagonal)
        if found is not None:
            camera = _camera(found[0], footprints, at, diagonal, LEAST_PLACES)
            if camera is not None:
                return camera
    track = _track_of_nadirs(nadirs, at, timed)
    return None if track is None else _camera(track, footprints, at, diagonal, LEAST_PLACES_WITH_NADIRS)


def _track_of_nadirs(nadirs: Mapping[int, Array], at: Mapping[int, float], timed: bool) -> Track | None:
    numbers = sorted(nadirs)
    if len(numbers) < LEAST_PLACES:
        return None
    found = consensus(
        np.stack([nadirs[number] for number in numbers]),
        np.array([at[number] for number in numbers]),
        timed=timed,
        tolerance_km=_NADIR_TOLERANCE_KM,
        floor_km=1.0,
    )
    return None if found is None else found[0]


def _camera(
    track: Track, footprints: Mapping[int, Array], at: Mapping[int, float], diagonal: float, least: int
) -> FixedCamera | None:
    """The camera whose footprints keep their place and shape relative to a track, for most of the located photos."""
    numbers = sorted(footprints)
    seen = np.stack(
        [along_track(footprints[one], track.place(at[one]), track.azimuth(at[one])) for one in numbers]
    )  # (N, 4, 2)
    whole = np.isfinite(seen).all(axis=(1, 2))
    if whole.sum() < least:
        return None
    agreeing = whole
    for _ in range(2):
        middle, own = np.median(seen[agreeing].mean(axis=1), axis=0), seen - seen.mean(axis=1, keepdims=True)
        shape = np.median(own[agreeing], axis=0)
        off_place = np.hypot(*(seen.mean(axis=1) - middle).T)
        off_shape = np.sqrt(((own - shape) ** 2).sum(axis=2).mean(axis=1))
        agreeing = whole & (off_place <= SAME_PLACE * diagonal) & (off_shape <= SAME_SHAPE * diagonal)
        if agreeing.sum() < max(least, LEAST_SHARE * len(numbers)):
            return None
    mean = seen[agreeing].mean(axis=0)
    freedom = max(1, int(agreeing.sum()) - 1)
    rms = math.sqrt(float(((seen[agreeing] - mean) ** 2).sum()) / (8 * freedom))
    kept = frozenset(number for number, good in zip(numbers, agreeing, strict=True) if good)
    return FixedCamera(track, mean, max(rms, _FLOOR * diagonal), kept)
