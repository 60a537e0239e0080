"""A folder of weights of a test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from astroloc_qgis.engine.weights.store import FOLDER_VARIABLE


@pytest.fixture(autouse=True)
def _as_on_windows(windows_files: None) -> None:
    """No test here may pass because Linux replaces files that are open."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of weights, which does not exist yet."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "weights"))
    return tmp_path / "weights"
