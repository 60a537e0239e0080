"""Deleting an index, or what a build that was stopped left of one: its own files and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.format import FILES, INFO, SHARDS

PARTIAL = ".partial"
UNITS = ".units"
"""How the folder beside an index ends that has what its updates need (``building.kept_pieces``)."""
PLAN = "plan.json"
_OWN = re.compile("|".join(map(re.escape, (*FILES, PLAN))) + r"|piece-\d+\.npz")
_SHARD = re.compile(r"shard-\d{6}")
_KEPT = re.compile(re.escape(PLAN) + r"|[0-9a-f]{40}\.npz")
_SCRAPS = re.compile(r"(piece-\d+(\.[0-9a-f]{12})?|vocabulary|plan|vectors)\.tmp")


def is_index(folder: Path) -> bool:
    """Whether a folder is an index, or an unfinished one (``NAME.partial`` with a plan)."""
    return (folder / INFO).is_file() or (folder.name.endswith(PARTIAL) and (folder / PLAN).is_file())


def remove_index(folder: Path) -> None:
    """Delete the files of an index or of an unfinished one, and the folder, if nothing else is in it.

    Links are not followed: a folder that is one is refused, and of a file that is one the link goes.

    Raises:
        InputError: the folder is a link, or no index; it has other files, which stay; or a file cannot be deleted.
    """
    if folder.is_symlink():
        raise InputError(f"The folder {folder} is a link to another one: delete the link yourself.")
    if not folder.is_dir() or not is_index(folder):
        raise InputError(f"The folder {folder} is not an index, so nothing in it is deleted.")
    if (folder / SHARDS).is_file():
        for shard in sorted(path for path in folder.iterdir() if _SHARD.fullmatch(path.name)):
            if is_index(shard):
                remove_index(shard)
    names = sorted(path.name for path in folder.iterdir())
    own = [name for name in names if _OWN.fullmatch(name) or _SCRAPS.fullmatch(name)]
    try:
        for name in sorted(own, key=lambda name: name in (INFO, PLAN)):  # what tells that it is an index goes last
            (folder / name).unlink()
        _remove_kept(folder.with_name(folder.name + UNITS))
        others = [name for name in names if name not in own]
        if not others:
            folder.rmdir()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"The index {folder} cannot be deleted: {reason}.", details=repr(error)) from error
    if others:
        raise InputError(
            f"The index in {folder} is deleted, but the folder has {len(others)} other files, such as {others[0]}: "
            "they stay."
        )


def _remove_kept(folder: Path) -> None:
    """Delete what an index kept for its updates."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in folder.iterdir():
        if _KEPT.fullmatch(path.name):
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
