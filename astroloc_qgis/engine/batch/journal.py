"""The journal of a batch: a line for each unit that is done, checksummed, so that a kill costs no more than a unit.

A line is JSON: ``key``, ``record``, and ``sha256`` of the two. What was half written when the process was killed has no
right checksum, and its unit is done again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.units.units import canonical

NAME = "journal.jsonl"
LOCK = "journal.lock"


class Journal:
    """The journal in a folder, which no other process may write to meanwhile; use it as a context.

    Only the places of the records are kept in memory.

    Args:
        folder: of the batch; made where it does not exist.

    Attributes:
        path: of the file.
        damaged: lines that are not whole.
    """

    def __init__(self, folder: Path) -> None:
        self.path, self.damaged = folder / NAME, 0
        self._places: dict[str, int] = {}
        self._folder = folder
        self._file: BinaryIO | None = None

    def __enter__(self) -> Journal:
        """Lock and read it.

        Raises:
            InputError: another process has it, or it cannot be written.
        """
        from filelock import FileLock, Timeout

        self._lock = FileLock(self._folder / LOCK, timeout=0)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._file = self.path.open("a+b")
            self._read()
        except Timeout as error:
            raise InputError(
                f"Another batch is writing into {self._folder}: wait for its end, or choose another folder."
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._lock.release()

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def record(self, key: str) -> dict[str, Any]:
        """What was written of a unit.

        Raises:
            KeyError: nothing was.
        """
        file = self._opened()
        file.seek(self._places[key])
        found = _parsed(file.readline())
        if found is None:
            raise InputError(f"The journal {self.path} was changed while the batch ran: run it again.")
        return found[1]

    def write(self, key: str, record: Mapping[str, Any]) -> None:
        """Write what became of a unit, once it is on the disk.

        Raises:
            InputError: the disk is full, or the file protected.
        """
        body = canonical([key, record])
        line = {"key": key, "record": record, "sha256": hashlib.sha256(body).hexdigest()}
        file = self._opened()
        place = file.seek(0, os.SEEK_END)
        try:
            file.write(canonical(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error
        self._places[key] = place

    def _read(self) -> None:
        """Find the whole lines, and end one that is not."""
        file = self._opened()
        file.seek(0)
        place, line = 0, b""
        for line in file:
            found = _parsed(line)
            if found is not None and line.endswith(b"\n"):
                self._places[found[0]] = place
            else:
                self.damaged += 1
            place += len(line)
        if line and not line.endswith(b"\n"):
            file.write(b"\n")
            file.flush()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("the journal is closed")
        return self._file

    def _unwritable(self, error: OSError) -> InputError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "its disk is full: free some space" if full else f"{error.strerror}: choose another folder"
        return InputError(f"The journal {self.path} cannot be written, {what}.", repr(error))


def _parsed(line: bytes) -> tuple[str, dict[str, Any]] | None:
    """The key and the record of a line; None where it is not whole."""
    try:
        said = json.loads(line)
        key, record = said["key"], said["record"]
        right = said["sha256"] == hashlib.sha256(canonical([key, record])).hexdigest()
    except (ValueError, KeyError, TypeError):
        return None
    return (key, record) if right and isinstance(key, str) and isinstance(record, dict) else None
