"""The folders of an install, and its state; imports little, because QGIS imports it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from astroloc_qgis.installer.journal import Journal

ENVIRONMENT, UNFINISHED, OLD, CACHE, TOOLS = "env", "env.part", "env.old", "cache", "tools"


def python_of(environment: Path) -> Path:
    """Return the Python of an environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def site_of(environment: Path) -> Path:
    """Return the site-packages of an environment that runs on this Python's version."""
    if os.name == "nt":
        return environment / "Lib" / "site-packages"
    return environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def state(root: Path) -> str:
    """Return "ready", "partial" (an install was interrupted), "damaged" or "none"."""
    place = root / ENVIRONMENT
    if Journal.read(place).proved and python_of(place).exists():
        return "ready"
    if place.exists():
        return "damaged"
    return "partial" if (root / UNFINISHED).exists() else "none"
