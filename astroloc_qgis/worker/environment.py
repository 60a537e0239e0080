"""What the engine process runs on: versions, devices, threads."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import sysconfig
from pathlib import Path
from typing import Any

import astroloc_qgis
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer.packages import damaged

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


def refuse_if_damaged(error: Exception) -> None:
    """Tell a failure by its cause if that is a package of which files are missing.

    What such a package raises is anything from a missing attribute to a library that cannot be opened.

    Raises:
        InputError: files of packages are missing, or not as they were installed.
    """
    if broken := sorted(damaged(Path(sysconfig.get_paths()["purelib"]))):
        raise InputError(
            f"The engine's environment is damaged (files of {', '.join(broken[:3])} are missing): "
            "press “Set up the engine…” and there Repair.",
            repr(error),
        ) from error


def describe_devices() -> list[dict[str, Any]]:
    """Return the devices that torch can work on (imports torch), the processor first: name, title, memory in bytes."""
    from astroloc_qgis.engine.device import list_devices

    return [dataclasses.asdict(device) for device in list_devices()]
