"""Devices and threads of the networks, and the size of their batches."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from astroloc_qgis.engine.errors import InputError

_batch_share: ContextVar[float] = ContextVar("batch_share", default=1.0)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
OUT_OF_MEMORY = (
    *("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "insufficient memory"),
    *("bad_alloc", "failed to map segment"),
)
"""Parts of the messages of torch, OpenCV, C++ and the system when memory runs out, in lower case."""
FAULTS = (
    *("mps", "metal", "cuda error", "cudnn", "cublas", "nvrtc", "no kernel image"),
    *("is not currently implemented for", "not implemented for"),
)
"""Parts of torch's messages when a graphics processor cannot do a step of the work, in lower case."""
MPS_VARIABLE = "PYTORCH_ENABLE_MPS_FALLBACK"
"""With it torch computes on the CPU what it has no Metal kernel for."""


@dataclass(frozen=True)
class Device:
    """A device that networks run on.

    Attributes:
        name: torch's name ("cpu", "cuda:0", "mps").
        title: name shown to the user.
        memory: of the device in bytes; 0 where it uses the computer's own.
    """

    name: str
    title: str
    memory: int = 0


def list_devices() -> list[Device]:
    """Return every device of this machine, the processor first (imports torch)."""
    import torch

    found = [Device("cpu", "CPU")]
    for number in range(torch.cuda.device_count()):
        card = torch.cuda.get_device_properties(number)
        found.append(Device(f"cuda:{number}", card.name, int(card.total_memory)))
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU (Metal)"))
    return found


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception, of whichever library, says that memory ran out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in OUT_OF_MEMORY)


def is_fault_of_device(error: BaseException) -> bool:
    """Whether an exception of torch says that a graphics processor cannot do a step, which the CPU then can.

    Such are: an operator or a number format (float64) that Metal does not have, a card that torch was not built for.
    """
    text = str(error).lower()
    return isinstance(error, RuntimeError | TypeError) and any(sign in text for sign in FAULTS)


@contextlib.contextmanager
def smaller_batches(share: float) -> Iterator[None]:
    """Limit batches to a share (0 to 1) of the usual number of pictures."""
    token = _batch_share.set(share)
    try:
        yield
    finally:
        _batch_share.reset(token)


def batch_limit(most: int) -> int:
    """Number of pictures in a batch where ``most`` is usual; at least one."""
    return max(1, int(most * _batch_share.get()))


def usual_batch(device: str) -> int:
    """Number of pictures that a network describes at once: few on the CPU, so that its caches hold their features."""
    return 4 if device == "cpu" else 32


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


def default_threads() -> int:
    """Number of threads for the networks: the cores that this process may use, less one of three or more."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Windows and macOS
        cores = os.cpu_count() or 1
    return cores - 1 if cores > 2 else cores


def default_workers(device: str) -> int:
    """Number of processes that describe in parallel: ``default_threads`` on the CPU, else one."""
    return default_threads() if device == "cpu" else 1


def torch_threads() -> int:
    """Number of threads that the networks use in this process."""
    import torch

    return int(torch.get_num_threads())


def threads_wanted() -> int:
    """Number of threads that were asked for: OMP_NUM_THREADS, which ``announce_threads`` sets, else the default."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() and int(wanted) > 0 else default_threads()


def announce_threads(threads: int) -> None:
    """Set the variables that numerical libraries read when they load; call it before they do.

    Waiting threads sleep instead of spinning, which would slow down other busy processes.
    """
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    let_cpu_stand_in()


def let_cpu_stand_in() -> None:
    """Let torch compute on the CPU what Apple's GPU has no kernel for; call it before torch is loaded."""
    os.environ.setdefault(MPS_VARIABLE, "1")


def give_back_memory() -> None:
    """Give the memory that torch keeps on graphics processors, but does not use, back to the system."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def limit_threads(threads: int | None = None) -> None:
    """Set the number of threads of the networks; call it before torch is loaded.

    Args:
        threads: number wanted; by default ``threads_wanted``.
    """
    threads = threads_wanted() if threads is None else threads
    announce_threads(threads)
    import cv2
    import faiss
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    faiss.omp_set_num_threads(threads)
