"""Windows's limit on the length of a path, which the files of torch come near to; checked before anything is installed.

Windows refuses paths of 260 characters and more, unless its administrator has switched long paths on
(https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer.places import CACHE, UNFINISHED

LONGEST_PATH = 259
LONGEST_FILE = 175
"""Of a file in site-packages: a licence that comes with torch."""
WITH_PIP = len(f"/{UNFINISHED}/Lib/site-packages/") + LONGEST_FILE
WITH_UV = len(f"/{CACHE}/uv/archive-v0/{'-' * 21}/") + LONGEST_FILE
"""uv unpacks every package into its cache first."""


def check_path_lengths(root: Path, *, limited: bool | None = None) -> None:
    """Check that the files of an environment fit below a folder.

    Args:
        root: the folder for everything.
        limited: whether paths are limited; by default as this system says.

    Raises:
        InputError: the folder's own path is too long.
    """
    length = len(str(root.absolute()))
    if (paths_are_limited() if limited is None else limited) and length + WITH_PIP > LONGEST_PATH:
        raise InputError(
            f"The folder {root} is {length} characters long and Windows leaves room for {LONGEST_PATH - WITH_PIP}: "
            "choose a shorter one for the engine, such as C:\\AstroLoc, or let an administrator switch long paths on."
        )


def uv_fits(root: Path, *, limited: bool | None = None) -> bool:
    """Whether uv's cache fits below a folder too; where it does not, pip installs."""
    if not (paths_are_limited() if limited is None else limited):
        return True
    return len(str(root.absolute())) + WITH_UV <= LONGEST_PATH


def paths_are_limited() -> bool:
    """Whether this system limits paths to 259 characters."""
    return os.name == "nt" and not _long_paths_enabled()


if sys.platform == "win32":
    import winreg

    def _long_paths_enabled() -> bool:
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:
                return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
        except OSError:
            return False

else:

    def _long_paths_enabled() -> bool:
        return True
