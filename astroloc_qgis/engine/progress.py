"""Progress and cancellation: one callable does both."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called as ``progress(stage, fraction)``, fraction from 0 to 1; raises ``Cancelled`` to stop the work."""

STAGES = ("read", "describe", "search", "match", "georeference")
"""The stages of a localization, in order."""


def no_progress(stage: str, fraction: float) -> None:
    """Report nothing."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """A progress of which 0 to 1 is ``start`` to ``end`` of another."""

    def scaled(stage: str, fraction: float) -> None:
        progress(stage, start + (end - start) * min(max(fraction, 0.0), 1.0))

    return scaled
