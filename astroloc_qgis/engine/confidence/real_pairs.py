"""Real pairs behind a matcher's confidence, and the confidence from which its registrations are accepted.

Simulated photos share a mosaic with their reference, so that what they confirm can fail on photographs. No acceptance
rests on them alone: a matcher that has not been tried on enough real photos, shown and elsewhere, needs ten times the
odds, and one that was wrong on a real photo more than it claimed there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.confidence.evidence import evidence_from
from astroloc_qgis.engine.confidence.model import FOLDER, Weights

ACCEPTED = 0.9
"""Least confidence of a photo that is reported as localized, for a matcher that is proved on real photos."""

LEVELS = (ACCEPTED, 0.99, 0.999)
"""Confidences from which a matcher's registrations can be accepted; each asks for about ten times the odds of the one
before. The second is that of a matcher that is not proved."""

LEAST_SHOWN, LEAST_ELSEWHERE = 5, 50
"""What proves a matcher: photos that were tried at a place that shows them, and pairs of a photo and a place that does
not."""


@dataclass(frozen=True)
class RealPairs:
    """Registrations of real photos by one matcher.

    Attributes:
        photos: number of photos in the pairs ``shown``.
        shown: pairs of a photo and a place (or an index) that shows it.
        elsewhere: pairs of a photo and a place that does not.
        right: solutions that are right, accepted or not.
        wrong: solutions that are wrong.
        untold: rejected solutions near a place that is not known well enough to tell.
        highest_wrong: the greatest confidence of a wrong solution, 0 where there is none.
    """

    photos: int = 0
    shown: int = 0
    elsewhere: int = 0
    right: int = 0
    wrong: int = 0
    untold: int = 0
    highest_wrong: float = 0.0

    @property
    def proved(self) -> bool:
        """Whether there are enough of them for ``ACCEPTED``."""
        return self.photos >= LEAST_SHOWN and self.elsewhere >= LEAST_ELSEWHERE

    @property
    def accepted_from(self) -> float:
        """The least of ``LEVELS`` that these pairs allow; infinite for a matcher that cannot accept by itself."""
        levels = LEVELS if self.proved else LEVELS[1:]
        return next((level for level in levels if level > self.highest_wrong), math.inf)

    def summary(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"real pairs: {self.shown} right, {self.elsewhere} wrong"


def count(rows: Sequence[dict[str, Any]], weights: Weights) -> RealPairs:
    """Count the real pairs among rows of one matcher.

    Args:
        rows: as ``calibrate`` takes them; those without ``real`` are passed over.
        weights: of the matcher.
    """
    real = [row for row in rows if row.get("real")]
    found = [row for row in real if row["found"]]
    wrong = [weights.confidence(evidence_from(row["evidence"])) for row in found if row["right"] is False]
    return RealPairs(
        photos=len({row["photo"] for row in real if row["kind"] == "real, shown"}),
        shown=sum(row["kind"] == "real, shown" for row in real),
        elsewhere=sum(row["kind"] == "real, elsewhere" for row in real),
        right=sum(row["right"] is True for row in found),
        wrong=len(wrong),
        untold=sum(row["right"] is None for row in found),
        highest_wrong=round(float(np.max(wrong, initial=0.0)), 4),
    )


@lru_cache(maxsize=32)
def real_pairs(matcher: str, folder: Path = FOLDER) -> RealPairs:
    """The real pairs in a matcher's calibration file; none where it has no file, or that names none."""
    path = folder / f"{matcher}.json"
    made = json.loads(path.read_text(encoding="utf-8"))["made"] if path.is_file() else {}
    return RealPairs(**made.get("real", {}))


def accepted_from(matcher: str) -> float:
    """The least confidence of a registration by this matcher that is reported as localized."""
    return real_pairs(matcher).accepted_from
