"""What the engine process runs on: versions, devices, threads."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
from typing import Any

import astroloc_qgis

LIBRARIES = ("torch", "numpy", "faiss-cpu", "kornia", "opencv-python-headless")


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
