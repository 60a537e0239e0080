"""Ends this process when the one that started it dies, however it dies."""

from __future__ import annotations

import ctypes
import os
import platform
import signal

PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def die_with_parent() -> None:
    """Ask the kernel to kill this process with its parent, where a kernel does that (Linux).

    Elsewhere the closing of stdin tells (``Server``), which also covers Linux in all but a stopped process.
    """
    if platform.system() != "Linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died in between
        os._exit(0)
