"""Evidence of a registration: what its confidence is computed from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.registration import Registration, coverage

TERMS = ("log_inliers", "coverage", "ratio", "rmse", "shift")
"""The terms of the logistic, see ``Evidence.terms``."""


@dataclass(frozen=True)
class Evidence:
    """Measurements of a registration.

    Attributes:
        inliers: number of tie points that agree with the homography.
        ratio: share of the inliers in all matches of the last iteration.
        coverage: share of the photo's cells that hold at least one inlier, of the cells that its content fills.
        rmse_frame_px: reprojection error of the inliers, pixels of the frame in which they were matched.
        shift: movement of the worst corner in the last iteration, as a part of the photo's diagonal.
    """

    inliers: int
    ratio: float
    coverage: float
    rmse_frame_px: float
    shift: float

    def terms(self) -> Array:
        """(5,) the terms that the logistic weighs, in the order of ``TERMS``, each of the order of 1."""
        return np.array(
            [
                math.log(max(self.inliers, 1) / 20),
                self.coverage,
                self.ratio,
                min(self.rmse_frame_px, 5.0),
                min(max(self.shift - 0.01, 0.0), 0.05) * 20,
            ]
        )


def evidence_of(registration: Registration, photo_size: tuple[int, int]) -> Evidence:
    """Measure a registration.

    Args:
        registration: one with a homography.
        photo_size: width and height of the photo, pixels.
    """
    ties = registration.tie_points
    if ties is None:
        return Evidence(0, 0.0, 0.0, math.inf, math.inf)
    return Evidence(
        inliers=registration.inliers,
        ratio=registration.inliers / max(1, len(ties.inlier)),
        coverage=min(1.0, coverage(ties.photo_xy[ties.inlier], photo_size) / registration.content_share),
        rmse_frame_px=registration.rmse_px * registration.frame_scale,
        shift=registration.history[-1].shift,
    )


def evidence_from(row: dict[str, Any]) -> Evidence:
    """Evidence from a row of JSON; null stands for what was not finite."""
    known: dict[str, Any] = {
        name: math.inf if row[name] is None else row[name] for name in Evidence.__dataclass_fields__
    }
    return Evidence(**known)


def evidence_row(evidence: Evidence) -> dict[str, Any]:
    """Evidence as plain JSON; what is not finite becomes null."""
    return {key: round(value, 5) if math.isfinite(value) else None for key, value in asdict(evidence).items()}
