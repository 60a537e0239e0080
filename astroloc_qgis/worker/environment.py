"""The environment of the engine process: versions, devices, damaged packages."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

import astroloc_qgis
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.worker.site_packages import damaged

RUNTIME_SIGNS = r"WinError (126|127|1114)\b|DLL load failed(?! while importing _?(gdal|osr|ogr|gnm|gdalconst)\b)"
NO_RUNTIME = (
    "Windows lacks the Microsoft Visual C++ Redistributable, or has an old one: install the X64 one from "
    "https://learn.microsoft.com/cpp/windows/latest-supported-vc-redist (“Visual C++ Redistributable latest supported "
    "downloads”), then start QGIS again."
)
JOURNAL = "install.json"
"""The file that the installer writes into an environment, with the result of its proof."""
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


def lacks_runtime(text: str) -> bool:
    """Whether the text of an error says that Windows lacks the C++ runtime that torch, faiss and OpenCV need.

    GDAL's DLLs are QGIS's own and bring theirs along, so an error about them has another cause.
    """
    return re.search(RUNTIME_SIGNS, text) is not None


def refuse_if_damaged(error: Exception) -> None:
    """Raise the real cause of a failure where that is a damaged package.

    A damaged package can raise anything, from a missing attribute to a library that does not open.

    Args:
        error: the failure.

    Raises:
        InputError: files of packages are missing or have another size than when they were installed.
    """
    if broken := sorted(damaged(Path(sysconfig.get_paths()["purelib"]))):
        raise InputError(
            f"The engine's environment is damaged (files of {', '.join(broken[:3])} are missing): "
            "press “Set up the engine…” and there Repair.",
            repr(error),
        ) from error


def failed_device() -> dict[str, str]:
    """Return the graphics processor that failed this environment's proof, by its ``device`` ("" for any), and ``why``.

    Empty where none did, and in an environment that AstroLoc did not make.
    """
    try:
        journal = json.loads((Path(sys.prefix) / JOURNAL).read_text(encoding="utf-8"))
        failed = journal["proof"]["failed"]
        return {"device": str(failed["device"]), "why": str(failed["why"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def describe_devices() -> list[dict[str, Any]]:
    """Return the devices that torch can use, the processor first: name, title, memory in bytes. Imports torch."""
    from astroloc_qgis.engine.device import list_devices

    return [dataclasses.asdict(device) for device in list_devices()]
