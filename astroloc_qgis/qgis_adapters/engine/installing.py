"""The command, the environment variables and the parameters of the installer's process."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QProcessEnvironment

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.engine.interpreter import LAUNCHER, engine_environment, engine_folder
from astroloc_qgis.qgis_adapters.engine.network import certificate_variables
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr

KEPT = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_TRUSTED_HOST", "PIP_CERT", "PIP_CLIENT_CERT"),
    *("PIP_PROXY", "PIP_CONFIG_FILE"),
)
"""pip's variables that name the source of packages; all others are dropped, because they can change the target."""


def qgis_python() -> Path:
    """Return the program of QGIS's own Python.

    Inside QGIS ``sys.executable`` is QGIS itself on Windows and macOS, so the usual places are searched.

    Raises:
        InputError: there is none in the usual places.
    """
    base, program = Path(sys.base_prefix), Path(sys.executable)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    tried = [base / "python.exe", base / "python3.exe"] if os.name == "nt" else []
    tried += [base / "bin" / version, base / "bin" / "python3"]
    tried += [program.parent / "bin" / version, program.parent / "bin" / "python3", program.parent / "python3"]
    if program.stem.lower().startswith("python"):
        tried.append(program)
    for candidate in tried:
        if candidate.is_file():
            return candidate
    raise InputError(
        tr("QGIS's own Python program was not found: choose an environment that you made yourself."),
        "\n".join(map(str, tried)),
    )


def installer_command() -> list[str]:
    """Return the command that starts the installer's process.

    Raises:
        InputError: there is no Python for it.
    """
    return [str(qgis_python()), "-I", str(LAUNCHER), "--installer"]


def installer_environment() -> QProcessEnvironment:
    """Return the engine's environment, with the certificates that QGIS trusts and pip's addresses."""
    environment = engine_environment()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    for name, value in {**kept, **certificate_variables(engine_folder(Settings()))}.items():
        environment.insert(name, value)
    return environment


def install_params(settings: Settings) -> dict[str, Any]:
    """Return the parameters of "describe" and "install" for the settings."""
    spec = importlib.util.find_spec("osgeo")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return {
        "root": str(engine_folder(settings)),
        "osgeo": places[0] if places else None,
        "libraries": _library_folders(),
        "index": settings.torch_index,
        "build": settings.torch_build,
        "wheels": settings.wheels,
    }


def _library_folders() -> list[str]:
    """Return the folders of GDAL's DLLs; only Windows needs them."""
    if os.name != "nt":
        return []
    root = os.environ.get("OSGEO4W_ROOT", "")
    folders = [Path(QgsApplication.prefixPath()) / "bin", Path(sys.executable).parent]
    folders += [Path(root) / "bin"] if root else []
    return [str(folder) for folder in dict.fromkeys(folders) if folder.is_dir()]
