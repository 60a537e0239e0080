"""What the engine process runs on: versions, devices, threads."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import os
import platform
from typing import Any

import astroloc_qgis

LIBRARIES = ("torch", "numpy", "faiss-cpu", "kornia", "opencv-python-headless")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def versions() -> dict[str, str]:
    """Return the versions of the engine, Python and the libraries, importing none of them."""
    found = {"astroloc_qgis": astroloc_qgis.__version__, "python": platform.python_version()}
    found.update({name: _version(name) for name in LIBRARIES})
    return found


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def describe_devices() -> list[dict[str, Any]]:
    """Return the devices that torch can work on (imports torch), the processor first: name, title, memory in bytes."""
    from astroloc_qgis.engine.device import list_devices

    return [dataclasses.asdict(device) for device in list_devices()]


def default_threads() -> int:
    """Return the cores that this process may use, less one for QGIS, at least 1."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Windows and macOS
        cores = os.cpu_count() or 1
    return max(1, cores - 1)


def announce_threads(threads: int) -> None:
    """Set the variables that numerical libraries read when they load; call it before they do."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)


def limit_threads(threads: int) -> None:
    """Limit the libraries that ask no variable (imports them)."""
    importlib.import_module("torch").set_num_threads(threads)
    importlib.import_module("cv2").setNumThreads(threads)
    importlib.import_module("faiss").omp_set_num_threads(threads)
