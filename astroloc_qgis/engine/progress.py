"""Progress and cancellation: one callable does both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Progress = Callable[[str, float], None]
"""Called as ``progress(stage, fraction)``, fraction from 0 to 1; raises ``Cancelled`` to stop the work. A call with the
same values as before says that the work is alive, not that it goes on. The stages of a localization are "read",
"describe", "search", "match" and "georeference"."""


def no_progress(stage: str, fraction: float) -> None:
    """Report nothing."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """A progress that maps 0 to 1 to ``start`` to ``end`` of another."""

    def scaled(stage: str, fraction: float) -> None:
        progress(stage, start + (end - start) * min(max(fraction, 0.0), 1.0))

    return scaled


class Repeatable:
    """A progress that can report again what it was last told, so that a cancellation is noticed without progress.

    Args:
        progress: is told everything.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last: tuple[str, float] | None = None

    def __call__(self, stage: str, fraction: float) -> None:
        """Report and remember."""
        self._last = stage, fraction
        self._progress(stage, fraction)

    def repeat(self) -> None:
        """Report the last stage and fraction again; may raise ``Cancelled``."""
        if self._last is not None:
            self._progress(*self._last)


_SLICE_S = 0.1
"""Time between two questions whether to go on."""


def _nobody_asks() -> None:
    pass


_ask: ContextVar[Callable[[], None]] = ContextVar("ask", default=_nobody_asks)


@contextmanager
def asking(whether_to_go_on: Callable[[], None]) -> Iterator[None]:
    """Within it, ``pause`` calls the function again and again; it raises ``Cancelled`` to end the work."""
    token = _ask.set(whether_to_go_on)
    try:
        yield
    finally:
        _ask.reset(token)


def pause(seconds: float) -> None:
    """Wait.

    Raises:
        Cancelled: by the function of ``asking``.
    """
    until = time.monotonic() + seconds
    while True:
        _ask.get()()
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _SLICE_S))
