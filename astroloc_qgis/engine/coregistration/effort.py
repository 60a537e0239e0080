"""How much of the search a photo is worth: by what it shows, and by how wide it is for the imagery."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from astroloc_qgis.engine.coregistration.cascade import Attempt, Outcome, Stage
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.matchers.registry import is_learned
from astroloc_qgis.engine.photo.contents import POOR_ATTEMPTS, Contents
from astroloc_qgis.engine.registration import Registration
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.verification import Verdict

STATION_KM = 420.0
"""Height of the station where it is not known."""
NARROW_PX = 100
"""Fewest pixels of the reference along the long side of a photo that is not called narrow."""
UNMATCHABLE_PX = 60
"""Pixels of the reference along the long side of a photo below which no matcher can find it."""
TILTED = 2.0
"""How many times wider the ground of a photo is in a tilted view, at most as a rule."""


@dataclass(frozen=True)
class Effort:
    """How much of the search a photo is worth.

    Attributes:
        attempts: most attempts; None for no limit, 0 for none.
        hindrance: what makes the photo hard to find, in its own terms; "" where nothing does.
        learned: whether learned matchers search as well; otherwise they only follow what others suspect.
    """

    attempts: int | None = None
    hindrance: str = ""
    learned: bool = True

    def again(self, attempts: int) -> Effort:
        """This effort for a second round: so many attempts, and no learned matcher that searches."""
        least = attempts if self.attempts is None else min(attempts, self.attempts)
        return replace(self, attempts=least, learned=False)

    def of(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """The likeliest of the attempts, as many as the photo is worth."""
        return attempts if self.attempts is None or self.attempts >= len(attempts) else attempts[: self.attempts]

    def by(self, stages: Sequence[Stage]) -> Sequence[Stage]:
        """The stages that the photo is worth: with few attempts, not the strong ones that search last."""
        if self.attempts is not None and len(stages) > 1:
            stages = [stage for stage in stages if not stage.last]
        if self.learned or len(stages) == 1:
            return stages
        return [replace(stage, searches=0) if is_learned(stage.matcher) else stage for stage in stages]


def effort_for(
    contents: Contents,
    field_ratio: float | None,
    candidates: Sequence[Candidate],
    reference: Reference,
    nadir: Nadir | None = None,
) -> Effort:
    """The effort that a photo is worth.

    Args:
        contents: what it shows.
        field_ratio: what its long side shows, as a part of the distance (``Photo.field_ratio``); None if not known.
        candidates: as ``retrieve`` ranks them; the reference's resolution is that at the first.
        reference: imagery.
        nadir: the sub-satellite point and the camera's height, where they are known.
    """
    if contents.effort is not None or field_ratio is None or not candidates:
        return Effort(contents.effort, contents.reason)
    gsd = reference.native_gsd_m(*map(float, candidates[0].block.center_lonlat))
    height_m = STATION_KM * 1000 if nadir is None or nadir.altitude_m is None else nadir.altitude_m
    width_m = field_ratio * height_m
    if not math.isfinite(gsd) or width_m >= NARROW_PX * gsd:
        return Effort(None, contents.reason)
    attempts = POOR_ATTEMPTS if TILTED * width_m < UNMATCHABLE_PX * gsd else None
    narrow = f"about {width_m / 1000:.0f} km wide, the imagery shows {gsd:.0f} m a pixel"
    return Effort(attempts, f"too narrow for this index: {narrow}")


def not_matched(attempts: Sequence[Attempt]) -> Outcome:
    """The outcome of a photo that matching is not tried on.

    Args:
        attempts: that would be made; at least one.
    """
    area, candidate = attempts[0]
    reason = "nothing was matched"
    return Outcome(Registration(area.plane, reason, ""), Verdict(False, 0.0, reason), candidate)
