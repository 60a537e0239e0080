"""What is said of where a photo was taken, side by side: EXIF, orbital elements, NASA's nadir, centre and outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.nasa.record import NasaRecord, Place

ClueKind = Literal["given", "exif", "tle", "nasa", "centre", "outline"]
NADIRS = ("given", "exif", "tle", "nasa")
"""Kinds that are sub-satellite points; the others are points in the photo's middle."""
DISAGREE_KM = 200.0
"""Distance from which on two clues of the same point disagree: the station flies it in half a minute."""
IN_SIGHT_KM = 2400.0
"""Distance from which on a photo's middle is not in sight of its nadir."""


@dataclass(frozen=True)
class Clue:
    """One of them.

    Attributes:
        kind: who says so, of which point.
        place: latitude, longitude, degrees.
        nadir: the nadir, with its height; None for a point in the photo's middle.
    """

    kind: ClueKind
    place: Place
    nadir: Nadir | None = None


@dataclass(frozen=True)
class Disagreement:
    """Two clues that cannot both be right.

    Attributes:
        first, second: the clues.
        distance_km: between them.
    """

    first: Clue
    second: Clue
    distance_km: float


def clues_of(nadirs: Sequence[Nadir | None], record: NasaRecord | None) -> list[Clue]:
    """The clues about a photo, each kind once.

    Args:
        nadirs: that are known; of several from one source the first counts.
        record: what NASA says.
    """
    found: dict[ClueKind, Clue] = {}
    for nadir in [*nadirs, None if record is None else record.proposed_nadir()]:
        if nadir is not None:
            found.setdefault(nadir.source, Clue(nadir.source, (nadir.latitude, nadir.longitude), nadir))
    if record is not None and record.centre is not None:
        found["centre"] = Clue("centre", record.centre)
    middle = None if record is None else record.outline_centre or middle_of(record.outline)
    if middle is not None and record is not None and record.outline is not None:
        found["outline"] = Clue("outline", middle)
    return list(found.values())


def disagreements(clues: Sequence[Clue]) -> list[Disagreement]:
    """The pairs that disagree, the farthest apart first.

    A nadir and a middle out of its sight are told only where no pair of two nadirs or two middles has one of them.
    """
    alike: list[Disagreement] = []
    mixed: list[Disagreement] = []
    for first, second in combinations(clues, 2):
        same_point = (first.kind in NADIRS) == (second.kind in NADIRS)
        distance = distance_km(first.place, second.place)
        if distance > (DISAGREE_KM if same_point else IN_SIGHT_KM):
            (alike if same_point else mixed).append(Disagreement(first, second, distance))
    told = {clue for one in alike for clue in (one.first, one.second)}
    mixed = [one for one in mixed if not {one.first, one.second} & told]
    return sorted(alike + mixed, key=lambda one: -one.distance_km)


def distance_km(first: Place, second: Place) -> float:
    """Great-circle distance between two (latitude, longitude) places, kilometres."""
    return float(great_circle_km(np.array([first[::-1]]), np.array([second[::-1]]))[0])


def middle_of(outline: Sequence[Place] | None) -> Place | None:
    """Latitude, longitude in the middle of an outline of (longitude, latitude) corners, which may cross 180 degrees."""
    if outline is None:
        return None
    lons = np.unwrap([lon for lon, _ in outline], period=360.0)
    return float(np.mean([lat for _, lat in outline])), float((lons.mean() + 180.0) % 360.0 - 180.0)
