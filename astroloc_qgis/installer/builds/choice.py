"""Which build of torch this machine gets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import machine
from astroloc_qgis.installer.builds.cpu_build import CpuBuild

CPU, PYPI, OWN = "cpu", "pypi", "own"
"""The small build for the processor alone, PyPI's (for Linux with CUDA), and one that the user chose himself."""
ONLY_FOR_PYPI_CUDA = ("nvidia-", "cuda-", "triton")
"""Packages that PyPI's torch needs on Linux; another torch brings its own, or needs none."""


def choose(
    wanted: str, cpu: CpuBuild, torch: str, gpus: Sequence[machine.Gpu], *, index: str = "", wheels: Path | None = None
) -> str:
    """Choose the build of torch.

    Args:
        wanted: CPU (where there is none for this machine, it gets PYPI), PYPI, or "" for what suits this machine: CPU
            where no NVIDIA driver is found that PyPI's could use.
        cpu: the build for the processor alone.
        torch: the version of torch that the lock file asks for; empty if it asks for none.
        gpus: the NVIDIA cards.
        index: address of an index with a torch of the user's choice.
        wheels: a folder with all packages; what it has is taken.

    Raises:
        InputError: there is no such build.
    """
    if wanted not in ("", CPU, PYPI):
        raise InputError(f"There is no build “{wanted}” of torch: it is “{CPU}”, “{PYPI}”, or chosen by the machine.")
    has_cpu = cpu.is_of(torch) and cpu.requirement() is not None
    if wheels is not None:
        return _build_in(wheels, cpu if has_cpu else None)
    if index:
        return OWN
    if not has_cpu:
        return PYPI
    return wanted or (PYPI if machine.cuda_is_usable(gpus) else CPU)


def other(build: str, cpu: CpuBuild, torch: str) -> str:
    """Return the build that can be changed to: from CPU to PYPI and back; empty where there is none."""
    if build == OWN or not cpu.is_of(torch) or cpu.requirement() is None:
        return ""
    return PYPI if build == CPU else CPU


def _build_in(wheels: Path, cpu: CpuBuild | None) -> str:
    names = [wheel.name for wheel in wheels.glob("torch-*.whl")]
    if cpu is not None and any(name.startswith(f"torch-{cpu.version}-") for name in names):
        return CPU
    return OWN if any("+" in name for name in names) else PYPI
