"""The same units on a Dask cluster of this machine, one of whose workers is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.units.dask_scheduler import DaskScheduler
from astroloc_qgis.engine.units.units import Unit, Work, key_of

distributed = pytest.importorskip("distributed", reason="Dask's package distributed is not installed")

NUMBERS = "tests.engine.batch.fast:open_numbers"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}
    with distributed.LocalCluster(**settings) as made:
        yield made


def units(count: int) -> list[Unit]:
    return [Unit(key_of({"number": number}), {"number": number}) for number in range(count)]


def test_every_unit_is_done_though_a_worker_is_killed(cluster):
    settings = {"seconds": 0.05, "wrong": [7]}
    found, killed = {}, 0
    with closing(DaskScheduler(cluster.scheduler_address).run(Work(NUMBERS, settings), units(40))) as results:
        for done in results:
            assert done.unit.task["number"] not in found
            found[done.unit.task["number"]] = done
            if len(found) == 10:
                killed = done.result["process"]
                os.kill(killed, signal.SIGKILL)
    assert sorted(found) == list(range(40))
    assert found.pop(7).failure == "This is a defect of AstroLoc: ZeroDivisionError: one"
    assert [done.failure + done.details for done in found.values() if done.result is None] == []
    assert all(done.result["square"] == number**2 and done.peak_memory > 1e6 for number, done in found.items())
    assert len({done.worker for done in found.values()}) >= 2
    assert killed


def test_an_address_at_which_nothing_answers_is_refused(monkeypatch):
    monkeypatch.setattr("astroloc_qgis.engine.units.dask_scheduler._TIMEOUT_S", 2)
    with pytest.raises(InputError, match="No Dask scheduler answers at tcp://127.0.0.1:1"):
        list(DaskScheduler("tcp://127.0.0.1:1").run(Work(NUMBERS, {}), units(1)))
