"""Judgement: whether what was found of a photo is good enough for a label.

Labels are learned from, so that a wrong one costs more than a missing one: more confidence is asked for than to show a
place to a user, and the place has to agree with the centre that was given, on which the search does not rest alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.visible_region import find_visible_region
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.result import Localization
from astroloc_qgis.engine.verification import Verdict

LEAST_CONFIDENCE = 0.99
"""Confidence from which a footprint becomes a label."""


@dataclass(frozen=True)
class WeakLabel:
    """What is known of a photo's place.

    Attributes:
        centre: latitude, longitude of the photo's middle, degrees.
        radius_km: how far off it may be; 0 for no limit.
    """

    centre: tuple[float, float]
    radius_km: float


@dataclass(frozen=True)
class Judgement:
    """What was found, and whether it is believed.

    Attributes:
        footprint: (4, 2) longitude, latitude of the best solution in the photo's corner order, believed or not; None
            where there is none.
        off_km: from the given centre to the middle of the photo as found, kilometres; None without a solution.
        doubt: why it is no label, in a sentence; "" for a label.
    """

    footprint: Array | None
    off_km: float | None
    doubt: str

    def summary(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            "footprint": None if self.footprint is None else self.footprint.round(7).tolist(),
            "off_km": None if self.off_km is None else round(self.off_km, 2),
        }


def judge(result: Localization, verdict: Verdict, known: WeakLabel, least: float = LEAST_CONFIDENCE) -> Judgement:
    """Judge the best solution of a photo.

    Args:
        result: of the photo.
        verdict: of verification.
        known: of the photo.
        least: confidence that a label needs.
    """
    footprint, off_km = _place(result, known)
    if not verdict.located:
        return Judgement(footprint, off_km, result.reason)
    doubts = []
    if off_km is not None and known.radius_km and off_km > known.radius_km:
        doubts.append(
            f"its middle lies {off_km:.0f} km from the given centre, which may be {known.radius_km:.0f} km off"
        )
    if verdict.confidence < least:
        doubts.append(f"its confidence is {verdict.confidence:.3f}, and a label needs {least:g}")
    if footprint is None:
        doubts.append("the horizon is in view, so that not all of its corners have a place")
    return Judgement(footprint, off_km, "; ".join(doubts))


def settle(result: Localization, verdict: Verdict, judgement: Judgement) -> None:
    """Let a result say what was judged: it is localized where it is a label."""
    located = verdict.located and not judgement.doubt
    reason = judgement.doubt or verdict.reason
    result.outcome = replace(result.outcome, verdict=replace(verdict, located=located, reason=reason))


def _place(result: Localization, known: WeakLabel) -> tuple[Array | None, float | None]:
    """The corners of the best solution, where all see ground; and how far its middle is from the given centre."""
    homography, plane = result.registration.homography, result.registration.plane
    if homography is None:
        return None, None
    width, height = result.photo_size
    try:
        middle = plane.to_lonlat(apply_homography(homography, np.array([[width / 2, height / 2]])))
        whole = find_visible_region(homography, plane, width, height).whole
        footprint = footprint_lonlat(homography, plane, width, height)
    except (InputError, ValueError, np.linalg.LinAlgError):  # a solution by chance need not be a view of the Earth
        return None, None
    if not np.isfinite(middle).all():
        return None, None
    lat, lon = known.centre
    off_km = float(great_circle_km(np.array([[lon, lat]]), middle)[0])
    return (footprint if whole and np.isfinite(footprint).all() else None), off_km
