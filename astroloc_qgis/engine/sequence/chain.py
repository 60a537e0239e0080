"""Footprints carried from located photos to their neighbours, from link to link, with an uncertainty that grows."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.sequence.footprints import diagonal_km
from astroloc_qgis.engine.sequence.neighbours import Link

WAY_DEVIATION, WAY_BEND = 0.01, 0.06
"""Standard deviation of a carried place, as parts of the diagonal: by the way that the view moved (in diagonals), and
by its square. Lens and the Earth's curvature bend all links of a sequence alike, so that their errors add up."""


@dataclass(frozen=True)
class Anchor:
    """A photo located on the reference.

    Attributes:
        homography: (3, 3) photo pixels -> metres of the plane.
        plane: the working plane.
        deviation_km: standard deviation of its place, along one axis.
    """

    homography: Array
    plane: WorkingPlane
    deviation_km: float


@dataclass(frozen=True)
class Prediction:
    """Where a photo must be by what is known of others.

    Attributes:
        footprint: (4, 2) longitude, latitude, photo corner order.
        deviation_km: standard deviation along one axis.
        neighbours: numbers of the located photos that it follows from.
        links: number of links on the way; 0 for a place on the track.
    """

    footprint: Array
    deviation_km: float
    neighbours: tuple[int, ...]
    links: int = 0

    @property
    def radius_km(self) -> float:
        """Radius of the circle that holds the true place with a probability of 95 %."""
        return self.deviation_km * math.sqrt(-2 * math.log(0.05))

    @property
    def relative_radius(self) -> float:
        """That radius as a part of the footprint's diagonal."""
        return self.radius_km / diagonal_km(self.footprint)


@dataclass(frozen=True)
class _Way:
    """A way from an anchor through links.

    Attributes:
        origin: number of the anchor.
        links: their number.
        random: variance of what differs from link to link, the anchor's own included, in parts of the diagonal.
        moved: how far the view moved, in diagonals.
        homography: (3, 3) of the photo at its end, photo pixels -> metres of the anchor's plane.
    """

    origin: int
    links: int
    random: float
    moved: float
    homography: Array

    @property
    def variance(self) -> float:
        """Variance of the place at its end, in parts of the diagonal."""
        return self.random + (WAY_DEVIATION * self.moved + WAY_BEND * self.moved**2) ** 2

    def by(self, link: Link, size: tuple[int, int]) -> _Way:
        """The way with one more link."""
        middle = np.array([size]) / 2
        moved = float(np.hypot(*(apply_homography(link.homography, middle) - middle)[0])) / math.hypot(*size)
        homography = self.homography @ np.linalg.inv(link.homography)
        return _Way(
            self.origin,
            self.links + 1,
            self.random + link.deviation**2,
            self.moved + moved,
            homography / np.linalg.norm(homography),
        )


def carry(
    anchors: Mapping[int, Anchor], links: Sequence[Link], size: tuple[int, int], *, without: int | None = None
) -> dict[int, Prediction]:
    """Carry the anchors' places through the links, each photo's from where the way is surest (Dijkstra 1959).

    Args:
        anchors: the located photos, by number.
        links: between photos of the sequence.
        size: width and height of the photos, pixels.
        without: number of an anchor that takes no part, so that the others' view of it is found.

    Returns:
        A prediction for each photo that the links reach, those of the anchors left out.
    """
    outgoing: dict[int, list[Link]] = {}
    for link in links:
        for each in (link, link.reversed()):
            outgoing.setdefault(each.first, []).append(each)
    used = {number: anchor for number, anchor in anchors.items() if number != without}
    diagonals = {number: _diagonal(anchor.homography, anchor.plane, size) for number, anchor in used.items()}
    ties = itertools.count()  # what follows it has no order
    queue = [
        (variance, next(ties), number, _Way(number, 0, variance, 0.0, anchor.homography))
        for number, anchor in used.items()
        if math.isfinite(variance := (anchor.deviation_km / diagonals[number]) ** 2)
    ]
    heapq.heapify(queue)
    done: set[int] = set()
    found: dict[int, Prediction] = {}
    while queue:
        variance, _, number, way = heapq.heappop(queue)
        if number in done:
            continue
        done.add(number)
        if number not in used:
            corners = footprint_lonlat(way.homography, used[way.origin].plane, *size)
            if not np.isfinite(corners).all():
                continue
            deviation = math.sqrt(variance) * diagonals[way.origin]
            found[number] = Prediction(corners, deviation, (way.origin,), way.links)
        for link in outgoing.get(number, ()):
            if link.second not in done:
                further = way.by(link, size)
                heapq.heappush(queue, (further.variance, next(ties), link.second, further))
    return found


def _diagonal(homography: Array, plane: WorkingPlane, size: tuple[int, int]) -> float:
    corners = footprint_lonlat(homography, plane, *size)
    return diagonal_km(corners) if np.isfinite(corners).all() else math.nan
