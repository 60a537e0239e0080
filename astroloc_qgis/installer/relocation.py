"""Moving and removing an environment."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer.causes import explained, explained_disk_errors
from astroloc_qgis.installer.disk import folder_size, free_bytes, gigabytes, rename
from astroloc_qgis.installer.journal import Journal
from astroloc_qgis.installer.lock import only_one
from astroloc_qgis.installer.path_lengths import check_path_lengths
from astroloc_qgis.installer.places import CACHE, ENVIRONMENT, OLD, TOOLS, UNFINISHED
from astroloc_qgis.installer.plan import RESERVE_BYTES
from astroloc_qgis.installer.steps import Report, share_of


def remove(root: Path) -> int:
    """Remove what an install made in a folder, and nothing else; returns the freed bytes."""
    with only_one(root):
        before = sum(folder_size(root / name) for name in (ENVIRONMENT, UNFINISHED, OLD, CACHE, TOOLS))
        for name in (ENVIRONMENT, UNFINISHED, OLD, CACHE, TOOLS):
            shutil.rmtree(root / name, ignore_errors=True)
    with contextlib.suppress(OSError):
        (root / "lock").unlink()
        root.rmdir()
    return before


def move(root: Path, target: Path, report: Report) -> Journal:
    """Move a proved environment to another folder; the old one is removed when the new one is complete.

    Raises:
        InputError: there is none, the target already holds one, or its disk is too small.
    """
    place = root / ENVIRONMENT
    journal = Journal.read(place)
    if not journal.proved:
        raise InputError(f"There is no finished engine in {root} to move: install or repair it first.")
    check_path_lengths(target)
    if (target / ENVIRONMENT).exists():
        raise InputError(f"The folder {target} already holds an engine: choose another one.")
    if free_bytes(target) < journal.size + RESERVE_BYTES:
        raise InputError(f"The engine needs {gigabytes(journal.size)} and {target} has not that much free.")
    with only_one(root), only_one(target), explained_disk_errors():
        part = target / UNFINISHED
        shutil.rmtree(part, ignore_errors=True)
        report("packages", 0.0, f"Copying to {target}")
        copied = 0

        def copy(source: str, destination: str) -> str:
            nonlocal copied
            report("packages", share_of(copied, journal.size or 1))
            copied += Path(source).stat().st_size
            return shutil.copy2(source, destination)

        try:
            shutil.copytree(place, part, symlinks=True, copy_function=copy)
        except shutil.Error as error:
            raise explained("copy the engine", str(error)) from error
        rename(part, target / ENVIRONMENT)
    remove(root)
    return journal
