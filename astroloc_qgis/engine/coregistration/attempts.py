"""Registration attempts: the search areas of the candidates, in the order in which the cascade tries them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import overload

import numpy as np

from astroloc_qgis.engine.coregistration.cascade import GROUP, Attempt
from astroloc_qgis.engine.coregistration.search_area import (
    LESS_LIKELY_PX,
    LIKELY_LONG_SIDES,
    CoregistrationSettings,
    SearchArea,
    area_about_block,
    area_about_footprint,
    area_closer_to_block,
    has_closer_area,
)
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import homography_from_points
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import plane_for
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.distinct_places import drop_covered
from astroloc_qgis.engine.tiles import block_around

CLOSER_CANDIDATES = 3 * GROUP
"""Number of the first candidates that get a closer attempt as well."""

BELOW_ZOOM = 8
"""Zoom of the block below the station: some 400 to 600 km wide, and the area searched about it three times as wide."""
BELOW_AT = 2
"""Number of candidates that are likelier than the ground below the station."""

Maker = tuple[Callable[[], SearchArea], Candidate]
"""What makes the search area of an attempt, and the candidate."""


class Attempts(Sequence[Attempt]):
    """Attempts whose search areas are made when they are first asked for: most photos need only the first of them.

    Args:
        makers: of the attempts, likeliest first.
    """

    def __init__(self, makers: Sequence[Maker]) -> None:
        self._makers = makers
        self._made: dict[int, Attempt] = {}

    def __len__(self) -> int:
        return len(self._makers)

    @overload
    def __getitem__(self, number: int) -> Attempt: ...

    @overload
    def __getitem__(self, number: slice) -> list[Attempt]: ...

    def __getitem__(self, number: int | slice) -> Attempt | list[Attempt]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if number not in self._made:
            make, candidate = self._makers[number]
            self._made[number] = make(), candidate
        return self._made[number]


def candidate_below(nadir: Nadir, rank: int) -> Candidate:
    """The candidate that needs no retrieval: the ground below the station, for a wide photo.

    Args:
        nadir: the sub-satellite point.
        rank: behind those of the retrieval.
    """
    return Candidate(block_around(nadir.longitude, nadir.latitude, BELOW_ZOOM), rank, score=0.0, quarter_turns=0)


def attempts_about(
    candidates: Sequence[Candidate],
    reference: Reference,
    nadir: Nadir | None,
    below: Candidate | None = None,
    *,
    closer: bool = True,
) -> Attempts:
    """The attempts about the candidates of a retrieval, likeliest first.

    Attempts about the first group of candidates try two sizes of the photo. Each of the first groups is followed by
    closer attempts about those of its candidates for which the reference has the resolution.

    Args:
        candidates: as ``retrieve`` ranks them; those that lie within another one's search area are left out.
        reference: imagery.
        nadir: the sub-satellite point, where it is known.
        below: of ``candidate_below``; follows the first candidates.
        closer: whether to make closer attempts.
    """
    likely = CoregistrationSettings(search_long_sides=LIKELY_LONG_SIDES)
    others = CoregistrationSettings(correlated_px=LESS_LIKELY_PX)
    makers: list[Maker] = []
    kept = drop_covered(candidates)
    for first in range(0, len(kept), GROUP):
        group = kept[first : first + GROUP]
        about = partial(area_about_block, settings=others if first else likely)
        makers += [_maker(about, one, reference, nadir, one.quarter_turns) for one in group]
        if closer and first < CLOSER_CANDIDATES:
            narrow = [one for one in group if has_closer_area(one.block, reference)]
            makers += [_maker(area_closer_to_block, one, reference, nadir, one.quarter_turns) for one in narrow]
        if below is not None and first == 0:
            makers.insert(BELOW_AT, _maker(partial(area_about_block, settings=likely), below, reference, nadir, 0))
    return Attempts(makers)


def attempts_at(candidate: Candidate, reference: Reference, nadir: Nadir | None) -> Attempts:
    """The attempts about one block that the user has named; the photo's rotation is not known."""
    makers = [_maker(area_about_block, candidate, reference, nadir, None)]
    if has_closer_area(candidate.block, reference):
        makers.append(_maker(area_closer_to_block, candidate, reference, nadir, None))
    return Attempts(makers)


def _maker(
    area: Callable[..., SearchArea],
    candidate: Candidate,
    reference: Reference,
    nadir: Nadir | None,
    quarter_turns: int | None,
) -> Maker:
    return partial(area, candidate.block, reference, nadir=nadir, quarter_turns=quarter_turns), candidate


def attempts_in_footprint(corners: Array, photo_size: tuple[int, int], nadir: Nadir | None) -> list[Attempt]:
    """The attempt about a footprint drawn by hand.

    Args:
        corners: (4, 2) longitude, latitude in the photo's corner order, degrees.
        photo_size: width and height of the photo, pixels.
        nadir: the sub-satellite point, where it is known.

    Raises:
        InputError: the corners are no footprint.
    """
    if corners.shape != (4, 2) or not (np.abs(corners) <= (360, 90)).all():
        raise InputError(
            f"The footprint {corners.round(4).tolist()} is not four corners of longitude and latitude in degrees: "
            "give them in the photo's order, the top left one first."
        )
    plane = plane_for(corners[0], nadir)
    ground = plane.from_lonlat(corners)
    if not np.isfinite(ground).all() or great_circle_km(corners[:1], corners[2:3])[0] < 0.01:
        raise InputError("The footprint is no quadrilateral on the ground: draw its four corners again.")
    homography = homography_from_points(photo_corners(*photo_size), ground)
    return [(area_about_footprint(homography, plane, photo_size), None)]
