"""How fast this computer described blocks in its last builds, for the estimate of the next.

``index-rates.json`` in AstroLoc's data folder: blocks a second by model and by whether the imagery was a file.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.weights.store import data_folder

log = logging.getLogger(__name__)

LEAST_BLOCKS, LEAST_SECONDS = 50, 2.0
"""Builds of less say nothing of the next."""


class RateMeter:
    """A progress that measures how fast a build describes its blocks; what an earlier build left is not counted.

    Args:
        progress: is told everything.
        clock: seconds.
    """

    def __init__(self, progress: Progress = no_progress, clock: Callable[[], float] = time.monotonic) -> None:
        self._progress, self._clock = progress, clock
        self._first: tuple[float, float] | None = None
        self._last = (0.0, 0.0)

    def __call__(self, stage: str, fraction: float) -> None:
        """Report and measure."""
        if stage == "describe":
            now = self._clock()
            if self._first is None:
                self._first = self._last = (fraction, now)
            if fraction > self._last[0]:
                self._last = (fraction, now)
        self._progress(stage, fraction)

    def record(self, model: str, imagery: str, blocks: int) -> None:
        """Keep the rate of a build that is complete.

        Args:
            model: name of the descriptor.
            imagery: what was described, as GDAL opens it.
            blocks: of the whole index.
        """
        if self._first is None:
            return
        described = blocks * (self._last[0] - self._first[0])
        seconds = self._last[1] - self._first[1]
        if described < LEAST_BLOCKS or seconds < LEAST_SECONDS:
            return
        path, rates = _path(), _read()
        rates[_key(model, imagery)] = round(described / seconds, 3)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(rates, indent=2), encoding="utf-8")
            temporary.replace(path)
        except OSError as error:  # an estimate is not worth a build
            log.info("the rate of the build is not kept: %s", error)


def known_rate(model: str, imagery: str) -> float | None:
    """Blocks a second of the last build with this model and imagery of this sort; None if there was none."""
    return _read().get(_key(model, imagery))


def _key(model: str, imagery: str) -> str:
    return f"{model}, {'file' if '<' not in imagery and Path(imagery).exists() else 'service'}"


def _path() -> Path:
    return data_folder() / "index-rates.json"


def _read() -> dict[str, float]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
        return {str(key): float(rate) for key, rate in found.items() if math.isfinite(rate) and rate > 0}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
