"""Which photos of a batch follow each other: by the camera's clock, else by the numbers in their names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.engine.photo.number import nasa_photo_number

MOST_PAUSE_S = 300.0
"""Longest pause within a sequence, seconds: in it the station flies a twentieth of an orbit."""
MOST_MISSING = 30
"""Most numbers missing between two photos of a sequence without times."""

LEAST_REGULAR, LEAST_STEP_S, MOST_UNEVEN = 5, 2.0, 0.25
"""Fewest photos, shortest step (seconds) and greatest deviation (in steps) of a sequence that a timer took: by hand one
takes photos at no such steps, and a burst has shorter ones."""


@dataclass(frozen=True)
class Frame:
    """What a photo's file says of its place in a sequence.

    Attributes:
        path: of the photo.
        size: width and height, pixels; photos of other sizes are of other sequences.
        series: what the name has beside its number, with the focal length; photos of one camera share it.
        number: in the name; None without one.
        taken: by the camera's clock; None without one.
    """

    path: Path
    size: tuple[int, int]
    series: str
    number: int | None
    taken: datetime | None


@dataclass(frozen=True)
class PhotoSequence:
    """Photos of one camera in the order in which they were taken.

    Attributes:
        paths: of the photos.
        at: when each was taken: seconds after the first, or the number in its name.
        timed: whether ``at`` is in seconds.
        regular: whether a timer took them: their times follow their numbers in equal steps.
    """

    paths: tuple[Path, ...]
    at: tuple[float, ...]
    timed: bool
    regular: bool = False


def frame_of(path: Path, size: tuple[int, int]) -> Frame:
    """Read the time and the number of a photo.

    Args:
        path: of the photo.
        size: width and height, pixels.
    """
    exif = read_exif(path)
    nasa = nasa_photo_number(path.name)
    found = re.match(r"(.*?)(\d+)(\D*)$", path.stem if nasa is None else nasa)
    number = None if found is None or len(found[2]) > 9 else int(found[2])
    stem = path.stem if found is None or number is None else f"{found[1]}#{found[3]}"
    return Frame(path, size, f"{stem} {exif.focal_length_mm or ''}", number, exif.taken)


def sequences(frames: Iterable[Frame]) -> list[PhotoSequence]:
    """Sort photos into sequences of two or more.

    Args:
        frames: of ``frame_of``, in any order.
    """
    cameras: dict[tuple[tuple[int, int], str], list[Frame]] = {}
    for frame in frames:
        cameras.setdefault((frame.size, frame.series), []).append(frame)
    found = [part for camera in cameras.values() for part in _parts(camera)]
    return [part for part in found if len(part.paths) > 1]


def _parts(frames: Sequence[Frame]) -> list[PhotoSequence]:
    """The sequences of one camera."""
    times = [frame.taken for frame in frames if frame.taken is not None]
    timed = len(times) == len(frames) and len(set(times)) > len(frames) / 3  # a copy's time is the same for all
    if not timed and any(frame.number is None for frame in frames):
        return []
    ordered = sorted(frames, key=lambda frame: _at(frame, timed, min(times, default=None)))
    at = [_at(frame, timed, min(times, default=None))[0] for frame in ordered]
    pause = MOST_PAUSE_S if timed else MOST_MISSING + 1
    cuts = [0, *(k for k in range(1, len(at)) if at[k] - at[k - 1] > pause), len(at)]
    return [
        PhotoSequence(
            tuple(one.path for one in ordered[first:last]),
            tuple(value - at[first] for value in at[first:last]),
            timed,
            timed and _is_regular(ordered[first:last], at[first:last]),
        )
        for first, last in pairwise(cuts)
    ]


def _is_regular(frames: Sequence[Frame], at: Sequence[float]) -> bool:
    """Whether the times of photos, seconds, are a line over their numbers."""
    numbers = np.array([math.nan if frame.number is None else frame.number for frame in frames])
    if len(frames) < LEAST_REGULAR or not np.isfinite(numbers).all() or np.ptp(numbers) == 0:
        return False
    step, start = np.polyfit(numbers, at, 1)
    off = np.asarray(at) - (step * numbers + start)
    return bool(step >= LEAST_STEP_S and math.sqrt(float((off**2).mean())) <= MOST_UNEVEN * step)


def _at(frame: Frame, timed: bool, start: datetime | None) -> tuple[float, int]:
    number = frame.number or 0
    if timed and frame.taken is not None and start is not None:
        return (frame.taken - start).total_seconds(), number
    return float(number), number
