"""Hashed requirements as data, and whether what is installed is still what was installed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.installer import markers


@dataclass(frozen=True)
class Requirement:
    """One package of a requirements file.

    Attributes:
        name: of the package, normalized (PEP 503).
        version: pinned.
        text: its line, or lines, hashes included.
    """

    name: str
    version: str
    text: str


def normalized(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(path: Path) -> list[Requirement]:
    """Read what a requirements file asks for on this machine: pinned packages, each with its hashes."""
    text = re.sub(r"\\\n\s*", " ", path.read_text(encoding="utf-8"))
    found = re.finditer(r"^\s*([A-Za-z0-9._-]+)==([^\s;]+).*$", text, re.MULTILINE)
    return [
        Requirement(normalized(match[1]), match[2], match[0].strip())
        for match in found
        if markers.holds(match[0].partition(" --hash")[0].partition(";")[2])
    ]


def write_requirements(path: Path, requirements: Iterable[Requirement]) -> Path:
    """Write requirements for pip or uv."""
    path.write_text("".join(f"{requirement.text}\n" for requirement in requirements), encoding="utf-8")
    return path


def installed(site: Path) -> dict[str, str]:
    """Return the version of every package in a site-packages folder by normalized name, by the names of the files."""
    found = {}
    for folder in site.glob("*.dist-info"):
        name, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
        found[normalized(name)] = version
    return found


def damaged(site: Path) -> set[str]:
    """Return the packages of which files are missing or of another size than when they were installed.

    Every package lists its files with their sizes (RECORD, PEP 376); compiled files may come and go.
    """
    found = set()
    for folder in site.glob("*.dist-info"):
        name = normalized(folder.name.removesuffix(".dist-info").rpartition("-")[0])
        try:
            with (folder / "RECORD").open(encoding="utf-8", newline="") as record:
                if not all(_is_there(site, *row) for row in csv.reader(record) if row):
                    found.add(name)
        except (OSError, ValueError):
            found.add(name)
    return found


def _is_there(site: Path, file: str, _hash: str = "", size: str = "", *_rest: str) -> bool:
    if file.endswith(".pyc") or file.startswith(".."):
        return True
    try:
        return not size or (site / file).stat().st_size == int(size)
    except OSError:
        return False


def missing(requirements: Iterable[Requirement], site: Path) -> list[Requirement]:
    """Return the requirements that are not installed, or not whole."""
    there, broken = installed(site), damaged(site)
    return [
        wanted
        for wanted in requirements
        if there.get(wanted.name, "").partition("+")[0] != wanted.version or wanted.name in broken
    ]
