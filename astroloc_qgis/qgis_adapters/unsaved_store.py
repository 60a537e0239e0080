"""The store of a project that has no file yet: one for each running QGIS, found again after a crash.

A QGIS holds the lock of its store for as long as it runs; the system releases it when the process ends in whatever way.
The next QGIS that starts takes over every store whose lock nobody holds.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.installer.lock import hold
from astroloc_qgis.qgis_adapters.desk_store import SUFFIX, DeskStore
from astroloc_qgis.qgis_adapters.log import log_line

NAME = "unsaved"


@dataclass(frozen=True)
class UnsavedStore:
    """A store that is this process's alone.

    Attributes:
        path: of the GeoPackage.
        lock: held until ``release``; None where the file system has no locks.
    """

    path: Path
    lock: BinaryIO | None

    def release(self) -> None:
        """Leave the store to the next QGIS."""
        if self.lock is not None:
            self.lock.close()


def claim(folder: Path) -> UnsavedStore:
    """Take the first store of a folder that no running QGIS holds, with the photos of all others that none holds."""
    for number in itertools.count(1):
        path = folder / (f"{NAME}{SUFFIX}" if number == 1 else f"{NAME}-{number}{SUFFIX}")
        try:
            lock = hold(_lock_path(path))
        except OSError as error:
            log_line(f"The store {path} cannot be locked: {error!r}")
            return UnsavedStore(folder / f"{NAME}{SUFFIX}", None)
        if lock is not None:
            _take_over_others(path)
            return UnsavedStore(path, lock)
    raise AssertionError("there are numbers enough")


def _take_over_others(mine: Path) -> None:
    store = DeskStore(mine)
    for other in sorted(mine.parent.glob(f"{NAME}*{SUFFIX}")):
        if other == mine:
            continue
        try:
            lock = hold(_lock_path(other))
        except OSError as error:
            log_line(f"The store {other} cannot be locked: {error!r}")
            continue
        if lock is None:
            continue
        with lock, contextlib.suppress(OSError):
            try:
                store.take_over(other)
            except AstroLocError as error:
                log_line(f"{error}\n{error.details}")
            else:
                other.unlink()
    store.close()


def _lock_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
