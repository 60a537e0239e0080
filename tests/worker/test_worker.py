"""The real engine process: quick to say hello, clean in what it imports, honest about bad requests."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from astroloc_qgis.worker.protocol import PROTOCOL_VERSION, Hello

from .process import Process

PACKAGE = Path(__file__).resolve().parents[2] / "astroloc_qgis"
STARTS = {"as a module": ["-m", "astroloc_qgis.worker"], "by path": ["-I", str(PACKAGE / "worker" / "launch.py")]}


@pytest.fixture(params=STARTS.values(), ids=STARTS)
def process(request):
    with Process(*request.param, "--threads", "1") as running:
        yield running


def test_it_says_hello_before_it_imports_the_engine(process):
    started = time.monotonic()
    hello = process.next()
    assert time.monotonic() - started < 5
    assert isinstance(hello, Hello)
    assert hello.protocol == PROTOCOL_VERSION
    assert hello.versions["torch"] != "not installed"
    assert "cpu" in hello.devices


def test_a_ping_imports_the_engine_and_names_its_devices(process):
    process.send(1, "ping")
    assert process.answer(1, timeout=60).result["devices"][0]["name"] == "cpu"


def test_a_missing_photo_is_one_clear_sentence_that_names_it(process, tmp_path):
    params = {"photo": str(tmp_path / "nowhere.jpg"), "index": str(tmp_path), "out": str(tmp_path / "out")}
    process.send(1, "localize", params)
    answer = process.answer(1, timeout=60)
    assert answer.kind == "input"
    assert "nowhere.jpg" in answer.message
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_package_started_by_path_keeps_its_neighbours_off_the_path(tmp_path):
    (tmp_path / "astroloc_qgis").symlink_to(PACKAGE)
    (tmp_path / "json.py").write_text("raise SystemExit('a neighbour hides the library')")
    with Process("-I", str(tmp_path / "astroloc_qgis" / "worker" / "launch.py")) as process:
        assert isinstance(process.next(), Hello)


def test_the_protocol_can_be_imported_without_the_engines_libraries():
    code = (
        "import sys; import astroloc_qgis.worker.protocol; "
        "heavy = {'torch', 'faiss', 'cv2', 'kornia', 'numpy'} & set(sys.modules); sys.exit(repr(heavy) if heavy else 0)"
    )
    import subprocess

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=PACKAGE.parent
    )
    assert result.returncode == 0, result.stderr
