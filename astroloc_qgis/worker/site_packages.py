"""The packages in a site-packages folder: their versions, and whether all of their files are there."""

from __future__ import annotations

import csv
import re
from pathlib import Path


def normalized(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(site: Path) -> dict[str, str]:
    """Return the version of every package by its normalized name, as the names of the files tell them."""
    return dict(_name_and_version(folder) for folder in site.glob("*.dist-info"))


def damaged(site: Path) -> set[str]:
    """Return the packages with files that are missing or have another size than when they were installed.

    Every package lists its files with their sizes (RECORD, PEP 376). Compiled files may come and go.
    """
    found = set()
    for folder in site.glob("*.dist-info"):
        name, _ = _name_and_version(folder)
        try:
            with (folder / "RECORD").open(encoding="utf-8", newline="") as record:
                if not all(_is_there(site, *row) for row in csv.reader(record) if row):
                    found.add(name)
        except (OSError, ValueError):
            found.add(name)
    return found


def _name_and_version(folder: Path) -> tuple[str, str]:
    name, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
    return normalized(name), version


def _is_there(site: Path, file: str, _hash: str = "", size: str = "", *_rest: str) -> bool:
    if file.endswith(".pyc") or file.startswith(".."):
        return True
    try:
        return not size or (site / file).stat().st_size == int(size)
    except OSError:
        return False
