"""A build in units: whoever does them, and whoever is killed meanwhile, the index is the same, byte for byte."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index import builder
from astroloc_qgis.engine.index.block_reader import Sheets
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.building.crew import BuildReport
from astroloc_qgis.engine.index.building.describing import Units, sheet_of
from astroloc_qgis.engine.index.building.pieces import PieceFolder, is_whole
from astroloc_qgis.engine.index.database_descriptors import BlockDescriber
from astroloc_qgis.engine.index.plan import Plan
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.units.dask_scheduler import DaskScheduler
from tests.engine.batch.fast import wait_for
from tests.engine.index.stand_ins import MODEL, Averages, contents, stop_at

ROOT = Path(__file__).resolve().parents[3]
UNIT = 9
"""Blocks of a unit."""
Build = Callable[..., Index]


@pytest.fixture
def histograms(larger_imagery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Builds an index with a descriptor that worker processes have too."""
    monkeypatch.setattr(builder, "PIECE_BLOCKS", UNIT)

    def run(name: str, **changes: Any) -> Index:
        settings = {"zooms": [11, 12, 13], "extent": None, "model": "colour-histogram"} | changes
        return build_index(Reference.open(larger_imagery), out=tmp_path / name, **settings)

    return run


def pieces(partial: Path) -> list[Path]:
    return sorted(partial.glob("piece-*.npz"))


@pytest.mark.skipif(os.name == "nt", reason="kills a process with a signal")
def test_two_processes_one_killed_give_the_same_index(histograms: Build, tmp_path: Path) -> None:
    report, killed = BuildReport(), threading.Event()

    def progress(stage: str, done: float) -> None:
        if stage == "describe" and done > 0.1 and not killed.is_set():
            (child, *_) = multiprocessing_children()
            os.kill(child, signal.SIGKILL)
            killed.set()

    histograms("one")
    histograms("two", workers=2, progress=progress, report=report)
    assert killed.is_set()
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    # Of the killed process one may or may not hear: it can end before its first unit does, and its successor too.
    assert set() < set(report.blocks) <= {"1", "2"}
    assert sum(report.shares().values()) == pytest.approx(1)
    assert all(memory > 1e6 for memory in report.peak_memory.values())


def test_four_workers_of_dask_one_killed_give_the_same_index(histograms: Build, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask's package distributed is not installed")
    report = BuildReport()
    histograms("one")
    settings = {"n_workers": 4, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}
    with distributed.LocalCluster(**settings) as cluster:
        victim = next(iter(cluster.workers.values())).pid

        def kill() -> None:
            wait_for(lambda: pieces(tmp_path / "dask.partial"))
            os.kill(victim, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        histograms("dask", scheduler=DaskScheduler(cluster.scheduler_address), device="cpu", report=report)
        killer.join()
    assert contents(tmp_path / "dask") == contents(tmp_path / "one")
    assert report.blocks


@pytest.mark.skipif(os.name == "nt", reason="kills a process with a signal")
def test_a_command_that_is_killed_twice_goes_on_to_the_same_index(larger_imagery: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "astroloc_qgis", "index", "build", "--imagery", str(larger_imagery)]
    command += ["--zooms", "12,13,14", "--stride", "1", "--model", "colour-histogram", "--out"]
    whole = subprocess.run([*command, str(tmp_path / "whole")], cwd=ROOT, check=True, capture_output=True, text=True)
    assert "this process: " in whole.stdout
    partial, before = tmp_path / "killed.partial", 0
    for _ in range(2):
        process = subprocess.Popen([*command, str(tmp_path / "killed")], cwd=ROOT)
        wait_for(lambda before=before: len(pieces(partial)) > before + 2)
        process.kill()
        process.wait()
        before = len(pieces(partial))
    assert not (tmp_path / "killed").exists()
    subprocess.run([*command, str(tmp_path / "killed")], cwd=ROOT, check=True, capture_output=True)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_a_piece_with_a_flipped_byte_or_none_at_all_is_described_again(build: Build, tmp_path: Path) -> None:
    build("whole")
    with pytest.raises(Cancelled):
        build("broken", progress=stop_at(0.9))
    first, second, *_ = pieces(tmp_path / "broken.partial")
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 1
    first.write_bytes(content)
    second.write_bytes(b"")
    assert not is_whole(first)
    build("broken")
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def test_pieces_of_the_version_before_are_taken_over(build: Build, tmp_path: Path) -> None:
    build("whole")
    with pytest.raises(Cancelled):
        build("old", progress=stop_at(0.8))
    found = pieces(tmp_path / "old.partial")
    for path in found:
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in ("vectors", "blocks", "left_out")}
        np.savez(path, **arrays)
    described: list[int] = []
    build("old", progress=lambda _, done: described.append(done))
    assert contents(tmp_path / "old") == contents(tmp_path / "whole")
    assert min(done for done in described[1:] if done) > 0.5


def test_two_who_write_the_same_piece_do_not_meet(tmp_path: Path) -> None:
    folder = PieceFolder(tmp_path / "index")
    folder.path.mkdir()
    arrays = {"vectors": np.ones((64, 256), np.float32), "blocks": np.zeros((64, 3), np.int32)}
    writers = [threading.Thread(target=folder.write_piece, args=(0, arrays)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [path.name for path in folder.path.iterdir()] == ["piece-000000.npz"]
    assert is_whole(folder.piece_path(0))


def test_a_unit_that_fails_once_is_done_at_the_end(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    read, failed = BlockDescriber.read, []

    def failing(self: BlockDescriber, sheet: Any, *more: Any) -> Any:
        if not failed:
            failed.append(sheet)
            raise InputError("The imagery does not answer: try again later.")
        return read(self, sheet, *more)

    monkeypatch.setattr(BlockDescriber, "read", failing)
    index = build()
    found = index.blocks.tolist()
    assert len(failed) == 1
    assert found == build("again").blocks.tolist()


def test_units_that_go_on_failing_end_the_build(build: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []

    def failing(_: BlockDescriber, sheet: Any, *__: Any) -> Any:
        asked.append(sheet)
        raise InputError("The imagery does not answer: try again later.")

    monkeypatch.setattr(BlockDescriber, "read", failing)
    with pytest.raises(InputError, match="does not answer"):
        build()
    assert len(asked) == 3
    assert (tmp_path / "index.partial" / "plan.json").is_file()


def test_units_hold_every_block_once_and_their_keys_tell_the_model(build: Build, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        build(progress=stop_at(0.0))
    plan = Plan.from_json(json.loads((tmp_path / "index.partial" / "plan.json").read_text()))
    assert plan.differences(json.loads(plan.as_json())) == []
    table = np.array([(11, row, column) for row in range(700, 716) for column in range(1080, 1100)], dtype=np.int32)
    sheets = Sheets.of(table, {11: 1}, 16)
    units = Units(sheets, range(len(sheets)), plan)
    found = np.concatenate([sheet_of(unit.task) for unit in units])
    assert len(units) == 20
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, table.tolist()))
    assert len({unit.key for unit in units}) == 20
    other = Plan(**{**vars(plan), "model_sha256": "0" * 64})
    assert not {unit.key for unit in units} & {unit.key for unit in Units(sheets, range(len(sheets)), other)}
    assert units[3].key == Units(sheets, [3], plan)[0].key


def test_a_stand_in_of_the_model_is_what_these_tests_describe_with(build: Build) -> None:
    assert build().info.dimensions == Averages.dimensions
    assert Averages.name == MODEL


def multiprocessing_children() -> list[int]:
    """The worker processes of this one."""
    import multiprocessing

    return [process.pid for process in multiprocessing.active_children() if process.pid]
