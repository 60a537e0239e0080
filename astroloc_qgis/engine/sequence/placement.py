"""A photo that the reference does not show, written where its neighbours say it is, with an honest uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.confidence.uncertainty import Uncertainty
from astroloc_qgis.engine.coregistration.cascade import Outcome
from astroloc_qgis.engine.geometry.footprint import ground_area_km2, photo_corners
from astroloc_qgis.engine.geometry.homography import homography_from_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.georeference.outputs import georeference
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.registration import Registration
from astroloc_qgis.engine.result import Localization, Neighbourhood
from astroloc_qgis.engine.sequence.chain import Prediction
from astroloc_qgis.engine.sequence.footprints import middle_of
from astroloc_qgis.engine.verification import Verdict

MATCHER = "sequence"
"""What the report names as the matcher of a photo that its neighbours placed."""
CHANCE = 0.05
"""How often a wrong registration agrees with the neighbours by chance, at most."""
_CERTAIN = 1e6  # degrees of freedom: the deviation is not estimated from this photo's tie points


@dataclass(frozen=True)
class Outputs:
    """Where the outputs of a photo are written, and how.

    Attributes:
        folder: for the outputs.
        imagery: the reference, for the CRS and the preview.
        crs: of the GeoTIFF; by default the reference's.
        progress: told the stage "georeference".
    """

    folder: Path
    imagery: str
    crs: str | None = None
    progress: Progress = no_progress


def place(
    result: Localization, prediction: Prediction, confidence: float, names: Sequence[str], outputs: Outputs
) -> None:
    """Localize a photo where its neighbours say it is, and write its outputs.

    Args:
        result: of the photo, not localized; is changed.
        prediction: its place.
        confidence: of the places that this one follows from.
        names: of the photos of the sequence.
        outputs: where they are written.

    Raises:
        InputError: the outputs cannot be written.
        Cancelled: by ``progress``.
    """
    lon, lat = middle_of(prediction.footprint)
    plane = WorkingPlane.local(float(lon), float(lat))
    homography = homography_from_points(photo_corners(*result.photo_size), plane.from_lonlat(prediction.footprint))
    near = tuple(names[number] for number in prediction.neighbours)
    way = "its neighbours" if prediction.links else "the track of"
    registration = Registration(plane, f"placed by {way} {_listed(near)}", MATCHER, homography)
    verdict = Verdict(True, confidence * max(0.0, 1.0 - prediction.relative_radius), registration.reason)
    result.outcome = Outcome(registration, verdict, None, result.outcome.runs)
    pixel_m = math.sqrt(ground_area_km2(prediction.footprint) * 1e6 / (result.photo_size[0] * result.photo_size[1]))
    deviation_px = prediction.deviation_km * 1000 / pixel_m
    uncertainty = Uncertainty(
        homography, plane, result.photo_size, np.zeros((8, 8)), _CERTAIN, deviation_px, 1.0, 0, shared_px=deviation_px
    )
    result.neighbourhood = Neighbourhood("neighbours", near, uncertainty)
    _write(result, outputs)


def confirm(result: Localization, neighbours: Sequence[str], outputs: Outputs) -> None:
    """Localize a photo whose registration was too weak by itself, but whose neighbours bear it out.

    Args:
        result: of the photo, not localized, with a registration; is changed.
        neighbours: names of the photos that bear it out.
        outputs: where they are written.

    Raises:
        InputError: the outputs cannot be written.
        Cancelled: by ``progress``.
    """
    alone = result.verdict.confidence
    together = alone / (alone + (1 - alone) * CHANCE)
    reason = f"{result.registration.inliers} tie points, borne out by {_listed(neighbours)}"
    result.outcome = replace(result.outcome, verdict=Verdict(True, together, reason))
    result.neighbourhood = Neighbourhood("reference", tuple(neighbours))
    _write(result, outputs)


def _write(result: Localization, outputs: Outputs) -> None:
    """Write the outputs of a localized photo."""
    found = result.registration
    if found.homography is None:
        return
    reference = Reference.open(outputs.imagery)
    try:
        result.outputs = georeference(
            read_photo(result.photo),
            found.homography,
            found.plane,
            outputs.folder,
            crs=outputs.crs,
            reference=reference,
            tie_points=found.tie_points,
            uncertainty=result.uncertainty,
            attributes={"confidence": round(result.verdict.confidence, 4), "matcher": found.matcher},
            progress=outputs.progress,
        )
    finally:
        reference.close()


def _listed(names: Sequence[str]) -> str:
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"
