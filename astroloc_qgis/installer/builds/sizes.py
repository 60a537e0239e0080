"""How large the engine is: what is downloaded, and what lies on the disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.installer.builds.choice import CPU, ONLY_FOR_PYPI_CUDA, OWN
from astroloc_qgis.installer.builds.cpu_build import CpuBuild

FILE = Path(__file__).parent.parent / "sizes.json"
WEIGHTS = (134_900_000, 146_300_000)
"""Bytes of the packages of weights, to download and on the disk."""
TOOLS = (17_700_000, 60_000_000)
"""Bytes of uv, and of the environment before its first package."""
COMPILED = 90_000_000
"""Bytes of the compiled files (``.pyc``) that pip and the first starts make."""
OWN_TORCH = (200_000_000, 730_000_000)
"""Bytes of a torch for the processor that the user chose; one for a graphics processor is larger."""


@dataclass(frozen=True)
class Sizes:
    """Bytes of an engine.

    Attributes:
        download: what is downloaded, at most; 0 where it is not known.
        disk: what lies on the disk, at most; 0 where it is not known.
    """

    download: int = 0
    disk: int = 0

    @classmethod
    def of(cls, system: str, build: str, cpu: CpuBuild | None = None) -> Sizes:
        """Return the sizes on a system (``machine.system_key``) with a build of torch."""
        packages: dict[str, tuple[int, int]] = json.loads(FILE.read_text(encoding="utf-8")).get(system, {})
        if not packages:
            return cls()
        left_out = ("torch", *ONLY_FOR_PYPI_CUDA) if build in (CPU, OWN) else ()
        parts = [sizes for name, sizes in packages.items() if not name.startswith(left_out)]
        parts += [WEIGHTS, TOOLS]
        if build == OWN:
            parts.append(OWN_TORCH)
        elif build == CPU:
            parts.append((cpu or CpuBuild.read()).sizes[system])
        return cls(sum(download for download, _ in parts), sum(disk for _, disk in parts) + COMPILED)
