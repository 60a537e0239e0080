"""From candidates to the places, and the ways, in which the cascade looks for a photo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from astroloc_qgis.engine.coregistration.cascade import GROUP, Attempt
from astroloc_qgis.engine.coregistration.search_area import (
    LIKELY_LONG_SIDES,
    CoregistrationSettings,
    area_about_block,
    area_closer_to_block,
)
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.retrieval.search import Candidate, worth_a_look

SEEN_CLOSER = 3 * GROUP
"""So many of the candidates are looked at closely as well. One hazy real photo, the only one tried, needed the 13th."""


def attempts_about(candidates: Sequence[Candidate], reference: Reference, nadir: Nadir | None) -> list[Attempt]:
    """Where to look for a photo that was looked up in an index, likeliest first.

    The first candidates are looked at with two sizes of the photo. After each of the first groups, those of it in which
    more can be seen are looked at closely; by then photos that fill their block have been found.

    Args:
        candidates: as ``retrieve`` ranks them; those that another one's surroundings show whole are left out.
        reference: imagery.
        nadir: the sub-satellite point, where it is known.
    """
    likely, others = CoregistrationSettings(search_long_sides=LIKELY_LONG_SIDES), CoregistrationSettings()
    attempts: list[Attempt] = []
    kept = worth_a_look(candidates)
    for first in range(0, len(kept), GROUP):
        group = kept[first : first + GROUP]
        settings = others if first else likely
        for one in group:
            area = area_about_block(
                one.block, reference, nadir=nadir, quarter_turns=one.quarter_turns, settings=settings
            )
            attempts.append((area, one))
        if first < SEEN_CLOSER:
            attempts += _closer(group, reference, nadir, rotation_known=True)
    return attempts


def attempts_at(candidate: Candidate, reference: Reference, nadir: Nadir | None) -> list[Attempt]:
    """Where to look for a photo about the one block that somebody has named; its turn is not known."""
    return [
        (area_about_block(candidate.block, reference, nadir=nadir), candidate),
        *_closer([candidate], reference, nadir, rotation_known=False),
    ]


def _closer(
    candidates: Iterable[Candidate], reference: Reference, nadir: Nadir | None, *, rotation_known: bool
) -> list[Attempt]:
    attempts: list[Attempt] = []
    for one in candidates:
        turn = one.quarter_turns if rotation_known else None
        area = area_closer_to_block(one.block, reference, nadir=nadir, quarter_turns=turn)
        if area is not None:
            attempts.append((area, one))
    return attempts
