"""Finds the Python that runs the engine, and what it is started with."""

from __future__ import annotations

import os
from pathlib import Path

from qgis.PyQt.QtCore import QProcessEnvironment

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.files import PACKAGE, user_data_folder
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr

VARIABLE = "ASTROLOC_PYTHON"
LAUNCHER = PACKAGE / "worker" / "launch.py"
DROPPED_PREFIXES = ("PIP_", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_", "PYTHON", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


def find_interpreter(settings: Settings) -> Path:
    """Return the engine's Python: as set, as $ASTROLOC_PYTHON says, of a checkout, or the installed environment.

    Raises:
        InputError: there is none; the sentence says what to do.
    """
    if settings.python:
        return _existing(settings.python, tr("AstroLoc's options"))
    if named := os.environ.get(VARIABLE):
        return _existing(named, f"${VARIABLE}")
    executable = Path("Scripts", "python.exe") if os.name == "nt" else Path("bin", "python")
    usual = [PACKAGE.parent / ".venv" / executable, user_data_folder() / "env" / executable]
    for candidate in usual:
        if candidate.is_file():
            return candidate
    raise InputError(
        tr("AstroLoc's engine is not installed: choose its Python under Options in the AstroLoc panel."),
        tr("Looked for:") + "\n" + "\n".join(map(str, usual)),
    )


def engine_command(settings: Settings) -> list[str]:
    """Return the command that starts the engine process.

    Raises:
        InputError: there is no Python for it.
    """
    command = [str(find_interpreter(settings)), "-I", str(LAUNCHER)]
    if settings.threads:
        command += ["--threads", settings.threads]
    return command


def engine_environment() -> QProcessEnvironment:
    """Return QGIS's environment without what would mislead the engine's Python; GDAL's and PROJ's variables stay."""
    environment = QProcessEnvironment.systemEnvironment()
    for name in environment.keys():  # noqa: SIM118 - not a dict
        if name.startswith(DROPPED_PREFIXES):
            environment.remove(name)
    environment.insert("PYTHONNOUSERSITE", "1")
    return environment


def _existing(text: str, source: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_file():
        raise InputError(
            tr("The engine's Python, {path}, named in {source}, is not there.").format(path=path, source=source)
        )
    return path
