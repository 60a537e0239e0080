"""When memory runs out the work goes on in smaller pieces, then on the processor, and says so."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from astroloc_qgis.engine.device import batch_limit, is_out_of_memory, resolve_device
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.worker import models
from astroloc_qgis.worker.memory import attempts, choose_device, with_memory_fallback
from astroloc_qgis.worker.protocol import Result
from astroloc_qgis.worker.requests import Ping

from .process import Process

LAUNCHER = Path(__file__).resolve().parents[2] / "astroloc_qgis" / "worker" / "launch.py"


def work_that_fits(limit):
    """A method that needs memory for a batch of 32, where there is room for ``limit``."""
    tried = []

    def describe(request, progress):
        size = batch_limit(32)
        tried.append((request.device, size))
        if size > limit:
            raise MemoryError
        return {"size": size}

    return with_memory_fallback(describe), tried


def no_progress(stage, fraction):
    """Report nothing."""


def test_with_memory_enough_the_work_is_done_once_and_the_device_is_named_with_its_reason():
    method, tried = work_that_fits(32)
    result = method(Ping(device="cpu"), no_progress)
    assert tried == [("cpu", 32)]
    assert result == {"size": 32, "device": "cpu", "device_note": "chosen in the settings"}


def test_with_too_little_it_is_done_in_smaller_pieces_and_says_so():
    method, tried = work_that_fits(10)
    result = method(Ping(device="cpu"), no_progress)
    assert tried == [("cpu", 32), ("cpu", 4)]
    assert "smaller pieces" in result["device_note"]
    assert batch_limit(32) == 32


def test_with_far_too_little_it_is_one_sentence():
    method, _ = work_that_fits(0)
    with pytest.raises(InputError, match="Memory ran out"):
        method(Ping(device="cpu"), no_progress)


def test_an_error_that_is_not_about_memory_is_not_tried_again():
    tried = []

    def broken(request, progress):
        tried.append(1)
        raise ValueError("something else")

    with pytest.raises(ValueError, match="something else"):
        with_memory_fallback(broken)(Ping(device="cpu"), no_progress)
    assert tried == [1]


def test_a_graphics_card_falls_back_to_smaller_pieces_then_to_the_processor():
    assert [(device, share) for device, share, _ in attempts("cuda:0")] == [
        ("cuda:0", 1.0),
        ("cuda:0", 1 / 8),
        ("cpu", 1 / 8),
    ]
    assert "slower" in attempts("cuda:0")[-1][2]


@pytest.mark.parametrize(
    ("error", "about_memory"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate"), True),
        (RuntimeError("std::bad_alloc"), True),
        (ImportError("libopenblas.so.0: failed to map segment from shared object"), True),
        (RuntimeError("expected a tensor"), False),
    ],
)
def test_a_lack_of_memory_is_recognized_from_every_library(error, about_memory):
    assert is_out_of_memory(error) is about_memory


def test_the_automatic_device_is_one_that_works_and_has_a_reason():
    device, why = choose_device("auto")
    assert device in ("cpu", "cuda", "mps")
    assert why
    assert resolve_device(device) == device


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="no device 'cuda:77'"):
        choose_device("cuda:77")


def test_models_are_kept_within_the_budget_and_forgotten_beyond_it():
    used = models.memory_in_use()
    assert 10 << 20 < used < 64 << 30
    assert models.keep_within(used * 2) is False
    assert models.keep_within(used // 2) is True


def test_an_idle_engine_lets_its_models_go():
    with Process("-I", str(LAUNCHER), "--threads", "1", "--idle", "1") as process:
        process.next()
        process.send(1, "ping")
        loaded = process.answer(1, timeout=90).result["memory_mb"]
        time.sleep(1.5)
        process.send(2, "unload")
        answer = process.answer(2, timeout=30)
        assert isinstance(answer, Result)
        assert answer.result["memory_mb"] <= loaded + 5


def test_an_environment_is_proved_by_work():
    said = subprocess.run(
        [sys.executable, "-I", str(LAUNCHER), "--prove"], capture_output=True, text=True, check=True, timeout=120
    )
    import json

    proof = json.loads(said.stdout)
    assert proof["works"] is True
    assert len(proof["seconds"]) == 4
    assert proof["devices"][0]["name"] == "cpu"


def test_an_environment_without_its_libraries_is_not_proved():
    bare = str(Path(sys.base_prefix) / "bin" / "python3")
    said = subprocess.run([bare, "-I", str(LAUNCHER), "--prove"], capture_output=True, text=True, check=False)
    assert '"works": true' not in said.stdout
