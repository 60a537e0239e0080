"""The models that stay in memory between requests: how much memory they take, and unloading them."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import platform
import sys
from pathlib import Path

DEFAULT_SHARE = 0.25
"""The share of the computer's memory that the idle engine may keep."""
UNKNOWN_MEMORY = 8 << 30
"""The computer's memory, bytes, where the system does not tell it."""

logger = logging.getLogger(__name__)


def memory_in_use() -> int:
    """Return the memory that this process occupies, in bytes; 0 where the system does not tell."""
    if platform.system() == "Linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    if os.name == "nt":
        return _windows_memory()
    return 0


def default_budget() -> int:
    """Return the memory that the idle process may keep, in bytes."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on Windows
        total = UNKNOWN_MEMORY
    return int(DEFAULT_SHARE * total)


def keep_within(budget: int) -> bool:
    """Unload the models if the process occupies more than ``budget`` bytes; returns whether it did."""
    used = memory_in_use()
    if used <= budget:
        return False
    logger.info("%d MiB in use, %d allowed: unloading the models", used >> 20, budget >> 20)
    unload()
    return True


def unload() -> None:
    """Unload the models and give their memory back to the system. They are loaded again when needed."""
    if "torch" not in sys.modules:
        return
    from astroloc_qgis.engine.device import give_back_memory
    from astroloc_qgis.engine.matchers import registry as matchers
    from astroloc_qgis.engine.weights.array_files import read_weights

    matchers.create.cache_clear()
    read_weights.cache_clear()
    gc.collect()
    give_back_memory()
    if platform.system() == "Linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; others have none
        if trim is not None:
            trim(0)


def _windows_memory() -> int:
    class Counters(ctypes.Structure):
        _fields_ = (
            ("size", ctypes.c_ulong),
            ("faults", ctypes.c_ulong),
            *((name, ctypes.c_size_t) for name in ("peak", "working_set", "a", "b", "c", "d", "pagefile", "peak_page")),
        )

    counters = Counters(size=ctypes.sizeof(Counters))
    library = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009 - not there on other systems
    library.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(library.GetCurrentProcess())
    found = library.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.size)
    return int(counters.working_set) if found else 0
