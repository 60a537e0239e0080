"""The report for developers: versions, settings, state and logs, without passwords and names of files."""

from __future__ import annotations

import getpass
import json
import platform
import re
import sys
from pathlib import Path

from osgeo import gdal
from qgis.core import Qgis
from qgis.PyQt.QtCore import QT_VERSION_STR, QSysInfo

import astroloc_qgis
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer.journal import Journal
from astroloc_qgis.installer.places import ENVIRONMENT, state
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_folder, find_interpreter
from astroloc_qgis.qgis_adapters.files import user_data_folder
from astroloc_qgis.qgis_adapters.settings import Settings

LAST = 4000
"""The number of characters of each log, from its end."""
TELLING = re.compile(r"(astroloc_qgis|site-packages|dist-packages|lib/python3?[.\d]*)[/\\](.*)$")
PATH = re.compile(
    r"(?:(?<![\w/\\.:-])~?/|\b[A-Za-z]:[\\/]|\\\\)[^\s\"'“”<>|,;:()]*(?: [^\s\"'“”<>|,;:()/]+[\\/][^\s\"'“”<>|,;:()]*)*"
)
FILE = re.compile(
    r"[^\s\"'“”<>|,;()/\\]+\.(?:jpe?g|png|tiff?|gpkg|geojson|vrt|mbtiles|qg[sz]|nef|dng|csv)\b", re.IGNORECASE
)
PASSWORD = re.compile(r"(//)[^/@\s]+@")
SECRET = re.compile(r"((?:password|passwd|token|secret|api[_-]?key|authcfg|key)\s*[=:]\s*)[^\s&\"']+", re.IGNORECASE)


def report(settings: Settings, last_failure: str = "", *, with_names: bool = False) -> str:
    """Return the report.

    Args:
        settings: the plugin's settings.
        last_failure: the last failure that the user saw, with its details.
        with_names: whether names of files and folders stay.
    """
    root = engine_folder(settings)
    journal = Journal.read(root / ENVIRONMENT)
    try:
        interpreter = str(find_interpreter(settings))
    except InputError as error:
        interpreter = f"none ({error})"
    parts = [
        f"AstroLoc {astroloc_qgis.__version__}",
        f"QGIS {Qgis.QGIS_VERSION}, Qt {QT_VERSION_STR}, GDAL {gdal.VersionInfo('RELEASE_NAME')}",
        f"Python {platform.python_version()}, {QSysInfo.prettyProductName()}, {platform.machine()}, {sys.platform}",
        f"engine: {state(root)} in {root}, from {journal.source or 'nowhere'}, runs on {interpreter}",
        f"proof: {json.dumps(journal.proof or {})}",
        f"settings: device {settings.device}, threads {settings.threads or 'auto'}, "
        f"memory {settings.memory or 'auto'}, timeout {settings.timeout} s, log level {settings.log_level}, "
        f"matcher {settings.matcher}",
    ]
    if last_failure:
        parts.append(f"last failure:\n{last_failure[-LAST:]}")
    logs = {name: _tail(user_data_folder() / "logs" / name) for name in ("engine.log", "install.log", "installer.log")}
    parts += [f"{name}:\n{text}" for name, text in logs.items() if text]
    text = "\n\n".join(parts)
    return without_secrets(text) if with_names else without_names(without_secrets(text))


def without_secrets(text: str) -> str:
    """Mask passwords, tokens and keys."""
    return SECRET.sub(r"\1***", PASSWORD.sub(r"\1***@", text))


def without_names(text: str) -> str:
    """Mask names of files and folders; program files keep theirs, because they tell where an error was."""
    text = FILE.sub("<file>", PATH.sub(_program_file_or_nothing, text))
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    return re.sub(rf"\b{re.escape(user)}\b", "<user>", text) if len(user) > 2 else text


def _program_file_or_nothing(match: re.Match[str]) -> str:
    telling = TELLING.search(match[0])
    return f"<path>/{telling[1]}/{telling[2]}" if telling and telling[2].endswith((".py", ".so", ".pyd")) else "<path>"


def _tail(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")[-LAST:].strip()
    except OSError:
        return ""
