"""Registration attempts: the search areas of the candidates, in the order in which the cascade tries them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from astroloc_qgis.engine.coregistration.cascade import GROUP, Attempt
from astroloc_qgis.engine.coregistration.search_area import (
    LIKELY_LONG_SIDES,
    CoregistrationSettings,
    area_about_block,
    area_about_footprint,
    area_closer_to_block,
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

CLOSER_CANDIDATES = 3 * GROUP
"""Number of the first candidates that get a closer attempt as well."""


def attempts_about(candidates: Sequence[Candidate], reference: Reference, nadir: Nadir | None) -> list[Attempt]:
    """The attempts about the candidates of a retrieval, likeliest first.

    Attempts about the first group of candidates try two sizes of the photo. Each of the first groups is followed by
    closer attempts about those of its candidates for which the reference has the resolution.

    Args:
        candidates: as ``retrieve`` ranks them; those that lie within another one's search area are left out.
        reference: imagery.
        nadir: the sub-satellite point, where it is known.
    """
    likely, others = CoregistrationSettings(search_long_sides=LIKELY_LONG_SIDES), CoregistrationSettings()
    attempts: list[Attempt] = []
    kept = drop_covered(candidates)
    for first in range(0, len(kept), GROUP):
        group = kept[first : first + GROUP]
        settings = others if first else likely
        for one in group:
            area = area_about_block(
                one.block, reference, nadir=nadir, quarter_turns=one.quarter_turns, settings=settings
            )
            attempts.append((area, one))
        if first < CLOSER_CANDIDATES:
            attempts += _closer(group, reference, nadir, rotation_known=True)
    return attempts


def attempts_at(candidate: Candidate, reference: Reference, nadir: Nadir | None) -> list[Attempt]:
    """The attempts about one block that the user has named; the photo's rotation is not known."""
    return [
        (area_about_block(candidate.block, reference, nadir=nadir), candidate),
        *_closer([candidate], reference, nadir, rotation_known=False),
    ]


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


def _closer(
    candidates: Iterable[Candidate], reference: Reference, nadir: Nadir | None, *, rotation_known: bool
) -> list[Attempt]:
    attempts: list[Attempt] = []
    for one in candidates:
        quarter_turns = one.quarter_turns if rotation_known else None
        area = area_closer_to_block(one.block, reference, nadir=nadir, quarter_turns=quarter_turns)
        if area is not None:
            attempts.append((area, one))
    return attempts
