"""What all tests share: the folder of real data, one thread a library, and repeatable property tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.windows_files import refuse_open_files

ROOT = Path(__file__).resolve().parent.parent

# Before any library reads them: several test processes share few cores, and threads that wait for each other are slow.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# The same examples in every run, and no deadline: a shared machine is slow at times, and that is no failure.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real cases and imagery, which are not part of the project."""
    folder = Path(os.environ.get("ASTROLOC_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("The real data is not here: it is looked for in ../shared and in $ASTROLOC_SHARED.")
    return folder


@pytest.fixture
def windows_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows's rule for a test: no file that is open is replaced or removed."""
    refuse_open_files(monkeypatch)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Keeps torch and OpenCV to one thread, where a test (or what it imports) has loaded them."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    cv2 = sys.modules.get("cv2")
    if cv2 is not None and cv2.getNumThreads() != 1:
        cv2.setNumThreads(1)
