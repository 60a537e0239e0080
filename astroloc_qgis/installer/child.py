"""Runs the programs of an install: passes their lines on, and kills them when the install is cancelled or dies."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import queue
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from astroloc_qgis.worker.lifeline import PR_SET_PDEATHSIG

POLL_S = 0.1
KEPT_LINES = 200
"""The number of a program's last lines that are kept for an error."""
CREATE_NEW_PROCESS_GROUP = 0x00000200
CREATE_NO_WINDOW = 0x08000000
_running: set[subprocess.Popen[bytes]] = set()


class ChildFailed(Exception):
    """The program ended with another status than 0; ``output`` holds its last lines."""

    def __init__(self, status: int, output: str) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.output = output


def run(
    command: Sequence[str], environment: Mapping[str, str], say: Callable[[str], None], tick: Callable[[], None]
) -> str:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        environment: all of its environment variables.
        say: takes each line that it prints, with passwords in addresses masked.
        tick: called ten times a second; when it raises, the program and all that it started are killed.

    Returns:
        The last lines that it printed.

    Raises:
        ChildFailed: it ended with another status than 0, or could not be started.
    """
    kept: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        process = subprocess.Popen(
            list(command),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **_own_group(),
        )
    except OSError as error:
        raise ChildFailed(-1, str(error)) from error
    _running.add(process)
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    try:
        finished = False
        while not finished:
            tick()
            with contextlib.suppress(queue.Empty):
                line = lines.get(timeout=POLL_S)
                finished = line is None
                if line:
                    kept.append(line)
                    say(line)
        status = process.wait()
    finally:
        kill(process)
        _running.discard(process)
    if status != 0:
        raise ChildFailed(status, "\n".join(kept))
    return "\n".join(kept)


def kill_all() -> None:
    """Kill every program that still runs, before this process ends."""
    for process in list(_running):
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and all that it started."""
    if process.poll() is None:
        if os.name == "nt":
            taskkill = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
            subprocess.run(taskkill, capture_output=True, check=False)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def without_passwords(text: str) -> str:
    """Mask names and passwords in addresses ("//name:password@host")."""
    return re.sub(r"(//)[^/@\s]+@", r"\1***@", text)


def _read(process: subprocess.Popen[bytes], lines: queue.Queue[str | None]) -> None:
    stream = process.stdout
    if stream is not None:
        for line in stream:
            lines.put(without_passwords(line.decode("utf-8", "replace").rstrip()))
        stream.close()
    lines.put(None)


def _own_group() -> dict[str, Any]:
    """Return the options that start a program in a process group of its own, which ends with this process."""
    if os.name == "nt":
        return {"creationflags": CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW}
    if platform.system() == "Linux":
        library = ctypes.CDLL(None)
        return {
            "start_new_session": True,
            "preexec_fn": functools.partial(library.prctl, PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
        }
    return {"start_new_session": True}
