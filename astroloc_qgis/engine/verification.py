"""Is it right? From the evidence of a registration to a verdict.

EarthMatch accepts a registration by its inlier count alone. A count can be fooled: repeated fields and clouds give tens
of inliers on one small patch of the photo, kilometres off. So the verdict also asks how much of the photo the inliers
cover, what part of the matches agrees, and whether the solution stood still when the reference was rendered anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from astroloc_qgis.engine.confidence.model import STILL, Evidence, weights_for
from astroloc_qgis.engine.registration import Registration, coverage

ACCEPTED = 0.9
"""Least confidence of a photo that is reported as localized."""


@dataclass(frozen=True)
class Verdict:
    """Whether a photo was found.

    Attributes:
        located: whether to report the place.
        confidence: from 0 to 1.
        reason: in a sentence.
    """

    located: bool
    confidence: float
    reason: str


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
        coverage=coverage(ties.photo_xy[ties.inlier], photo_size),
        rmse_frame_px=registration.rmse_px * registration.frame_scale,
        shift=registration.history[-1].shift,
    )


def confidence_of(evidence: Evidence, matcher: str) -> float:
    """From 0 to 1, by the matcher's own weights."""
    return weights_for(matcher).confidence(evidence)


def verify(registration: Registration, photo_size: tuple[int, int]) -> Verdict:
    """Decide whether a registration shows where the photo is.

    Args:
        registration: what coregistration found.
        photo_size: width and height of the photo, pixels.
    """
    if registration.homography is None:
        return Verdict(False, 0.0, registration.reason)
    evidence = evidence_of(registration, photo_size)
    confidence = confidence_of(evidence, registration.matcher)
    if confidence >= ACCEPTED:
        moved = f"localized, though the last iteration moved a corner by {evidence.shift:.1%} of the diagonal"
        return Verdict(True, confidence, registration.reason if registration.converged else moved)
    return Verdict(False, confidence, _weakness(evidence))


def _weakness(evidence: Evidence) -> str:
    """The weakest part of the evidence, in a sentence."""
    if evidence.shift > STILL:
        return f"the best solution is unstable: its corners moved by {evidence.shift:.0%} of the diagonal at the end"
    if evidence.inliers < 25:
        return f"only {evidence.inliers} tie points agree on the best solution"
    if evidence.coverage < 0.3:
        return f"the {evidence.inliers} tie points of the best solution cover only {evidence.coverage:.0%} of the photo"
    return f"only {evidence.ratio:.0%} of the matches agree on the best solution"
