"""A lock for one install at a time, which the system releases when its holder dies."""

from __future__ import annotations

import contextlib
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
