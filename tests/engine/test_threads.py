"""The number of threads that was asked for holds for the compressors of files too."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from astroloc_qgis.engine import device
from astroloc_qgis.engine.device import announce_threads, default_threads, threads_wanted
from astroloc_qgis.engine.exports import geotiff


@pytest.fixture(autouse=True)
def _variables_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        monkeypatch.setenv(variable, "1")


@pytest.mark.parametrize("wanted", ["", "0", "many"])
def test_without_a_usable_number_it_is_the_default(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    assert threads_wanted() == default_threads()


def test_what_is_announced_is_wanted() -> None:
    announce_threads(3)
    assert threads_wanted() == 3


def test_a_geotiff_is_compressed_with_as_many_threads_as_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    announce_threads(3)
    given: list[list[str]] = []
    driver = SimpleNamespace(Create=lambda *arguments: given.append(arguments[-1]))
    monkeypatch.setattr(geotiff.gdal, "GetDriverByName", lambda _name: driver)
    grid = SimpleNamespace(width=8, height=8)
    geotiff._create(Path("x.tif"), grid, 3, np.dtype(np.uint8), "DEFLATE")
    assert "NUM_THREADS=3" in given[0]


def test_nothing_in_the_engine_but_the_default_counts_the_cores() -> None:
    engine = Path(device.__file__).parent
    counting = [path.name for path in engine.rglob("*.py") if "cpu_count" in path.read_text(encoding="utf-8")]
    assert counting == ["device.py"]
