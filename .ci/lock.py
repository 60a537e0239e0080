"""Locks what the engine's environment is made of: every package, with hashes, for every system, and the sizes.

Run it (``.venv/bin/python .ci/lock.py``) after a change of ``requirements-engine.txt``; it needs uv and the network.
The result, ``requirements-lock.txt`` and ``installer/sizes.json``, is committed: the plugin installs from it.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import tomllib

PACKAGE = Path(__file__).resolve().parent.parent / "astroloc_qgis"
WANTED = PACKAGE / "requirements-engine.txt"
LOCK = PACKAGE / "requirements-lock.txt"
SIZES = PACKAGE / "installer" / "sizes.json"
OLDEST_PYTHON = "3.11"
HEADER = """\
# The engine's environment, package by package, for every system and Python from 3.11. Made by .ci/lock.py from
# requirements-engine.txt; do not edit.
"""
# A system's name for us (sys.platform-machine), what its wheels are called, and the name that markers give it.
SYSTEMS = {
    "linux-x86_64": (r"manylinux\w*_x86_64", "linux"),
    "linux-aarch64": (r"manylinux\w*_aarch64", "linux"),
    "win32-x86_64": (r"win_amd64", "win32"),
    "darwin-arm64": (r"macosx_\w*(arm64|universal2)", "darwin"),
}
PYTHONS = r"cp312-cp312|cp3\d+-abi3|py3-none|py2\.py3-none"
ONLY_LINUX = re.compile(r"^(nvidia-|cuda-|triton$)")
ONLY_WINDOWS = {"colorama"}


def uv(*arguments: str, folder: Path) -> None:
    """Runs uv, whose answers do not name the registry."""
    program = str(Path(sys.executable).with_name("uv"))
    subprocess.run([program, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def lock() -> None:
    """Writes the lock file."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "lock.txt")
        options = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"]
        uv(
            "pip", "compile", *options, "--python-version", OLDEST_PYTHON, str(WANTED), "-o", str(target),
            folder=Path(folder),
        )  # fmt: skip
        LOCK.write_text(HEADER + target.read_text(encoding="utf-8"), encoding="utf-8")


def requirements() -> list[str]:
    """The lines of the wanted requirements, without comments."""
    lines = (line.split("#")[0].strip() for line in WANTED.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def packages() -> list[dict[str, Any]]:
    """Every locked package with its wheels and their sizes."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = json.dumps(requirements())
        text = f'[project]\nname="x"\nversion="0"\nrequires-python=">={OLDEST_PYTHON}"\ndependencies={wanted}\n'
        Path(folder, "pyproject.toml").write_text(text, encoding="utf-8")
        uv("lock", folder=Path(folder))
        found: list[dict[str, Any]] = tomllib.loads(Path(folder, "uv.lock").read_text(encoding="utf-8"))["package"]
        return found


def size(package: dict[str, Any], system: str) -> int:
    """The size of the wheel that ``system`` gets, in bytes; 0 where it needs none."""
    pattern, _ = SYSTEMS[system]
    name = package["name"]
    if (ONLY_LINUX.match(name) and not system.startswith("linux")) or (name in ONLY_WINDOWS and "win32" not in system):
        return 0
    fits = [
        wheel
        for wheel in package.get("wheels", [])
        if re.search(rf"-({PYTHONS})-(any|[\w.]*{pattern})[\w.]*\.whl", wheel["url"])
    ]
    return max(map(wheel_size, fits), default=0)


@functools.cache
def length(url: str) -> int:
    """The length of what an address (of an index that does not tell sizes) gives, in bytes."""
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=60) as answer:  # noqa: S310 - from uv
        return int(answer.headers["Content-Length"])


def wheel_size(wheel: dict[str, Any]) -> int:
    """The size of a wheel in bytes."""
    return int(wheel["size"]) if "size" in wheel else length(wheel["url"])


def main() -> None:
    """Writes both files."""
    lock()
    found = packages()
    download = {system: {p["name"]: bytes_ for p in found if (bytes_ := size(p, system))} for system in SYSTEMS}
    SIZES.parent.mkdir(exist_ok=True)
    SIZES.write_text(json.dumps(download, indent=1) + "\n", encoding="utf-8")
    for system, sizes in download.items():
        print(f"{system}: {sum(sizes.values()) / 1e6:,.0f} MB, of which torch {sizes.get('torch', 0) / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
