"""Windows's rules for the files that are written."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _as_on_windows(windows_files: None) -> None:
    """No test here may pass because Linux replaces files that are open."""
