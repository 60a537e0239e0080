"""A log file of limited size, which keeps the last lines of a process."""

from __future__ import annotations

import contextlib
from pathlib import Path

LIMIT = 256 * 1024
"""Bytes of the file, and of the one before it."""
TAIL = 32 * 1024
"""Bytes that are kept in memory."""


class BoundedLog:
    """Keeps the end of a process's output in a file and, shorter, in memory.

    Args:
        path: the file; the part before the last rotation is beside it, with ".old" added.
        limit: the largest size of each of the two, bytes.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self._limit = limit
        self._tail = b""

    def write(self, data: bytes) -> None:
        """Append; errors of the disk are ignored."""
        self._tail = (self._tail + data)[-TAIL:]
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size + len(data) > self._limit:
                self.path.replace(self.path.with_name(self.path.name + ".old"))
            with self.path.open("ab") as file:
                file.write(data[-self._limit :])

    def begin(self) -> None:
        """Clear the memory of an earlier process; the file keeps its output."""
        self._tail = b""

    @property
    def tail(self) -> str:
        """The end of the output since ``begin``."""
        return self._tail.decode("utf-8", "replace").strip()
