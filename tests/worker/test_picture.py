"""The process that makes a copy of a photo for QGIS: a line of JSON with its path, or with a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.photo.raws import write_dng
from tests.engine.photo.tiffs import scene

LAUNCHER = Path(__file__).resolve().parents[2] / "astroloc_qgis" / "worker" / "launch.py"


def answer(photo: Path, folder: str) -> dict[str, str]:
    said = subprocess.run(
        [sys.executable, "-I", str(LAUNCHER), "--picture", str(photo)],
        capture_output=True, text=True, check=True, timeout=120, env={**os.environ, "ASTROLOC_PICTURES": folder},
    )  # fmt: skip
    return json.loads(said.stdout)


def test_a_copy_is_made_and_named(tmp_path):
    pytest.importorskip("rawpy")
    photo = write_dng(tmp_path / "größe.dng", scene(300, 200))
    assert Path(answer(photo, str(tmp_path / "copies"))["copy"]).is_file()


def test_what_is_wrong_is_a_sentence(tmp_path):
    (tmp_path / "p.nef").write_bytes(b"no raw file")
    assert "camera's raw file" in answer(tmp_path / "p.nef", str(tmp_path))["message"]
    assert "does not exist" in answer(tmp_path / "none.nef", str(tmp_path))["message"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    pytest.importorskip("rawpy")
    (tmp_path / "file").touch()
    found = answer(write_dng(tmp_path / "p.dng", scene(300, 200)), str(tmp_path / "file" / "copies"))
    assert "could be kept" in found["message"]
