"""Starts QGIS with the plugin in a profile of its own under build/, apart from the user's settings and plugins."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "astroloc_qgis"
BESIDE = ["metadata.txt", "LICENSE", "resources", "i18n"]
PROFILES = ROOT / "build" / "qgis"


def link_plugin(profiles: Path = PROFILES) -> Path:
    """Lays the plugin out in the profile as the zip does, with links: an edit is there at the next start of QGIS.

    Args:
        profiles: the folder of profiles, for QGIS's ``--profiles-path``; made where it is missing.

    Returns:
        The plugin's folder in the profile.
    """
    profile = profiles / "profiles" / "default"
    plugin = profile / "python" / "plugins" / PACKAGE
    shutil.rmtree(plugin, ignore_errors=True)
    plugin.mkdir(parents=True)
    inside = [path for path in (ROOT / PACKAGE).iterdir() if path.name != "__pycache__"]
    for path in [*inside, *(ROOT / name for name in BESIDE)]:
        (plugin / path.name).symlink_to(path)
    settings = profile / "QGIS" / "QGIS3.ini"
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f"[PythonPlugins]\n{PACKAGE}=true\n", encoding="utf-8")
    return plugin


def start(*layers: Path) -> int:
    """Opens QGIS on the layers (the last on top) and waits until the user closes it; returns its exit status."""
    link_plugin()
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    # QGIS must find its own Python first, not the .venv of this script.
    environment.pop("VIRTUAL_ENV", None)
    environment.setdefault("ASTROLOC_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
    command = ["qgis", "--nologo", "--noversioncheck", "--profiles-path", str(PROFILES), "--profile", "default"]
    return subprocess.run([*command, *map(str, layers)], env=environment, check=False).returncode
