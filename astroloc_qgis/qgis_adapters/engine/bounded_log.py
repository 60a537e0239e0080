"""A log file that never grows beyond a bound: what a process wrote last is what matters after its death."""

from __future__ import annotations

import contextlib
from pathlib import Path

LIMIT = 256 * 1024
TAIL = 32 * 1024


class BoundedLog:
    """Keeps the end of what a process writes, in a file and, shorter, in memory.

    Args:
        path: of the file; the part before the last rotation is beside it, with ".old" added.
        limit: bytes of each of the two.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self._limit = limit
        self._tail = b""

    def write(self, data: bytes) -> None:
        """Append; a disk that is full or read-only is no reason to fail."""
        self._tail = (self._tail + data)[-TAIL:]
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size + len(data) > self._limit:
                self.path.replace(self.path.with_name(self.path.name + ".old"))
            with self.path.open("ab") as file:
                file.write(data[-self._limit :])

    def begin(self) -> None:
        """Forget what an earlier process wrote (the file keeps it)."""
        self._tail = b""

    @property
    def tail(self) -> str:
        """The end of what was written since ``begin``."""
        return self._tail.decode("utf-8", "replace").strip()
