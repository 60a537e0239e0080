"""Who does the units of a build, and what they report: this process, others of this machine, or Dask's workers."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.index.database_descriptors import Spent
from astroloc_qgis.engine.units.memory import peak_memory
from astroloc_qgis.engine.units.units import Done, Unit, is_defect

MOST_IN_A_ROW = 3
"""So many units of one process in a row that fail, while no other is done, end a build: the imagery does not answer."""
TRIES = 2
"""A unit that failed is tried again when all others are done."""

Run = Callable[[Sequence[Unit]], Iterator[Done]]
"""Does units, and tells of each when it ends."""


@dataclass
class BuildReport:
    """What a build did.

    Attributes:
        blocks: described by each process, by its name.
        seconds: that each worked.
        peak_memory: of each, bytes.
        spent: what the time went to, of all together.
        taken: blocks whose description an earlier build had left.
        describing_seconds: from the first unit to the last.
    """

    blocks: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory: dict[str, int] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    taken: int = 0
    describing_seconds: float = 0.0

    def add(self, done: Done, result: Mapping[str, Any]) -> None:
        """Count a unit that is done."""
        if result["described"]:
            self.blocks[done.worker] += result["blocks"]
        else:
            self.taken += result["blocks"]
        self.seconds[done.worker] = self.seconds.get(done.worker, 0.0) + done.seconds
        self.peak_memory[done.worker] = max(self.peak_memory.get(done.worker, 0), done.peak_memory)
        self.spent.add(result["spent"])

    def summary(self) -> dict[str, Any]:
        """The report as JSON knows it, with time and memory of this process and of those that it started until now."""
        times = os.times()
        workers = {
            name: {
                "blocks": self.blocks[name],
                "seconds": round(self.seconds[name], 3),
                "peak_memory": self.peak_memory[name],
            }
            for name in self.seconds
        }
        return {
            "asked": sum(self.blocks.values()),
            "taken": self.taken,
            "describing_seconds": round(self.describing_seconds, 3),
            "cpu_seconds": round(times.user + times.system + times.children_user + times.children_system, 3),
            "peak_memory": peak_memory(),
            "shares": {name: round(share, 4) for name, share in self.shares().items()},
            "workers": workers,
        }

    def shares(self) -> dict[str, float]:
        """The shares of reading, describing and writing in the time of the units."""
        total = sum(vars(self.spent).values())
        return {name: seconds / total for name, seconds in vars(self.spent).items()} if total else {}


def run_here(do: Callable[[Unit], Mapping[str, Any]]) -> Run:
    """Have this process do units; a unit that fails for its imagery is reported, anything else is raised."""

    def run(units: Sequence[Unit]) -> Iterator[Done]:
        for unit in units:
            started = time.perf_counter()
            try:
                result, failure, details = do(unit), "", ""
            except InputError as error:
                result, failure, details = None, str(error), error.details
            seconds = time.perf_counter() - started
            yield Done(unit, result, failure, details, seconds=seconds, peak_memory=peak_memory())

    return run


def work_off(run: Run, units: Sequence[Unit], tell: Callable[[Done, Mapping[str, Any]], None]) -> None:
    """Do units; those that fail are tried once more when the others are done.

    Args:
        run: does them.
        units: to do.
        tell: told of each that is done; may raise ``Cancelled``.

    Raises:
        InputError: of a unit that failed each time, or of several in a row; what is done stays.
        AstroLocError: the same, where the reason is a defect, or processes that end.
    """
    waiting: Sequence[Unit] = units
    for _ in range(TRIES):
        failed: list[Done] = []
        in_a_row: Counter[str] = Counter()
        with closing(run(waiting)) as results:  # type: ignore[type-var]  # generators, all of them
            for done in results:
                if done.result is None:
                    failed.append(done)
                    in_a_row[done.worker] += 1
                    if in_a_row[done.worker] == MOST_IN_A_ROW:
                        raise _error_of(done)
                else:
                    in_a_row.clear()
                    tell(done, done.result)
        if not failed:
            return
        waiting = [done.unit for done in failed]
    raise _error_of(failed[0])


def _error_of(done: Done) -> AstroLocError:
    if done.lost or is_defect(done.failure):
        return AstroLocError(done.failure, done.details)
    return InputError(done.failure, done.details)
