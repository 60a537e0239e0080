"""The rounds of a search: first about the nadir, then, where nothing is found there, in the whole index.

A nadir is evidence, not law: positions in EXIF are sometimes 1,500 km off, clocks are wrong, and people mistype. What
the user sets as a limit (a radius, a centre, an extent, a polygon) is one, and is searched in one round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import PERSPECTIVE_REACH_KM
from astroloc_qgis.engine.index.sharded.opening import AnIndex
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.distinct_places import drop_covered
from astroloc_qgis.engine.retrieval.limits import NoBlocksError
from astroloc_qgis.engine.retrieval.nadir_prior import SEEN_KM
from astroloc_qgis.engine.retrieval.nadir_proposal import SOURCES
from astroloc_qgis.engine.retrieval.remote_index import RemoteIndex
from astroloc_qgis.engine.retrieval.search import retrieve

ABOUT_NADIR = "about the nadir"
WORLD_ATTEMPTED = 12
"""Number of candidates of the second round that are registered."""
WORLD_RANKED = 400
"""Number of candidates among which the second round looks for those in the nadir's surroundings."""
TRIED = 36
"""Number of the first round's candidates that count as tried."""
TRIED_WITHIN_KM = 300.0
"""A place farther from the nadir counts as untried: if the nadir is wrong, it was drawn far too obliquely."""
WORLD_DEG = 300.0
"""Width in degrees of longitude from which an index is called the world's."""


@dataclass(frozen=True)
class SearchRound:
    """One search of the index.

    Attributes:
        where: in words, for the report.
        nadir: what ranking and working planes rest on; None where they do without.
        radius_km: limit of the search about it; 0 for no limit.
        more_follow: whether another round follows, so that one without any block is no error.
        wrong: the nadir about which an earlier round found nothing.
        attempted: number of its first candidates that are registered; None for all.
    """

    where: str
    nadir: Nadir | None
    radius_km: float = 0.0
    more_follow: bool = False
    wrong: Nadir | None = None
    attempted: int | None = None


def search_rounds(
    index: AnIndex | RemoteIndex, nadir: Nadir | None, radius_km: float | None, limits: Sequence[str] = ()
) -> list[SearchRound]:
    """Plan the rounds, in order.

    Args:
        index: index to search.
        nadir: the sub-satellite point, where it is known or proposed.
        radius_km: limit about it that the user sets, 0 for none; None where the user sets none.
        limits: other limits that the user sets, of ``limits_in_words``.

    Returns:
        One round, or two: about a nadir without any limit of the user's, then the whole index.
    """
    west, _, east, _ = index.info.extent
    whole = "the whole world" if (east - west) % 360 >= WORLD_DEG or east - west >= 360 else "the whole index"
    about = nadir is not None and radius_km != 0
    words = [*([ABOUT_NADIR] if about else []), *limits]
    first = SearchRound(" and ".join(words) or whole, nadir, SEEN_KM if radius_km is None else radius_km)
    if not about or limits or radius_km is not None:
        return [first]
    return [replace(first, more_follow=True), SearchRound(whole, None, wrong=nadir, attempted=WORLD_ATTEMPTED)]


def limits_in_words(centre: object, extent: object, polygon: object) -> list[str]:
    """The limits of a search that the user sets, other than about the nadir (arguments as for ``search.retrieve``)."""
    limits = {"about the centre": centre, "in the extent": extent, "in the polygon": polygon}
    return [words for words, limit in limits.items() if limit is not None]


def retrieve_round(
    one: SearchRound,
    photo: np.ndarray,
    index: AnIndex | RemoteIndex,
    descriptor: Descriptor,
    *,
    top: int,
    tried: Sequence[Candidate] = (),
    **limits: Any,
) -> list[Candidate]:
    """The candidates of one round, likeliest first.

    Args:
        one: the round.
        photo: (H, W, 3) uint8 RGB.
        index: index to search.
        descriptor: the one that the index was built with.
        top: number of candidates, at most.
        tried: candidates of the round before.
        **limits: and what else ``search.retrieve`` takes.

    Returns:
        None of them where there is no block about the nadir and another round follows, or where all are tried.

    Raises:
        InputError: as ``search.retrieve``.
    """
    if one.wrong is None:
        try:
            return retrieve(photo, index, descriptor, top=top, nadir=one.nadir, radius_km=one.radius_km, **limits)
        except NoBlocksError:
            if one.more_follow:
                return []
            raise
    anywhere = retrieve(photo, index, descriptor, top=WORLD_RANKED, **limits)
    return likeliest_elsewhere(anywhere, tried, one.wrong)[:top]


