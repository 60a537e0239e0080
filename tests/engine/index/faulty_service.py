"""A service of tiles that fails in all ways at once: errors, wrong content, limits, and an outage."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.engine.imagery.tile_server import Answer, jpeg

ERRORS = (500, 502, 503, None)
"""None: the connection is closed without a word."""


@dataclass
class FaultyTiles:
    """Tiles of some land that repeats, behind all kinds of faults.

    Attributes:
        land: (1024, 1024, 3) uint8.
        errors: share of the requests that fail.
        wrong: share of the requests that get something that is no such tile.
        limits: after so many requests, 429 is answered for ``limit_s``.
        limit_s: seconds.
        outage: number of the request at which the server goes away for ``outage_s``.
        outage_s: seconds.
        seen: faults that were made, by kind.
    """

    land: NDArray[np.uint8]
    errors: float = 0.05
    wrong: float = 0.02
    limits: tuple[int, ...] = ()
    limit_s: float = 1.0
    outage: int = -1
    outage_s: float = 20.0
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random, self._lock = random.Random(5), threading.Lock()
        self._requests, self._away_until, self._busy_until = 0, 0.0, 0.0

    def tile(self, column: int, row: int) -> bytes:
        """The right tile."""
        return jpeg(self._pixels(column, row))

    def answer(self, zoom: int, column: int, row: int) -> Answer:
        """What is answered to a request."""
        del zoom
        with self._lock:
            now = time.monotonic()
            self._requests += 1
            if self._requests == self.outage:
                self._away_until = now + self.outage_s
            if self._requests in self.limits:
                self._busy_until = now + self.limit_s
            chance, kind = self._random.random(), self._random.randrange(12)
        if now < self._away_until:
            self.seen["away"] += 1
            return None
        if now < self._busy_until:
            self.seen["busy"] += 1
            return 429
        if chance < self.errors:
            self.seen["errors"] += 1
            return ERRORS[kind % len(ERRORS)]
        if chance < self.errors + self.wrong:
            self.seen["wrong"] += 1
            return self._wrong(column, row, kind % 3)
        return self.tile(column, row)

    def _pixels(self, column: int, row: int) -> NDArray[np.uint8]:
        x, y = 256 * (column % 4), 256 * (row % 4)
        return self.land[y : y + 256, x : x + 256]

    def _wrong(self, column: int, row: int, kind: int) -> bytes:
        if kind == 0:
            return b"<html><body>The service is being moved.</body></html>"
        whole = self.tile(column, row)
        return whole[: len(whole) // 2] if kind == 1 else jpeg(self._pixels(column, row)[:128, :128])
