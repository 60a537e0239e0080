"""Locks for one process at a time, which the system releases when their holder dies."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from astroloc_qgis.engine.errors import InputError

BUSY = (
    "Another QGIS is installing AstroLoc's engine into {root}: wait until it is done, "
    "then the engine can be used here too."
)


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold the lock of a folder.

    Raises:
        InputError: another process holds it, or the folder cannot be written to.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = (root / "lock").open("ab")
    except OSError as error:
        raise InputError(f"The folder {root} cannot be written to: choose another one.", str(error)) from error
    with handle:
        try:
            _lock(handle)
        except OSError as error:
            raise InputError(BUSY.format(root=root), str(error)) from error
        yield


def hold(path: Path) -> BinaryIO | None:
    """Hold the lock of a file, which is made, until the handle is closed or this process ends.

    Returns:
        The handle; None where another process holds the lock.

    Raises:
        OSError: the file cannot be made, or its file system has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("ab")
    try:
        _lock(handle)
    except OSError as error:
        handle.close()
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return None
        raise
    return handle


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: BinaryIO) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: BinaryIO) -> None:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.set_inheritable(handle.fileno(), False)
