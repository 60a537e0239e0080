"""The plan of an install: what is installed, where and from where; it can be shown before anything is changed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import machine
from astroloc_qgis.installer.builds.choice import CPU, ONLY_FOR_PYPI_CUDA, OWN, PYPI, choose, other
from astroloc_qgis.installer.builds.cpu_build import FILE, CpuBuild
from astroloc_qgis.installer.builds.sizes import Sizes
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
RESERVE_BYTES = 100_000_000
"""Bytes that stay free on the disk."""


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
    torch_cpu: Path | None = None
    build: str | None = None
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
        torch_cpu: file of torch's build for the processor alone.
        build: the build of torch: CPU, PYPI or OWN (``builds.choice``).
        chosen: whether the user chose the build; else it is what suits this machine.
        gpus: the NVIDIA cards of this machine.
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
    torch_cpu: Path = FILE
    build: str = PYPI
    chosen: bool = False
    gpus: tuple[machine.Gpu, ...] = ()
    prove: bool = True
    repair: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Plan:
        """Read a plan from a request.

        Raises:
            InputError: a parameter is missing, unknown or of another type; the folder holds no packages; the index is
                no https address; there is no such build.
        """
        request = read(PlanRequest, params)
        wheels = Path(request.wheels) if request.wheels else None
        if wheels is not None and not any(wheels.glob("*.whl")):
            raise InputError(f"The folder {wheels} holds no packages (*.whl): choose the folder that does.")
        index = (request.index or "").strip()
        if index and not index.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise InputError(f"The address “{index}” is not one of a package index: it must begin with https://.")
        lock, torch_cpu = request.lock or LOCK, request.torch_cpu or FILE
        gpus = tuple(machine.nvidia_gpus())
        cpu, torch = CpuBuild.read(torch_cpu), _torch_of(lock)
        return cls(
            root=request.root,
            osgeo=request.osgeo,
            libraries=request.libraries or (),
            index=index,
            wheels=wheels,
            use_uv=request.use_uv is not False,
            lock=lock,
            weights=request.weights or WEIGHTS,
            socks=request.socks or SOCKS,
            torch_cpu=torch_cpu,
            build=choose(request.build or "", cpu, torch.version if torch else "", gpus, index=index, wheels=wheels),
            chosen=bool(request.build),
            gpus=gpus,
            prove=request.prove is not False,
            repair=bool(request.repair),
        )

    @property
    def own_torch(self) -> bool:
        """Whether the user chose the torch: its bytes are not known here, so only its version is checked."""
        return self.build == OWN

    @property
    def cpu(self) -> CpuBuild:
        """torch's build for the processor alone."""
        return CpuBuild.read(self.torch_cpu)

    @property
    def source(self) -> str:
        """Where the packages come from, in words."""
        if self.wheels is not None:
            return f"the folder {self.wheels}"
        torch = {OWN: self.index, CPU: self.cpu.index}.get(self.build)
        return f"PyPI, and torch from {torch}" if torch else "PyPI"

    @property
    def sizes(self) -> Sizes:
        """The bytes of the download and on the disk; 0 where they are not known."""
        return Sizes.of(machine.system_key(), self.build, self.cpu) if self.lock == LOCK else Sizes()

    def hashed(self) -> list[Requirement]:
        """Return the requirements that are checked by hash and come from the usual index."""
        found = read_requirements(self.lock)
        if self.build == PYPI:
            return found
        return [r for r in found if r.name != "torch" and not r.name.startswith(ONLY_FOR_PYPI_CUDA)]

    def torch(self) -> Requirement | None:
        """Return the torch that does not come with the others: the small one, or the one that the user chose."""
        if self.build == CPU:
            return self.cpu.requirement()
        ours = _torch_of(self.lock) if self.own_torch else None
        return Requirement("torch", ours.version, f"torch=={ours.version}") if ours else None

    def with_build(self, build: str) -> Plan:
        """Return the plan with another build of torch."""
        return replace(self, build=build)

    def other_build(self) -> str:
        """Return the build that this one can be changed to, CPU or PYPI; empty where there is none."""
        torch = _torch_of(self.lock)
        return "" if self.wheels else other(self.build, self.cpu, torch.version if torch else "")

    def digest(self) -> str:
        """Return a digest of everything that the environment is made from."""
        parts = [self.lock.read_text(encoding="utf-8"), self.weights.read_text(encoding="utf-8")]
        parts += [str(sys.version_info[:2]), sys.base_prefix, self.index, str(self.own_torch)]
        parts += [self.torch_cpu.read_text(encoding="utf-8")] if self.build == CPU else []
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _torch_of(lock: Path) -> Requirement | None:
    return next((requirement for requirement in read_requirements(lock) if requirement.name == "torch"), None)


