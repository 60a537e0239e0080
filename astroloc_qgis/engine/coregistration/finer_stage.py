"""The second of two stages: what was found on coarse imagery is refined on finer imagery, where that gains anything.

The photo's own resolution asks for it: where its pixels show less ground than those of the coarse imagery do. The finer
imagery is read about the found footprint alone. Where it cannot be read, does not match, or would put the photo
elsewhere, the coarse registration stays.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from astroloc_qgis.engine.confidence.uncertainty import estimate_uncertainty
from astroloc_qgis.engine.coregistration.cascade import Outcome, Stage, refine_on_finer_imagery
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat, photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.imagery.catalogue import SERVICES, imagery_name
from astroloc_qgis.engine.imagery.opening import short_name
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.web_service import without_login
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.registration import Registration

log = logging.getLogger(__name__)

GAIN = 0.9
"""Imagery is finer where its pixels are at most this part as large as those of the coarse imagery."""
AGREE_PX = 6.0
"""Pixels of the coarse imagery by which a corner may move: some more than a registration to it is off."""
AGREE_UNCERTAINTY = 2.0
"""How many times the 95 % radius of the coarse registration's worst corner it may move, where that is more."""


@dataclass(frozen=True)
class FinerStage:
    """What became of the stage.

    Attributes:
        imagery: name of the finer imagery.
        used: whether the photo's place is that on the finer imagery.
        reason: why or why not, in a clause.
        credit: whom to credit for the finer imagery, where it is used; "" where it does not say.
    """

    imagery: str
    used: bool
    reason: str
    credit: str = ""

    def summary(self) -> dict[str, Any]:
        """The fields of the report."""
        return {"imagery": self.imagery, "used": self.used, "reason": self.reason}


def name_of(uri: str) -> str:
    """The name of imagery in the report: a service's title, or the file's path."""
    return imagery_name(uri) or short_name(without_login(uri))


def needs_day(name: str) -> bool:
    """Whether imagery is a daily service of the catalogue, of the photo's own day."""
    return name in SERVICES and SERVICES[name].is_daily


def of_its_day(name: str, taken: datetime | None) -> str:
    """Imagery as GDAL opens it: of a daily service that of the photo's own day.

    Raises:
        InputError: the photo does not say its day, or the service has none so early.
    """
    if not needs_day(name):
        return SERVICES[name].uri() if name in SERVICES else name
    if taken is None:
        raise InputError("the photo does not say when it was taken")
    return SERVICES[name].uri(taken.date())


def run_finer_stage(
    pyramid: PhotoPyramid,
    imagery: str,
    coarse: Reference,
    outcome: Outcome,
    stages: Sequence[Stage],
    taken: datetime | None,
    *,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> tuple[Outcome, FinerStage]:
    """Refine an accepted registration on finer imagery.

    Args:
        pyramid: the photo.
        imagery: finer imagery: anything GDAL opens, or a service of the catalogue.
        coarse: the imagery that the photo was found on.
        outcome: the accepted registration to it.
        stages: of ``cascade.stages_of``.
        taken: when the photo was taken, UTC, if known; a daily service is asked for that day.
        device: torch device.
        progress: told the stage "match"; may raise ``Cancelled``.

    Returns:
        The registration that holds, and what became of the stage. Nothing that is wrong with the finer imagery is an
        error.
    """
    name = SERVICES[imagery].title if imagery in SERVICES else name_of(imagery)
    try:
        uri = of_its_day(imagery, taken)
        name = name_of(uri)
        finer = Reference.open(uri)
        try:
            if reason := _no_gain(outcome.registration, pyramid.size, coarse, finer):
                return outcome, FinerStage(name, False, reason)
            refined = refine_on_finer_imagery(pyramid, finer, outcome, stages, device=device, progress=progress)
            if refined is outcome:
                finer.check_answers()
                return outcome, FinerStage(name, False, "it does not match the photo there, or does not show the place")
        finally:
            finer.close()
    except InputError as error:
        log.info("finer imagery %s: %s", name, error.details)
        return outcome, FinerStage(name, False, str(error).rstrip("."))
    moved_m, most_m = _moved_m(outcome.registration, refined.registration, pyramid.size, coarse)
    if not moved_m <= most_m:
        reason = f"it would move a corner by {moved_m:.0f} m, and the first imagery leaves room for {most_m:.0f} m"
        return outcome, FinerStage(name, False, reason)
    registration = replace(refined.registration, camera=outcome.registration.camera)  # the plane still rests on it
    stage = FinerStage(name, True, f"a corner moved by {moved_m:.0f} m", finer.attribution)
    return replace(refined, registration=registration), stage


def photo_gsd_m(registration: Registration, size: tuple[int, int]) -> float:
    """Ground metres a pixel in the middle of a registered photo (geometric mean of both directions); NaN off Earth."""
    assert registration.homography is not None  # noqa: S101 - accepted registrations have one
    x, y = size[0] / 2, size[1] / 2
    square = np.array([[x, y], [x + 1, y], [x, y + 1]])
    lonlat = registration.plane.to_lonlat(apply_homography(registration.homography, square))
    across, down = (great_circle_km(lonlat[:1], lonlat[number : number + 1])[0] * 1000 for number in (1, 2))
    return math.sqrt(across * down)


def _no_gain(found: Registration, size: tuple[int, int], coarse: Reference, finer: Reference) -> str:
    """Why the finer imagery has nothing to add, in a clause; "" where it may have."""
    assert found.homography is not None  # noqa: S101 - accepted registrations have one
    lon, lat = _middle(found, size)
    coarse_m, finer_m = coarse.native_gsd_m(lon, lat), finer.native_gsd_m(lon, lat)
    if not finer_m <= GAIN * coarse_m:
        return f"it is not finer there: {finer_m:.0f} m a pixel, the first imagery {coarse_m:.0f} m"
    photo_m = photo_gsd_m(found, size)
    if photo_m >= coarse_m:
        return f"the photo is no finer than the first imagery: {photo_m:.0f} m a pixel, and {coarse_m:.0f} m"
    return ""


def _moved_m(
    before: Registration, after: Registration, size: tuple[int, int], coarse: Reference
) -> tuple[float, float]:
    """By how much the worst corner moved, and by how much it may, metres."""
    assert before.homography is not None  # noqa: S101 - accepted registrations have one
    assert after.homography is not None  # noqa: S101
    first = footprint_lonlat(before.homography, before.plane, *size)
    second = footprint_lonlat(after.homography, after.plane, *size)
    seen = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    if not seen.any():
        return math.inf, 0.0
    moved = float(great_circle_km(first[seen], second[seen]).max() * 1000)
    uncertainty = estimate_uncertainty(before, size)
    corners = photo_corners(*size)[seen]
    radius = 0.0 if uncertainty is None else float(np.nan_to_num(uncertainty.radius_m(corners, 0.95)).max())
    room = max(AGREE_PX * coarse.native_gsd_m(*_middle(before, size)), AGREE_UNCERTAINTY * radius)
    return moved, room


def _middle(found: Registration, size: tuple[int, int]) -> tuple[float, float]:
    """Longitude and latitude in the middle of the photo."""
    assert found.homography is not None  # noqa: S101 - accepted registrations have one
    middle = np.array([[size[0] / 2, size[1] / 2]])
    lon, lat = found.plane.to_lonlat(apply_homography(found.homography, middle))[0]
    return float(lon), float(lat)
