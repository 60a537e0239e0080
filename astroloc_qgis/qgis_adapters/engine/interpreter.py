"""The Python that runs the engine, its command and its environment variables."""

from __future__ import annotations

import os
from pathlib import Path

from qgis.PyQt.QtCore import QProcessEnvironment

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.copies import FOLDER_VARIABLE
from astroloc_qgis.installer.machine import in_flatpak
from astroloc_qgis.installer.places import ENVIRONMENT, python_of, state
from astroloc_qgis.qgis_adapters.engine.network import own_certificate_variables, proxy_variables
from astroloc_qgis.qgis_adapters.files import PACKAGE, pictures_folder, user_data_folder
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr

VARIABLE = "ASTROLOC_PYTHON"
LAUNCHER = PACKAGE / "worker" / "launch.py"
DROPPED_PREFIXES = ("PIP_", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_", "PYTHON", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


def find_interpreter(settings: Settings) -> Path:
    """Return the engine's Python: that of the settings, of $ASTROLOC_PYTHON, of a checkout, or the installed one.

    Raises:
        InputError: there is none; the message says what to do.
    """
    if settings.python:
        return _existing(settings.python, tr("AstroLoc's options"))
    if named := os.environ.get(VARIABLE):
        return _existing(named, f"${VARIABLE}")
    checkout, root = python_of(PACKAGE.parent / ".venv"), engine_folder(settings)
    if checkout.is_file():
        return checkout
    now = state(root)
    if now == "ready":
        return python_of(root / ENVIRONMENT)
    looked = tr("Looked for:") + f"\n{checkout}\n{python_of(root / ENVIRONMENT)}"
    if now == "damaged":
        raise InputError(tr("AstroLoc's engine is damaged: press “Set up the engine…” and there Repair."), looked)
    raise InputError(tr("AstroLoc's engine is not installed yet: press “Set up the engine…”."), looked)


def engine_folder(settings: Settings) -> Path:
    """Return the folder that holds, or will hold, the engine's environment."""
    return Path(settings.engine_folder).expanduser() if settings.engine_folder else user_data_folder()


def engine_command(settings: Settings) -> list[str]:
    """Return the command that starts the engine process.

    Raises:
        InputError: there is no Python for it.
    """
    command = [str(find_interpreter(settings)), "-I", str(LAUNCHER)]
    for option, value in (
        ("--threads", settings.threads),
        ("--memory", settings.memory),
        ("--device", settings.device),
        ("--log-level", settings.log_level),
    ):
        if value:
            command += [option, value]
    return command


def engine_environment() -> QProcessEnvironment:
    """Return QGIS's environment, proxy and certificates, without the variables that change the engine's Python.

    GDAL's and PROJ's variables stay: the engine reads imagery, from the network too, as QGIS does. In Flatpak's sandbox
    LD_LIBRARY_PATH stays too: it is the sandbox's own, and QGIS's GDAL is found through it.
    """
    environment = QProcessEnvironment.systemEnvironment()
    for name in environment.keys():  # noqa: SIM118 - not a dict
        if name.startswith(DROPPED_PREFIXES) and not (name == "LD_LIBRARY_PATH" and in_flatpak()):
            environment.remove(name)
    environment.insert("PYTHONNOUSERSITE", "1")
    environment.insert(FOLDER_VARIABLE, str(pictures_folder()))
    if folder := Settings().weights:
        environment.insert("ASTROLOC_WEIGHTS", folder)
    if limit := Settings().tile_cache:
        environment.insert("ASTROLOC_TILE_CACHE_MB", limit)
    for name, value in {**proxy_variables(), **own_certificate_variables(engine_folder(Settings()))}.items():
        environment.insert(name, value)
    return environment


def _existing(text: str, source: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_file():
        raise InputError(
            tr("The engine's Python, {path}, named in {source}, is not there.").format(path=path, source=source)
        )
    return path
