"""Starts the engine process from wherever the plugin lives: ``python -I …/astroloc_qgis/worker/launch.py``.

With ``--installer`` as the first argument it starts the installer's process instead.

With ``-I`` Python looks at no PYTHON* variable, no user packages and no current folder. The package is then loaded
from this file's own place by name: the folder around it (QGIS's plugin folder) is full of other plugins, whose names
must not hide the engine's libraries, so it does not get onto the path.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path

PACKAGE = "astroloc_qgis"


def load_package(folder: Path) -> None:
    """Import the package that ``folder`` holds, without touching ``sys.path``."""
    location = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(PACKAGE, location, submodule_search_locations=[str(folder)])
    if spec is None or spec.loader is None:
        raise ImportError(f"no Python package at {location}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    load_package(Path(__file__).resolve().parents[1])
    RING = "installer" if sys.argv[1:2] == ["--installer"] else "worker"
    runpy.run_module(f"{PACKAGE}.{RING}", run_name="__main__", alter_sys=True)
