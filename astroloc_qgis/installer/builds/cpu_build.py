"""torch's build for the processor alone: its address, version, checksums and sizes (``torch_cpu.json``).

PyPI's torch for Linux comes with CUDA, some 2.7 GB of it. PyTorch's own index has the same version without.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.installer import machine
from astroloc_qgis.installer.packages import Requirement

FILE = Path(__file__).with_name("torch_cpu.json")


@dataclass(frozen=True)
class CpuBuild:
    """The build.

    Attributes:
        index: the address of the index that has it.
        version: its version, such as "2.13.0+cpu".
        wheels: the sha256 of each wheel, by Python and system, such as "cp312-linux-x86_64".
        sizes: by system, the bytes of a wheel to download and on the disk, the most of any Python.
    """

    index: str
    version: str
    wheels: Mapping[str, str]
    sizes: Mapping[str, tuple[int, int]]

    @classmethod
    def read(cls, path: Path = FILE) -> CpuBuild:
        """Read the file that says what there is."""
        data = json.loads(path.read_text(encoding="utf-8"))
        sizes = {system: (int(download), int(disk)) for system, (download, disk) in data["sizes"].items()}
        return cls(data["index"], data["version"], data["wheels"], sizes)

    def requirement(self, system: str | None = None, python: tuple[int, int] | None = None) -> Requirement | None:
        """Return the build as a requirement with its hash; None where there is none, or its hash is not known.

        Args:
            system: the key of the system (``machine.system_key``); by default this one.
            python: the version of Python, (major, minor); by default this one.
        """
        major, minor = python or sys.version_info[:2]
        sha256 = self.wheels.get(f"cp{major}{minor}-{system or machine.system_key()}")
        if sha256 is None:
            return None
        return Requirement("torch", self.version, f"torch=={self.version} --hash=sha256:{sha256}")

    def is_of(self, version: str) -> bool:
        """Whether this is the same version of torch as one without a build, such as "2.13.0"."""
        return self.version.partition("+")[0] == version
