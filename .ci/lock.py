"""Locks what the engine's environment is made of: every package, with hashes, for every system, and the sizes.

Run it (``.venv/bin/python .ci/lock.py``) after a change of ``requirements-engine.txt``; it needs uv and the network.
The result, ``requirements-lock.txt`` and ``installer/sizes.json``, is committed: the plugin installs from it. It fails
where a package has no wheel for one of the systems and Pythons. ``--sums`` only prints the sums of ``sizes.json``.

``installer/builds/torch_cpu.json`` (torch's CPU build for Linux) is kept by hand: PyTorch's own index lists the hashes.
"""

from __future__ import annotations

import functools
import io
import itertools
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import tomllib
from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "astroloc_qgis"
WANTED = PACKAGE / "requirements-engine.txt"
LOCK = PACKAGE / "requirements-lock.txt"
SIZES = PACKAGE / "installer" / "sizes.json"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HEADER = """\
# The engine's environment, package by package, for every system and Python from 3.11. Made by .ci/lock.py from
# requirements-engine.txt; do not edit.
"""
# A system's name for us (sys.platform-machine): what its wheels are called, and the values that markers see.
SYSTEMS = {
    "linux-x86_64": (r"manylinux\w*_x86_64", "linux", "x86_64"),
    "linux-aarch64": (r"manylinux\w*_aarch64", "linux", "aarch64"),
    "win32-x86_64": (r"win_amd64", "win32", "AMD64"),
    "darwin-arm64": (r"macosx_\w*(arm64|universal2)", "darwin", "arm64"),
}
BLOCK = 4096
"""The piece of a disk that a file takes whole, bytes."""
TAIL = 1 << 18
"""The piece of a wheel that is read at a time, bytes."""


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
            "pip", "compile", *options, "--python-version", PYTHONS[0], str(WANTED), "-o", str(target),
            folder=Path(folder),
        )  # fmt: skip
        LOCK.write_text(HEADER + target.read_text(encoding="utf-8"), encoding="utf-8")


def requirements() -> list[str]:
    """The lines of the wanted requirements, without comments."""
    lines = (line.split("#")[0].strip() for line in WANTED.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def wheels() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The wheels of every locked package, by its name and version."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = json.dumps(requirements())
        text = f'[project]\nname="x"\nversion="0"\nrequires-python=">={PYTHONS[0]}"\ndependencies={wanted}\n'
        Path(folder, "pyproject.toml").write_text(text, encoding="utf-8")
        uv("lock", folder=Path(folder))
        found = tomllib.loads(Path(folder, "uv.lock").read_text(encoding="utf-8"))["package"]
        return {(package["name"], package["version"]): package.get("wheels", []) for package in found}


def locked(system: str, python: str) -> list[tuple[str, str]]:
    """Names and versions of the packages that a system and a Python get."""
    _, platform, machine = SYSTEMS[system]
    values = {"sys_platform": platform, "platform_machine": machine, "python_full_version": f"{python}.1"}
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)(?: ; (.+?))? \\$", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    return [(name, version) for name, version, marker in pins if not marker or Marker(marker).evaluate(values)]


def fits(wheel: dict[str, Any], system: str, python: str) -> bool:
    """Whether a wheel can be installed on a system and a Python."""
    minor = int(python.partition(".")[2])
    return any(
        re.fullmatch(rf"any|{SYSTEMS[system][0]}", tag.platform)
        and (
            (tag.interpreter == f"cp3{minor}" and tag.abi == f"cp3{minor}")
            or (tag.abi == "abi3" and int(tag.interpreter.removeprefix("cp3")) <= minor)
            or (tag.interpreter == "py3" and tag.abi == "none")
        )
        for tag in parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]
    )


class Wheel(io.RawIOBase):
    """A wheel that is read piece by piece where it lies.

    Args:
        wheel: its entry in uv's lock.
    """

    def __init__(self, wheel: dict[str, Any]) -> None:
        self.url = wheel["url"]
        self.length = int(wheel["size"]) if "size" in wheel else length(self.url)
        self._place = 0

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.length}[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read from the place on."""
        piece = self._piece(self._place // TAIL)[self._place % TAIL :][: len(buffer)]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    @functools.cache  # noqa: B019 - a wheel lives as long as its sizes are read
    def _piece(self, number: int) -> bytes:
        first = number * TAIL
        last = min(first + TAIL, self.length) - 1
        if first > last:
            return b""
        request = urllib.request.Request(self.url, headers={"Range": f"bytes={first}-{last}"})  # noqa: S310 - from uv
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - from uv
            return bytes(answer.read())


@functools.cache
def length(url: str) -> int:
    """The length of what an address (of an index that does not tell sizes) gives, in bytes."""
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=60) as answer:  # noqa: S310 - from uv
        return int(answer.headers["Content-Length"])


def unpacked(archive: zipfile.ZipFile) -> int:
    """The bytes that a wheel's files take on the disk."""
    return sum(-(-entry.file_size // BLOCK) * BLOCK for entry in archive.infolist())


@functools.cache
def sizes_of(url: str, known: int) -> tuple[int, int]:
    """The bytes of a wheel: to download, and on the disk."""
    wheel = Wheel({"url": url, **({"size": known} if known else {})})
    with zipfile.ZipFile(io.BufferedReader(wheel, 1 << 16)) as archive:
        return wheel.length, unpacked(archive)


def sizes(found: dict[tuple[str, str], list[dict[str, Any]]], system: str) -> dict[str, list[int]]:
    """The bytes of each package to download and on the disk, the most of any Python.

    Raises:
        SystemExit: a package has no wheel for the system and one of the Pythons.
    """
    most: dict[str, list[int]] = {}
    for python in PYTHONS:
        for name, version in locked(system, python):
            fitting = [wheel for wheel in found[name, version] if fits(wheel, system, python)]
            if not fitting:
                raise SystemExit(f"{name} {version} has no wheel for {system} and Python {python}")
            for wheel in fitting:
                both = sizes_of(wheel["url"], int(wheel.get("size", 0)))
                most[name] = [max(pair) for pair in zip(both, most.get(name, (0, 0)), strict=True)]
    return most


def print_sums() -> None:
    """Prints what each system downloads and what lies on its disk, as the plugin's window says it."""
    sys.path.insert(0, str(ROOT))
    from astroloc_qgis.installer.builds.choice import CPU, PYPI
    from astroloc_qgis.installer.builds.sizes import Sizes

    for system, build in itertools.product(SYSTEMS, (PYPI, CPU)):
        if build == CPU and not system.startswith("linux"):
            continue
        known = Sizes.of(system, build)
        print(f"{system}, torch {build}: {known.download / 1e9:.2f} GB to download, {known.disk / 1e9:.2f} GB on disk")


def main() -> None:
    """Writes both files."""
    if "--sums" not in sys.argv:
        lock()
        found = wheels()
        SIZES.write_text(json.dumps({each: sizes(found, each) for each in SYSTEMS}, indent=1) + "\n", encoding="utf-8")
    print_sums()


if __name__ == "__main__":
    main()
