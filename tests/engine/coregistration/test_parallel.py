"""Parallel work: the same results in the same order, and an end when it is cancelled."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

from astroloc_qgis.engine.coregistration.parallel import MOST, in_order, workers_for
from astroloc_qgis.engine.device import batch_limit, smaller_batches, torch_threads
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.progress import Progress, no_progress


def quietly(number: int) -> Progress:
    del number
    return no_progress


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_results_come_in_the_order_of_the_items_whoever_is_ready_first(workers: int) -> None:
    def work(item: int, progress: Progress) -> int:
        progress("match", 0.0)
        time.sleep(0.02 * (5 - item))
        return item * item

    assert list(in_order(work, range(5), workers, quietly, "match")) == [0, 1, 4, 9, 16]


def test_several_are_worked_on_at_once_and_with_one_worker_none_is_begun_too_early() -> None:
    both = threading.Barrier(2, timeout=20)
    assert list(in_order(lambda item, _: both.wait() >= 0 and item, [1, 2], 2, quietly, "match")) == [1, 2]
    begun = []
    first = next(in_order(lambda item, _: begun.append(item) or item, [1, 2, 3], 1, quietly, "match"))
    assert (first, begun) == (1, [1])


def test_who_has_seen_enough_ends_the_others() -> None:
    ended = []

    def work(item: int, progress: Progress) -> int:
        try:
            while item:
                progress("match", 0.5)
                time.sleep(0.01)
        except Cancelled:
            ended.append(item)
            raise
        return item

    with closing(in_order(work, [0, 1, 2, 3], 3, quietly, "match")) as results:
        assert next(results) == 0
    assert set(ended) <= {1, 2, 3}
    assert ended


def test_a_cancel_is_heard_while_all_are_at_work() -> None:
    asked = threading.Event()

    def impatient(number: int) -> Progress:
        def progress(stage: str, fraction: float) -> None:
            assert threading.current_thread() is threading.main_thread()
            if asked.is_set():
                raise Cancelled
            asked.set()

        return progress

    def work(item: int, progress: Progress) -> int:
        while True:
            progress("match", item)
            time.sleep(0.01)

    with pytest.raises(Cancelled):
        list(in_order(work, [1, 2], 2, impatient, "match"))


def test_an_error_comes_at_its_items_place() -> None:
    def work(item: int, progress: Progress) -> float:
        progress("match", 0.0)
        return 1 / item

    results = in_order(work, [1, 0, 2], 3, quietly, "match")
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_workers_know_what_was_said_of_batches_and_leave_the_threads_as_they_were() -> None:
    before = torch_threads()
    with smaller_batches(0.25):
        assert list(in_order(lambda item, _: batch_limit(item), [8, 16], 2, quietly, "match")) == [2, 4]
    assert torch_threads() == before
    assert workers_for("cuda") == 1
    assert 1 <= workers_for("cpu") <= MOST
