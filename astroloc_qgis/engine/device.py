"""Which device the networks run on."""

from __future__ import annotations

import os

from astroloc_qgis.engine.errors import InputError


def resolve_device(name: str = "auto") -> str:
    """The torch device of a name.

    Args:
        name: "auto" (the first CUDA device, Apple's, else the CPU), "cpu", "cuda", "cuda:1", "mps".

    Raises:
        InputError: this machine has no such device.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, number = name.partition(":")
    available = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if kind not in available or (number and not number.isdigit()) or int(number or 0) >= available[kind]:
        known = ", ".join(kind for kind, count in available.items() if count)
        raise InputError(f"There is no device '{name}' on this machine: choose auto or one of {known}.")
    return name


def limit_threads(threads: int | None = None) -> None:
    """Leave one core to the rest of the machine: two busy processes on two cores are ten times slower.

    Args:
        threads: wanted; by default what OMP_NUM_THREADS says, else one less than there are cores.
    """
    import cv2
    import torch

    if threads is None:
        wanted = os.environ.get("OMP_NUM_THREADS", "")
        threads = int(wanted) if wanted.isdigit() and int(wanted) > 0 else max(1, (os.cpu_count() or 2) - 1)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
