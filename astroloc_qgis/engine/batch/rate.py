"""How fast a batch goes, and when it will end."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW = 100
"""Photos that the expected end is told from: the latest ones, since a batch may change its pace."""


@dataclass
class Rate:
    """Counts what is done.

    Attributes:
        total: photos of the batch.
        before: of them done before this run.
        started: when this run began, seconds of any clock.
        done: in this run.
    """

    total: int
    before: int
    started: float
    done: int = 0
    _latest: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def __post_init__(self) -> None:
        self._latest.append((self.started, 0))

    def add(self, count: int, now: float) -> None:
        """Count photos that are done at a time of the clock."""
        self.done += count
        self._latest.append((now, self.done))

    @property
    def left(self) -> int:
        """Photos that are not done."""
        return self.total - self.before - self.done

    def per_minute(self, now: float) -> float | None:
        """Photos a minute since this run began; None before the first."""
        return None if not self.done or now <= self.started else 60 * self.done / (now - self.started)

    def seconds_left(self, now: float) -> float | None:
        """Seconds until all are done, at the pace of the latest; None before the first."""
        since, counted = self._latest[0]
        made = self.done - counted
        return None if made <= 0 or now <= since else self.left * (now - since) / made


def duration(seconds: float) -> str:
    """A duration in words: "45 s", "12 min", "3 h 20 min", "2 d 4 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
