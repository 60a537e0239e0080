"""Verification: whether a registration is accepted, from its evidence.

EarthMatch accepts a registration by its inlier count alone. Repeated fields and clouds can give tens of inliers on one
small patch of the photo, kilometres off. So the verdict also depends on how much of the photo the inliers cover, which
share of the matches agrees, and how far the solution moved in the last iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

from astroloc_qgis.engine.confidence.evidence import Evidence, evidence_of
from astroloc_qgis.engine.confidence.model import MAX_SHIFT, confidence_of
from astroloc_qgis.engine.confidence.real_pairs import ACCEPTED, LEVELS, accepted_from
from astroloc_qgis.engine.registration import Registration


@dataclass(frozen=True)
class Verdict:
    """Whether a registration is accepted.

    Attributes:
        located: whether it is accepted, so that the photo counts as localized.
        confidence: from 0 to 1.
        reason: why, in a sentence.
    """

    located: bool
    confidence: float
    reason: str


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
    needed = accepted_from(registration.matcher)
    if confidence >= needed:
        moved = f"localized, though the last iteration moved a corner by {evidence.shift:.1%} of the diagonal"
        return Verdict(True, confidence, registration.reason if registration.converged else moved)
    if confidence >= ACCEPTED:
        return Verdict(False, confidence, _not_proved(registration.matcher, confidence, needed))
    return Verdict(False, confidence, _weakness(evidence))


def _not_proved(matcher: str, confidence: float, needed: float) -> str:
    """Why a confidence that is enough for other matchers is not enough for this one, in a sentence."""
    if needed > LEVELS[-1]:
        return f"{matcher} was wrong on real photos that it was sure of, and is not believed by itself"
    return (
        f"the best solution is {matcher}'s, which needs a confidence of {needed:g}, not {confidence:.2f}: it has not "
        "been proved on enough real photos"
    )


def _weakness(evidence: Evidence) -> str:
    """The weakest part of the evidence, in a sentence."""
    if evidence.shift > MAX_SHIFT:
        return f"the best solution is unstable: its corners moved by {evidence.shift:.0%} of the diagonal at the end"
    if evidence.inliers < 25:
        return f"only {evidence.inliers} tie points agree on the best solution"
    if evidence.coverage < 0.3:
        return f"the {evidence.inliers} tie points of the best solution cover only {evidence.coverage:.0%} of the photo"
    return f"only {evidence.ratio:.0%} of the matches agree on the best solution"