def check_python(version: tuple[int, ...] = sys.version_info[:2]) -> None:
    """Check the version of Python.

    Raises:
        InputError: there are no packages for it.
    """
    oldest, newest, ours = (
        ".".join(map(str, each)) for each in (machine.OLDEST_PYTHON, machine.NEWEST_PYTHON, version)
    )
    if version < machine.OLDEST_PYTHON:
        raise InputError(
            f"The engine needs Python {oldest} or newer and this QGIS has {ours}: use a newer QGIS, or choose an "
            "environment that you made yourself."
        )
    if version > machine.NEWEST_PYTHON:
        raise InputError(
            f"This AstroLoc has packages for Python {oldest} to {newest} and this QGIS has {ours}: get a newer "
            "AstroLoc, or choose an environment that you made yourself."
        )


def describe(plan: Plan) -> dict[str, Any]:
    """Return what the user agrees to before an install: packages, sizes, source, build, device, state."""
    machine.check_processor()
    check_python()
    check_path_lengths(plan.root)
    outlook = machine.outlook(
        machine.system_key(), list(plan.gpus), own_torch=plan.own_torch, cpu_build=plan.build == CPU
    )
    now, journal = state(plan.root), Journal.read(plan.root / ENVIRONMENT)
    torch = plan.torch()
    wanted = [*plan.hashed(), *([torch] if torch else []), *read_requirements(plan.weights)]
    return {
        "root": str(plan.root),
        "source": plan.source,
        "build": plan.build,
        "download_bytes": plan.sizes.download,
        "disk_bytes": plan.sizes.disk,
        "free_bytes": free_bytes(plan.root),
        "device": outlook.device,
        "why": outlook.why,
        "packages": [f"{r.name} {r.version}" for r in sorted(wanted, key=lambda r: r.name)],
        "state": now,
        "up_to_date": now == "ready" and _serves(plan, journal),
        "fallback": _size(plan.with_build(PYPI)) if plan.build == CPU and plan.wheels is None else {},
        "change": _change(plan, journal) if now == "ready" else {},
        "supported": plan.sizes.download > 0 or plan.lock.name != "requirements-lock.txt",
        "system": machine.system_key(),
        "sandbox": "flatpak" if machine.in_flatpak() else "",
    }


def _serves(plan: Plan, journal: Journal) -> bool:
    """Whether an environment is what a plan makes; of two builds that are as good as each other, either serves."""
    builds = {plan.build} if plan.chosen else {plan.build, plan.other_build()} - {""}
    return journal.made_from in {plan.with_build(build).digest() for build in builds}


def _change(plan: Plan, journal: Journal) -> dict[str, Any]:
    """Return the build that the environment can be changed to, its sizes, and whether that suits this machine more."""
    there = plan.with_build(journal.build or PYPI)
    build = there.other_build()
    if plan.own_torch or not build:
        return {}
    better = (build == PYPI) == machine.cuda_is_usable(plan.gpus)
    card = plan.gpus[0].name if plan.gpus else ""
    return {"build": build, "better": better, "card": card, **_size(plan.with_build(build))}


def _size(plan: Plan) -> dict[str, Any]:
    return {"download_bytes": plan.sizes.download, "disk_bytes": plan.sizes.disk}
