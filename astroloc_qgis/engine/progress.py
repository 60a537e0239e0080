"""Progress and cancellation: one callable does both."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called as ``progress(stage, fraction)``, fraction from 0 to 1; raises ``Cancelled`` to stop the work. The stages of a
localization are "read", "describe", "search", "match" and "georeference"."""


def no_progress(stage: str, fraction: float) -> None:
    """Report nothing."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """A progress that maps 0 to 1 to ``start`` to ``end`` of another."""

    def scaled(stage: str, fraction: float) -> None:
        progress(stage, start + (end - start) * min(max(fraction, 0.0), 1.0))

    return scaled
