"""An environment is proved by work; where a graphics processor fails, the CPU proves it, and the reason is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.worker import proof

LAUNCHER = Path(__file__).resolve().parents[2] / "astroloc_qgis" / "worker" / "launch.py"


def test_an_environment_is_proved_by_work():
    said = subprocess.run(
        [sys.executable, "-I", str(LAUNCHER), "--prove"], capture_output=True, text=True, check=True, timeout=120
    )
    found = json.loads(said.stdout)
    assert found["works"] is True
    assert len(found["seconds"]) == 4
    assert found["devices"][0]["name"] == "cpu"
    assert "failed" not in found


def test_an_environment_without_its_libraries_is_not_proved():
    bare = str(Path(sys.base_prefix) / "bin" / "python3")
    said = subprocess.run([bare, "-I", str(LAUNCHER), "--prove"], capture_output=True, text=True, check=False)
    assert '"works": true' not in said.stdout


@pytest.fixture
def a_graphics_processor(monkeypatch):
    """A device that torch announces; it fails at a match, as Apple's does where torch lacks an operator for it."""

    def match(device):
        if device != "cpu":
            raise NotImplementedError("grid_sampler_2d_mps: Unsupported Bicubic interpolation")

    monkeypatch.setattr(proof, "working_device", lambda _name: ("mps", "the fastest device that works"))
    monkeypatch.setattr(
        proof, "PARTS", {"a sum with torch": lambda _device: None, "a match with XFeat's weights": match}
    )


def test_where_the_graphics_processor_fails_the_engine_is_ready_on_the_cpu_and_says_why(a_graphics_processor):
    found = proof.prove()
    assert found["works"] is True
    assert found["device"] == "cpu"
    assert "mps fails at a match with XFeat's weights (grid_sampler_2d_mps" in found["why"]
    assert found["failed"] == {"device": "mps", "why": found["why"]}
    assert list(found["seconds"]) == list(proof.PARTS)


def test_an_environment_that_fails_on_the_cpu_too_is_not_proved(a_graphics_processor, monkeypatch):
    def broken(device):
        raise OSError("no library")

    monkeypatch.setitem(proof.PARTS, "a raster with QGIS's GDAL", broken)
    with pytest.raises(InputError, match="fails at a raster with QGIS's GDAL on cpu: repair it"):
        proof.prove()
