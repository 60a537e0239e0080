"""Labelling killed three times, and on Dask with a worker killed: the same labels as without, and none done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from astroloc_qgis.engine.units.dask_scheduler import DaskScheduler
from tests.conftest import ROOT
from tests.engine.batch.fast import is_gone, wait_for
from tests.engine.labelling.fast_labels import Here, label_fast

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these tests kill processes with signals")

COUNT, WORKERS = 60, 2


@pytest.fixture
def table(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    names = [f"{'cloud' if number % 5 == 0 else 'photo'}-{number:03d}.jpg" for number in range(COUNT)]
    for name in names:
        (photos / name).write_bytes(name.encode())
    path = tmp_path / "archive.csv"
    path.write_text("photo,centre lat,centre lon\n" + "".join(f"photos/{name},44,8\n" for name in names))
    return path


def files_of(out: Path) -> dict[str, object]:
    """What does not tell when it was written."""
    named = sorted(path.name for path in (out / "earthloc" / "queries").iterdir())
    tables = {name: (out / name).read_text() for name in ("photos.csv", "review.csv")}
    return tables | {"named": named}


def undisturbed(table: Path, folder: Path) -> dict[str, object]:
    assert label_fast(table, folder / "whole", folder / "whole.log", Here())
    return files_of(folder / "whole")


def keys(out: Path) -> list[str]:
    journal = out / "journal.jsonl"
    lines = journal.read_bytes().splitlines() if journal.exists() else []
    return [json.loads(line)["key"] for line in lines if line.endswith(b"}")]


def worked(log: Path) -> list[list[str]]:
    """Process and photo of each piece of work."""
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def test_killed_three_times_it_gives_the_same_labels_and_does_nothing_twice(table: Path, tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"

    def start(seconds: float) -> subprocess.Popen[bytes]:
        words = map(str, (table, out, log, seconds, WORKERS))
        return subprocess.Popen([sys.executable, "-m", "tests.engine.labelling.fast_labels", *words], cwd=ROOT)

    for done in (8, 20, 32):
        process = start(0.05)
        wait_for(lambda done=done: len(keys(out)) >= done)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_for(lambda: all(is_gone(int(process)) for process, _ in worked(log)))
        assert not (out / "photos.csv").exists()
    assert 32 <= len(keys(out)) < COUNT
    assert start(0.0).wait(90) == 0

    assert len(keys(out)) == len(set(keys(out))) == COUNT
    times = Counter(name for _, name in worked(log))
    assert len(times) == COUNT
    assert sum(times.values()) - COUNT <= 3 * WORKERS, "more than what was under way at the kills was done again"
    assert files_of(out) == undisturbed(table, tmp_path)


def test_four_workers_of_dask_one_killed_give_the_same_labels(table: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask's package distributed is not installed")
    out, log = tmp_path / "out", tmp_path / "log"

    def kill_one() -> None:
        wait_for(lambda: len(keys(out)) >= 10)
        os.kill(int(worked(log)[-1][0]), signal.SIGKILL)

    settings = {"n_workers": 4, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}
    with distributed.LocalCluster(**settings) as cluster:
        killer = threading.Thread(target=kill_one)
        killer.start()
        assert label_fast(table, out, log, DaskScheduler(cluster.scheduler_address), 0.1)
        killer.join()
    assert len(keys(out)) == len(set(keys(out))) == COUNT
    assert files_of(out) == undisturbed(table, tmp_path)
