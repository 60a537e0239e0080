"""Several things looked at at once, in threads, and taken up in the order in which they were asked for."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Unfinished
from typing import TypeVar

from astroloc_qgis.engine.device import torch_threads
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 4
"""Workers; each holds pictures and features of its own, some 200 MB."""
_LOOK_UP_EVERY = 0.1


def workers_for(device: str) -> int:
    """How many to use: as many as the networks have threads, up to ``MOST``; one where they run on a graphics card."""
    return min(MOST, torch_threads()) if device == "cpu" else 1


def in_order(
    work: Callable[[Item, Progress], Result],
    items: Sequence[Item],
    workers: int,
    progress_of: Callable[[int], Progress],
    stage: str,
) -> Generator[Result]:
    """Work on items, several at once, and yield the results in the items' order.

    Each worker's networks have one thread. Whoever has seen enough closes the iterator; what is still being worked on
    ends at its next word of progress, and is waited for.

    Args:
        work: called with an item and a progress, in any thread; with one worker, or one item, in the caller's.
        items: what to work on.
        workers: how many at once.
        progress_of: the progress of item number n; told from the caller's thread alone, and may raise ``Cancelled``.
        stage: that it is told of while several are worked on.
    """
    if workers < 2 or len(items) < 2:
        for number, item in enumerate(items):
            yield work(item, progress_of(number))
        return
    stop = threading.Event()

    def watched(stage: str, fraction: float) -> None:
        del stage, fraction
        if stop.is_set():
            raise Cancelled

    threads = torch_threads()
    pool = ThreadPoolExecutor(min(workers, len(items)), "look", _one_thread)
    try:
        futures = [pool.submit(contextvars.copy_context().run, work, item, watched) for item in items]
        for number, future in enumerate(futures):
            yield _result(future, progress_of(number), stage)
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        _set_threads(threads)


def _result(future: Future[Result], progress: Progress, stage: str) -> Result:
    """Wait for a result, and ask meanwhile whether to go on."""
    while True:
        progress(stage, 0.0)
        try:
            return future.result(timeout=_LOOK_UP_EVERY)
        except Unfinished:
            if future.done():
                return future.result()


def _one_thread() -> None:
    _set_threads(1)


def _set_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
