"""Parallel work: the same results in the same order, and an end when it is cancelled."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from astroloc_qgis.engine.coregistration import cascade
from astroloc_qgis.engine.coregistration.parallel import MOST, References, in_order, workers_for
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.device import batch_limit, smaller_batches, torch_threads
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.progress import Progress, no_progress
from tests.engine.synthetic import make_world


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


def test_the_progress_of_the_item_that_is_waited_for_is_told_and_one_that_hangs_changes_nothing() -> None:
    told: list[tuple[int, float]] = []
    seen = threading.Event()

    def listener(number: int) -> Progress:
        def progress(stage: str, fraction: float) -> None:
            told.append((number, fraction))
            if told[-8:] == [(0, 0.75)] * 8:
                seen.set()

        return progress

    def work(item: int, progress: Progress) -> int:
        for step in range(4):
            progress("match", step / 4)
            time.sleep(0.25)
        assert seen.wait(timeout=20)  # as in a read from a dead network
        return item

    assert list(in_order(work, [1, 2], 2, listener, "match")) == [1, 2]
    of_first = [fraction for number, fraction in told if number == 0]
    assert of_first == sorted(of_first)
    assert set(of_first) <= {0.0, 0.25, 0.5, 0.75}
    assert len(set(of_first)) > 2


def test_an_error_comes_at_its_items_place() -> None:
    def work(item: int, progress: Progress) -> float:
        progress("match", 0.0)
        return 1 / item

    results = in_order(work, [1, 0, 2], 3, quietly, "match")
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_reference_is_opened_once_for_each_thread_at_work_however_many_pools_come_and_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    path = world.write(tmp_path / "map.tif", bounds=world.bounds_in("EPSG:3857", 0.1), pixels=32)
    given, opened, closed = Reference.open(path), [], []
    real_open, real_close = Reference.open, Reference.close
    monkeypatch.setattr(Reference, "open", lambda uri: opened.append(real_open(uri)) or opened[-1])
    monkeypatch.setattr(Reference, "close", lambda reference: closed.append(reference) or real_close(reference))
    references, lent = References(given), []
    both = threading.Barrier(2, timeout=20)

    def work(item: int, progress: Progress) -> int:
        with references.borrowed() as reference:
            lent.append(reference)
            both.wait()  # two work at the same time
        return item

    with closing(references):
        for _pool in range(4):
            assert list(in_order(work, [1, 2, 3, 4], 2, quietly, "match")) == [1, 2, 3, 4]
        with references.borrowed() as reference:
            assert reference is given
    assert len(lent) == 16
    assert len(opened) == 2
    assert closed == opened


def test_a_reference_serves_one_thread_at_a_time(tmp_path: Path) -> None:
    world = make_world()
    path = world.write(tmp_path / "map.tif", bounds=world.bounds_in("EPSG:3857", 0.1), pixels=32)
    references, in_use = References(Reference.open(path)), set()

    def work(item: int, progress: Progress) -> bool:
        with references.borrowed() as reference:
            alone = reference not in in_use
            in_use.add(reference)
            time.sleep(0.01)
            in_use.remove(reference)
        return alone

    with closing(references):
        assert all(in_order(work, range(12), 3, quietly, "match"))


def test_a_stage_on_the_cpu_has_all_workers_also_where_the_networks_have_a_graphics_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No card is needed: the matchers here only tell how many of them work."""
    at_once = {}

    def in_order_stand_in(work, items, workers, progress_of, stage):
        at_once[current[-1]] = workers
        yield from [None] * len(items)

    current = []
    monkeypatch.setattr(cascade, "in_order", in_order_stand_in)
    monkeypatch.setattr(cascade.matchers, "create", lambda name, _device: current.append(name))
    monkeypatch.setattr(cascade, "workers_for", lambda device: 4 if device == "cpu" else 1)
    for device, wanted in (("cuda", 1), ("cpu", 4)):
        at_once.clear()
        list(cascade._registrations(None, None, [(None, None)] * 3, cascade.AUTO[:3], {}, device, None, no_progress))
        assert at_once == {"sift": 4, "orientation": 4, "xfeat-lighterglue": wanted}


def test_a_matcher_or_a_descriptor_without_a_network_computes_on_the_cpu() -> None:
    assert [matchers.device_of(name, "cuda") for name in ("sift", "xfeat-lighterglue")] == ["cpu", "cuda"]
    assert [descriptors.device_of(name, "mps") for name in ("sift-vlad", "astroloc-lite")] == ["cpu", "mps"]


def test_workers_know_what_was_said_of_batches_and_leave_the_threads_as_they_were() -> None:
    before = torch_threads()
    with smaller_batches(0.25):
        assert list(in_order(lambda item, _: batch_limit(item), [8, 16], 2, quietly, "match")) == [2, 4]
    assert torch_threads() == before
    assert workers_for("cuda") == 1
    assert 1 <= workers_for("cpu") <= MOST
