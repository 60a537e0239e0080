"""When memory runs out the work goes on in smaller pieces, then on the processor, and says so."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import weakref
from pathlib import Path

import pytest
import torch

from astroloc_qgis.engine.device import batch_limit, is_fault_of_device, is_out_of_memory, resolve_device
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.weights.array_files import astroloc_lite_path, read_weights
from astroloc_qgis.installer.journal import Journal
from astroloc_qgis.worker import memory, models
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


def test_a_step_that_a_graphics_processor_lacks_is_done_on_the_processor_and_says_so(monkeypatch):
    tried = []

    def describe(request, progress):
        tried.append(request.device)
        if request.device != "cpu":
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64")
        return {"done": True}

    monkeypatch.setattr(memory, "choose_device", lambda _name: ("mps", "the fastest device that works"))
    result = with_memory_fallback(describe)(Ping(), no_progress)
    assert tried == ["mps", "cpu"]
    assert result["device"] == "cpu"
    assert result["device_note"] == "mps cannot do a step of this work: worked on the CPU, which is slower."


def test_a_mistake_is_not_taken_for_a_lack_of_the_device(monkeypatch):
    def broken(request, progress):
        raise TypeError("unsupported operand type(s) for +")

    monkeypatch.setattr(memory, "choose_device", lambda _name: ("cuda", "the fastest device that works"))
    with pytest.raises(TypeError, match="unsupported operand"):
        with_memory_fallback(broken)(Ping(), no_progress)


@pytest.mark.parametrize(
    ("error", "of_device"),
    [
        (NotImplementedError("The operator 'aten::_foo' is not currently implemented for the MPS device."), True),
        (RuntimeError("grid_sampler_2d_mps: Unsupported Bicubic interpolation"), True),
        (RuntimeError("CUDA error: no kernel image is available for execution on the device"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("CUDA error"), False),
    ],
)
def test_a_fault_of_the_device_is_recognized(error, of_device):
    assert is_fault_of_device(error) is of_device


@pytest.mark.parametrize("failed_on", ["mps", ""])
def test_a_device_that_failed_the_proof_is_passed_over_with_the_reason(monkeypatch, tmp_path, failed_on):
    why = "mps fails at a match with XFeat's weights"
    Journal(proved=True, proof={"failed": {"device": failed_on, "why": why}}).write(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(memory, "working_device", lambda _name: ("mps", "the fastest device that works"))
    assert choose_device("auto") == ("cpu", why)
    assert choose_device("mps")[0] == "mps"
    monkeypatch.setattr(memory, "working_device", lambda _name: ("cuda", "the fastest device that works"))
    assert choose_device("auto")[0] == ("cuda" if failed_on else "cpu")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "elsewhere"))
    assert choose_device("auto")[0] == "cuda"


def test_memory_of_every_graphics_processor_is_given_back(monkeypatch):
    given_back = []
    for kind, there in (("cuda", torch.cuda), ("mps", torch.backends.mps)):
        monkeypatch.setattr(there, "is_available", lambda: True)
        monkeypatch.setattr(getattr(torch, kind), "empty_cache", lambda kind=kind: given_back.append(kind))
    models.unload()
    assert given_back == ["cuda", "mps"]


def test_torch_may_compute_on_the_processor_what_metal_lacks():
    code = (
        "import os, sys; from astroloc_qgis.engine.device import limit_threads; limit_threads(1); "
        "sys.exit(os.environ['PYTORCH_ENABLE_MPS_FALLBACK'] != '1')"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=LAUNCHER.parents[2], check=False).returncode == 0


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="no device 'cuda:77'"):
        choose_device("cuda:77")


def test_models_are_kept_within_the_budget_and_forgotten_beyond_it():
    used = models.memory_in_use()
    assert 10 << 20 < used < 64 << 30
    assert models.keep_within(used * 2) is False
    assert models.keep_within(used // 2) is True


def test_what_is_unloaded_is_gone_and_loaded_anew_when_it_is_needed():
    loaded = [matchers.create("xfeat-lighterglue"), matchers.create("sift")]
    arrays = read_weights(astroloc_lite_path())
    kept = [weakref.ref(each) for each in (*loaded, next(iter(arrays.values())), _network_of(loaded[0]))]
    del loaded, arrays
    assert all(each() is not None for each in kept)
    models.unload()
    assert [each() is None for each in kept] == [True] * len(kept)
    assert [each for each in gc.get_objects() if isinstance(each, torch.nn.Module)] == []
    again = read_weights(astroloc_lite_path())
    assert read_weights(astroloc_lite_path()) is again
    assert matchers.create("sift") is matchers.create("sift")


def _network_of(matcher):
    return next(value for value in vars(matcher).values() if isinstance(value, torch.nn.Module))


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
