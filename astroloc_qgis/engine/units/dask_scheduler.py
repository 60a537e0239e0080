"""Units on a Dask cluster: the package ``distributed`` hands them out, and does again what a lost worker had.

The cluster's workers need this package, its requirements and the same paths of photos, index and results.
"""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from astroloc_qgis.engine.device import announce_threads
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.units.units import Done, DoUnit, Unit, Work, canonical, do_unit

AHEAD = 3
"""Units for each thread of the cluster that are handed out at a time."""
_TIMEOUT_S = 20


@dataclass(frozen=True)
class DaskScheduler:
    """A ``Scheduler`` on Dask.

    Attributes:
        address: of Dask's scheduler, such as "tcp://10.0.0.1:8786".
    """

    address: str

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[Done]:
        """Do the work of every unit, see ``Scheduler``.

        Raises:
            InputError: ``distributed`` is not installed, nothing answers at the address, or it has no workers.
        """
        distributed = import_distributed()
        try:
            client = distributed.Client(self.address, timeout=_TIMEOUT_S, set_as_default=False)
        except (OSError, ValueError, ImportError) as error:  # TimeoutError is an OSError
            raise InputError(
                f"No Dask scheduler answers at {self.address}: start one with 'dask scheduler', or check the address.",
                repr(error),
            ) from error
        with client:
            yield from _run(distributed, client, work, units)


def import_distributed() -> Any:
    """Import ``distributed``.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise InputError(
            "A scheduler needs the Python package distributed, which is not installed: install it beside torch "
            "('pip install distributed'), or leave --scheduler out and choose --workers.",
            repr(error),
        ) from error


def _run(distributed: Any, client: Any, work: Work, units: Sequence[Unit]) -> Iterator[Done]:
    threads = sum(client.nthreads().values())
    if not threads:
        raise InputError("The Dask scheduler has no workers: start some with 'dask worker ADDRESS --nthreads 1'.")
    settings = canonical(work.settings)
    left = iter(units)
    at_work: dict[str, tuple[Unit, Any]] = {}

    def hand_out(count: int) -> list[Any]:
        futures = []
        for unit in islice(left, count):
            future = client.submit(do_on_dask, work.opener, settings, canonical(unit.task), pure=False)
            at_work[future.key] = unit, future
            futures.append(future)
        return futures

    ended = distributed.as_completed(hand_out(AHEAD * threads), loop=client.loop)
    try:
        for future in ended:
            unit, _ = at_work.pop(future.key)
            error = future.exception()  # waits where the worker with the result was lost, and it is being done again
            if error is None:
                yield Done(unit, **future.result())
            else:
                lost = type(error).__name__ == "KilledWorker"
                failure = "The work on it ended Dask's workers again and again." if lost else str(error)
                yield Done(unit, None, failure, repr(error), lost=lost)
            for more in hand_out(1):
                ended.add(more)
    finally:
        client.cancel([future for _, future in at_work.values()])


def do_on_dask(opener: str, settings: bytes, task: bytes) -> dict[str, Any]:
    """Do a unit in a worker of Dask; what units need is opened once a process."""
    told = do_unit(_opened(opener, settings), json.loads(task))
    return told | {"worker": str(import_distributed().get_worker().name)}


@functools.lru_cache(maxsize=2)
def _opened(opener: str, settings: bytes) -> DoUnit:
    announce_threads(1)
    return Work(opener, json.loads(settings)).open()
