"""The system and the graphics cards of this machine, which decide the device of the engine."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.engine.errors import InputError

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
"""The Pythons that the lock file has packages for."""
CUDA_OF_PYPI = (13, 0)
"""The CUDA version of PyPI's torch for Linux (the nvidia packages of the lock file)."""
FLATPAK_INFO = Path("/.flatpak-info")
"""A file that every program in Flatpak's sandbox sees, and no other."""
NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
"""A file of Linux's NVIDIA driver, which is seen in Flatpak's sandbox too."""
ROSETTA = (
    "This QGIS is the one for Intel Macs and runs on Apple silicon through Rosetta, for which there is no torch: "
    "install a QGIS for Apple silicon (from qgis.org or conda-forge), then set the engine up there."
)
MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "aarch64"}


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA card as its driver describes it.

    Attributes:
        name: the name of the card.
        memory_mb: its memory, MiB.
        driver: the version of the driver.
        cuda: the newest CUDA version that the driver supports, (major, minor); (0, 0) if unknown.
    """

    name: str
    memory_mb: int
    driver: str
    cuda: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Outlook:
    """The device that the engine will use after an install, and why."""

    device: str
    why: str


def system_key() -> str:
    """Return the key of this system in ``sizes.json``, such as "linux-x86_64"."""
    machine = MACHINES.get(platform.machine().lower(), platform.machine().lower())
    return f"{sys.platform}-{machine}"


def in_flatpak() -> bool:
    """Whether this program runs in Flatpak's sandbox."""
    return FLATPAK_INFO.is_file()


def check_processor() -> None:
    """Check that this program was made for the processor that it runs on.

    Raises:
        InputError: it is made for Intel's and runs on Apple's, which translates it.
    """
    if system_key() == "darwin-x86_64" and _output(["/usr/sbin/sysctl", "-n", "sysctl.proc_translated"]).strip() == "1":
        raise InputError(ROSETTA)


def nvidia_gpus() -> list[Gpu]:
    """Return the NVIDIA cards that nvidia-smi lists; none where there is no driver."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    listed, told = _output(query), _output(["nvidia-smi"])
    found = re.search(r"CUDA Version:\s*(\d+)\.(\d+)", told)
    cuda = (int(found[1]), int(found[2])) if found else (0, 0)
    return parse_gpus(listed, cuda)


def parse_gpus(listed: str, cuda: tuple[int, int]) -> list[Gpu]:
    """Read the lines "name, MiB, driver" of nvidia-smi; other lines are ignored."""
    gpus = []
    for line in listed.splitlines():
        words = [word.strip() for word in line.split(",")]
        if len(words) == 3 and words[1].isdigit():
            gpus.append(Gpu(words[0], int(words[1]), words[2], cuda))
    return gpus


def cuda_is_usable(gpus: Sequence[Gpu]) -> bool:
    """Whether PyPI's torch could use one of the NVIDIA cards, or one that the sandbox hides."""
    if not gpus:
        return in_flatpak() and NVIDIA_DRIVER.exists()
    return any(not any(card.cuda) or card.cuda >= CUDA_OF_PYPI for card in gpus)


def outlook(system: str, gpus: list[Gpu], *, own_torch: bool = False, cpu_build: bool = False) -> Outlook:
    """Predict the device that torch will use.

    Args:
        system: the key of the system (``system_key``).
        gpus: the NVIDIA cards.
        own_torch: whether torch comes from the user's own address or folder, not from PyPI.
        cpu_build: whether torch is the build for the processor alone.
    """
    if cpu_build and cuda_is_usable(gpus):
        name = gpus[0].name if gpus else "graphics card"
        return Outlook("cpu", f"the small build of torch is for the processor alone: the {name} is not used")
    if system == "darwin-arm64":
        return Outlook("mps", "this Mac's graphics processor, through Apple's Metal")
    if not gpus and in_flatpak():
        return Outlook("cpu", "Flatpak hides the driver's programs: a card is used if torch finds it all the same")
    if not gpus:
        return Outlook("cpu", "no NVIDIA graphics card with a driver was found")
    card = gpus[0]
    if own_torch:
        return Outlook("cuda", f"{card.name}, if the torch you chose was built for its driver ({card.driver})")
    if system.startswith("win32"):
        return Outlook(
            "cpu",
            f"torch from PyPI has no CUDA on Windows: to use the {card.name}, "
            "give the address of PyTorch's own packages (Source)",
        )
    if any(card.cuda) and card.cuda < CUDA_OF_PYPI:
        wanted, has = ".".join(map(str, CUDA_OF_PYPI)), ".".join(map(str, card.cuda))
        return Outlook(
            "cpu",
            f"the driver {card.driver} of the {card.name} serves CUDA {has} and torch from PyPI needs {wanted}: update "
            "the driver, or give the address of PyTorch's own packages for your CUDA (Source)",
        )
    return Outlook("cuda", f"{card.name}, {card.memory_mb / 1024:.0f} GiB, driver {card.driver}")


def _output(command: list[str]) -> str:
    places = [Path("C:/Windows/System32")] if sys.platform == "win32" else []
    for program in [command[0], *(str(place / f"{command[0]}.exe") for place in places)]:
        try:
            done = subprocess.run(
                [program, *command[1:]],
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
                stdin=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return done.stdout
    return ""
