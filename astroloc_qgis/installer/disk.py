"""Space on the disk, sizes of folders, and renaming a folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

RENAMES = 20
"""How often a rename is tried, a quarter of a second apart."""


def free_bytes(folder: Path) -> int:
    """Return the free space where ``folder`` is, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def folder_size(folder: Path) -> int:
    """Return the bytes of a folder's files, links not followed, files linked twice counted once; 0 without a folder."""
    total, seen = 0, set()
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(path, name))  # noqa: PTH118 - tens of thousands of files
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    total += status.st_size
    return total


def rename(source: Path, target: Path) -> None:
    """Rename a folder; on Windows another program may have a file of it open for a moment."""
    for _ in range(RENAMES):
        with contextlib.suppress(PermissionError):
            source.rename(target)
            return
        time.sleep(0.25)
    source.rename(target)


def gigabytes(size: float) -> str:
    """Return a size for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"
