"""Loading the plugin imports nothing heavy: torch and its like would slow QGIS down, and some abort it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["torch", "faiss", "cv2", "kornia", "torchvision", "timm"]


def loaded_by(statement: str) -> list[str]:
    """The heavy libraries that a statement loads in a fresh Python (.venv's, where all of them could be imported)."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_check_sees_a_heavy_library():
    assert "cv2" in loaded_by("import cv2")


def test_the_package_loads_nothing_heavy():
    assert loaded_by("import astroloc_qgis") == []


def test_the_plugin_loads_nothing_heavy():
    assert loaded_by("import astroloc_qgis.gui.plugin") == []


def test_the_processing_provider_loads_nothing_heavy():
    assert loaded_by("import astroloc_qgis.processing_provider.provider") == []


@pytest.mark.parametrize("module", ["astroloc_qgis.__main__", "astroloc_qgis.worker.protocol"])
def test_the_command_line_and_the_protocol_load_nothing_heavy_before_they_work(module):
    assert loaded_by(f"import {module}") == []