def likeliest_elsewhere(candidates: Sequence[Candidate], tried: Sequence[Candidate], nadir: Nadir) -> list[Candidate]:
    """Order the candidates of the second round: two that the ISS sees from the nadir, then one anywhere, and so on.

    A wrong nadir is more often 1,000 km off than anywhere on Earth. What was tried in the first round is left out.

    Args:
        candidates: of a search of the whole index without the prior of a nadir, best first.
        tried: candidates of the first round, best first.
        nadir: of the first round.

    Returns:
        The candidates, ranked anew.
    """
    before = drop_covered([one for one in tried[:TRIED] if _distance_km(one, nadir) <= TRIED_WITHIN_KM])
    anywhere = drop_covered([*before, *candidates])[len(before) :]
    near = [one for one in anywhere if _distance_km(one, nadir) <= SEEN_KM]
    turn = {id(one): 3 * place + 2 for place, one in enumerate(anywhere)}
    turn |= {id(one): min(3 * (place // 2) + place % 2, turn[id(one)]) for place, one in enumerate(near)}
    ordered = sorted(anywhere, key=lambda one: turn[id(one)])
    return [replace(one, rank=place) for place, one in enumerate(ordered, start=1)]


def _distance_km(candidate: Candidate, nadir: Nadir) -> float:
    return float(great_circle_km(nadir.lonlat, np.asarray(candidate.block.center_lonlat))[0])


@dataclass(frozen=True)
class Searched:
    """Where a photo was searched, and what its nadir had to do with it.

    Attributes:
        nadir: the sub-satellite point, where it is known or proposed.
        rounds: those that were made, in order.
        reported: the one whose registration is reported; None where nothing was searched (``pipeline.refine``).
    """

    nadir: Nadir | None = None
    rounds: tuple[SearchRound, ...] = ()
    reported: SearchRound | None = None

    @property
    def used(self) -> bool:
        """Whether the search that led to the registration reported began at the nadir."""
        return (self.nadir if self.reported is None else self.reported.nadir) is not None

    def distance_km(self, footprint: Array | None) -> float | None:
        """Distance from the nadir to the middle of a footprint, (4, 2) longitude, latitude; None where one is None."""
        if self.nadir is None or footprint is None:
            return None
        lon, lat = np.radians(np.asarray(footprint, dtype=np.float64)).T
        x, y, z = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]).mean(axis=1)
        middle = np.degrees([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])
        return float(great_circle_km(self.nadir.lonlat, middle)[0])

    def entry(self, footprint: Array | None) -> dict[str, Any]:
        """The report's field ``nadir``: plain types only; ``footprint`` as for ``distance_km``."""
        nadir, distance = self.nadir, self.distance_km(footprint)
        return {
            "latitude": None if nadir is None else nadir.latitude,
            "longitude": None if nadir is None else nadir.longitude,
            "source": "none" if nadir is None else nadir.source,
            "used": self.used and not _is_far(distance),
            "distance_km": None if distance is None else round(distance, 1),
        }

    def sentence(self, footprint: Array | None) -> str:
        """What the analyst must know of the nadir; empty where it did its work (``footprint``: as ``distance_km``)."""
        if self.nadir is None or not self.rounds:
            return ""
        stated, distance = SOURCES[self.nadir.source], self.distance_km(footprint)
        if distance is not None:
            if self.used and not _is_far(distance):
                return ""
            beyond = ", farther than the ISS sees" if distance > SEEN_KM else ""
            return f"found {distance:,.0f} km from {stated}{beyond}"
        last = self.rounds[-1]
        if last.wrong is None:
            return ""
        if len(self.rounds) > 1:
            return f"nothing was found within {SEEN_KM:,.0f} km of {stated} nor elsewhere"
        return f"nothing was found; the index shows no place within {SEEN_KM:,.0f} km of {stated}"


def _is_far(distance_km: float | None) -> bool:
    """Whether a place is so far from the nadir that neither the working plane nor the prior rested on it."""
    return distance_km is not None and distance_km > PERSPECTIVE_REACH_KM
