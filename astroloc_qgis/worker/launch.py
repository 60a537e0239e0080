"""Starts the engine process by path, wherever the plugin is: ``python -I …/astroloc_qgis/worker/launch.py``.

With ``--installer`` as the first argument it starts the installer's process instead, with ``--command-line`` the
command line on the arguments that follow.

With ``-I`` Python ignores PYTHON* variables, user packages and the current folder. The package is then imported from
this file's own place. The folder around it, QGIS's plugin folder, does not get onto the path: the names of other
plugins in it could hide the engine's libraries. Only for the command line, whose benchmarks start processes that import
the package, is it at the path's very end.
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
    if sys.argv[1:2] == ["--command-line"]:
        del sys.argv[1]
        sys.path.append(str(Path(__file__).resolve().parents[2]))  # for its child processes; behind all libraries
        MODULE = PACKAGE
    else:
        MODULE = f"{PACKAGE}.installer" if sys.argv[1:2] == ["--installer"] else f"{PACKAGE}.worker"
    runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
