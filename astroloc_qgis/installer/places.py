"""Where an install keeps what, and in which state it is; small enough for QGIS to import."""

from __future__ import annotations

import os
from pathlib import Path

from astroloc_qgis.installer.journal import Journal

ENVIRONMENT, UNFINISHED, OLD, CACHE, TOOLS = "env", "env.part", "env.old", "cache", "tools"


def python_of(environment: Path) -> Path:
    """Return the Python of an environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def state(root: Path) -> str:
    """Return "ready", "partial" (an install was broken off), "damaged" or "none"."""
    place = root / ENVIRONMENT
    if Journal.read(place).proved and python_of(place).exists():
        return "ready"
    if place.exists():
        return "damaged"
    return "partial" if (root / UNFINISHED).exists() else "none"
