"""Parallel work in threads, with the results in the order of the items."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from astroloc_qgis.engine.device import torch_threads
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.progress import Progress, asking

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 4
"""Most workers; each holds pictures and features of its own."""
_POLL_SECONDS = 0.1
"""Time between two looks at the progress of an item while its result is awaited."""


def workers_for(device: str) -> int:
    """Number of workers: the threads of the networks, at most ``MOST``, on the CPU; one on a graphics card."""
    return min(MOST, torch_threads()) if device == "cpu" else 1


def in_order(
    work: Callable[[Item, Progress], Result],
    items: Sequence[Item],
    workers: int,
    progress_of: Callable[[int], Progress],
    stage: str,
) -> Generator[Result]:
    """Work on items in parallel and yield the results in the order of the items.

    In each worker the networks have one thread. A caller that needs no more results closes the generator; work that
    has begun then ends at its next report of progress, and is waited for.

    Args:
        work: called with an item and a progress, in any thread; with one worker, or one item, in the caller's.
        items: what to work on.
        workers: most items at the same time.
        progress_of: the progress of item number n; called from the caller's thread only, and may raise ``Cancelled``.
            It is told how far the item has come whose result is awaited, again and again, also if that has not changed.
        stage: name of the stage that the progress is told while several items are worked on.
    """
    if workers < 2 or len(items) < 2:
        for number, item in enumerate(items):
            yield work(item, progress_of(number))
        return
    stop = threading.Event()
    fractions = [0.0] * len(items)

    def go_on() -> None:
        if stop.is_set():
            raise Cancelled

    def work_on(number: int) -> Result:
        def watched(stage: str, fraction: float) -> None:
            del stage
            go_on()
            fractions[number] = fraction

        with asking(go_on):
            return work(items[number], watched)

    threads = torch_threads()
    pool = ThreadPoolExecutor(min(workers, len(items)), "attempt", _one_thread)
    try:
        futures = [pool.submit(contextvars.copy_context().run, work_on, number) for number in range(len(items))]
        for number, future in enumerate(futures):
            progress = progress_of(number)
            progress(stage, fractions[number])
            while not wait([future], _POLL_SECONDS).done:
                progress(stage, fractions[number])
            yield future.result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        _set_threads(threads)


def _one_thread() -> None:
    _set_threads(1)


def _set_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


class References:
    """The reference imagery for threads: each borrows it while it works, because a GDAL dataset serves one at a time.

    What is given back is lent again, also to the threads of a later ``in_order``, so that never more of them are open
    than threads worked at the same time.

    Args:
        reference: lent to the thread that makes this; it is not closed here.
    """

    def __init__(self, reference: Reference) -> None:
        self._given, self._owner = reference, threading.get_ident()
        self._opened: list[Reference] = []
        self._free: list[Reference] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[Reference]:
        """A reference for the current thread alone."""
        if threading.get_ident() == self._owner:
            yield self._given
            return
        with self._lock:
            reference = self._free.pop() if self._free else None
        if reference is None:
            reference = self._given.again()
            with self._lock:
                self._opened.append(reference)
        try:
            yield reference
        finally:
            with self._lock:
                self._free.append(reference)

    def close(self) -> None:
        """Close the references that were opened here."""
        for reference in self._opened:
            reference.close()
