"""Pinned requirements with hashes: reading them, writing them, and which of them an environment lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from astroloc_qgis.installer import markers
from astroloc_qgis.worker.site_packages import damaged, installed, normalized


@dataclass(frozen=True)
class Requirement:
    """One package of a requirements file.

    Attributes:
        name: its name, normalized (PEP 503).
        version: the pinned version.
        text: its line, or lines, hashes included.
    """

    name: str
    version: str
    text: str


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


def missing(requirements: Iterable[Requirement], site: Path) -> list[Requirement]:
    """Return the requirements that are not installed in a site-packages folder, or not whole."""
    there, broken = installed(site), damaged(site)
    return [
        wanted
        for wanted in requirements
        if not _is_version(there.get(wanted.name, ""), wanted) or wanted.name in broken
    ]


def _is_version(version: str, wanted: Requirement) -> bool:
    """Whether a version is the one that is wanted; without a hash any build of it is ("2.13.0+cpu" for "2.13.0")."""
    return wanted.version == (version if "--hash" in wanted.text else version.partition("+")[0])
