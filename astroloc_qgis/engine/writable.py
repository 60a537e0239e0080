"""Whether a file or folder can be made, found out before the work on what it will hold."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path


def check_can_be_made(path: Path) -> None:
    """Check that a file or folder, and the folders that it lacks, can be made; makes nothing.

    Args:
        path: absolute; may exist.

    Raises:
        OSError: a name is too long, a file is where a folder should be, or the folder is protected.
    """
    names, folder = [path.name], path.parent
    while not _is_there(folder):
        names.append(folder.name)
        folder = folder.parent
    for name in names:  # a name that is too long shows only in a folder that is there
        with contextlib.suppress(FileNotFoundError):
            (folder / name).stat()
    with tempfile.TemporaryFile(dir=folder):
        pass


def _is_there(folder: Path) -> bool:
    try:
        folder.stat()
    except OSError:
        return folder == folder.parent
    return True
