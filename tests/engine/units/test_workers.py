"""Worker processes: every unit once, a death costs a unit at most, and nothing is left running."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from astroloc_qgis.engine.errors import AstroLocError, Cancelled, InputError
from astroloc_qgis.engine.units.units import Done, Unit, Work, key_of
from astroloc_qgis.engine.units.workers import LocalWorkers

NUMBERS = "tests.engine.batch.fast:open_numbers"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="these tests kill processes with signals")


def units(count: int) -> list[Unit]:
    return [Unit(key_of({"number": number}), {"number": number}) for number in range(count)]


def run(count: int, workers: int = 2, **settings: Any) -> list[Done]:
    return list(LocalWorkers(workers).run(Work(NUMBERS, settings), units(count)))


def by_number(every: Sequence[Done]) -> dict[int, Done]:
    found = {done.unit.task["number"]: done for done in every}
    assert len(found) == len(every)
    return found


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_unit_is_done_once_by_several_processes_that_tell_their_memory():
    found = by_number(run(20, workers=2, seconds=0.02))
    assert {number: done.result["square"] for number, done in found.items()} == {n: n * n for n in range(20)}
    assert {done.worker for done in found.values()} == {"1", "2"}
    assert os.getpid() not in {done.result["process"] for done in found.values()}
    assert all(5e6 < done.peak_memory < 1e9 for done in found.values())


def test_a_unit_that_kills_is_given_up_the_second_time_and_takes_no_other_along():
    found = by_number(run(8, workers=2, deadly=[3]))
    assert [number for number, done in found.items() if done.lost] == [3]
    assert found[3].failure == "The work on it ended its process 2 times (SIGKILL), so it was given up."
    assert sorted(number for number, done in found.items() if done.result is not None) == [0, 1, 2, 4, 5, 6, 7]


def test_a_defect_in_a_unit_costs_that_unit():
    found = by_number(run(4, workers=1, wrong=[1]))
    assert found[1].failure == "This is a defect of AstroLoc: ZeroDivisionError: one"
    assert "Traceback" in found[1].details
    assert len({done.result["process"] for number, done in found.items() if number != 1}) == 1


def test_what_all_units_need_and_cannot_be_opened_is_refused_in_its_sentence():
    work = Work("tests.engine.batch.fast:open_fast", {"refuse": True})
    with pytest.raises(InputError, match="The index is missing: build it"):
        list(LocalWorkers(2).run(work, units(3)))


def test_processes_that_end_before_they_begin_end_the_batch():
    work = Work("tests.engine.batch.fast:open_fast", {"die": True})
    with pytest.raises(AstroLocError, match="end before they begin"):
        list(LocalWorkers(1).run(work, units(3)))


def test_closing_the_iterator_ends_the_processes():
    with closing(LocalWorkers(1).run(Work(NUMBERS, {"seconds": 0.01}), units(50))) as results:
        process = next(results).result["process"]
        assert is_alive(process)
    deadline = time.monotonic() + 10
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(process)


def test_the_work_can_be_ended_while_a_unit_takes_long():
    def beat() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        list(LocalWorkers(1, beat=beat).run(Work(NUMBERS, {"seconds": 600.0}), units(2)))
    assert not [child for child in multiprocessing.active_children() if child.name.startswith("astroloc-batch")]
