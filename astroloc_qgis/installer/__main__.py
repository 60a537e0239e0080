"""The installer's process (``python -I …/worker/launch.py --installer``); it speaks the engine's protocol."""

from __future__ import annotations

import dataclasses
import logging
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astroloc_qgis
from astroloc_qgis.installer import child, places, plan, relocation
from astroloc_qgis.installer.plan import Plan
from astroloc_qgis.installer.steps import Install, Report
from astroloc_qgis.worker.lifeline import die_with_parent
from astroloc_qgis.worker.parameters import read
from astroloc_qgis.worker.pipes import claim_standard_pipes
from astroloc_qgis.worker.protocol import PROTOCOL_VERSION, Hello
from astroloc_qgis.worker.server import Server


@dataclass(frozen=True, kw_only=True)
class Remove:
    """The parameters of "remove"."""

    root: Path


@dataclass(frozen=True, kw_only=True)
class Move:
    """The parameters of "move"."""

    root: Path
    target: Path


def describe(params: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Return what an install would do."""
    report("check", 0.0)
    return plan.describe(Plan.of(params))


def install(params: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Install, or continue an interrupted install; with ``repair``, repair the environment that is there."""
    chosen = Plan.of(params)
    install = Install(chosen, report, repair=chosen.repair)
    journal = install.run()
    place = install.plan.root / places.ENVIRONMENT
    return {"python": str(places.python_of(place)), **dataclasses.asdict(journal)}


def remove(params: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Remove the environment."""
    report("check", 0.0)
    return {"freed_bytes": relocation.remove(read(Remove, params).root)}


def move(params: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Move the environment."""
    request = read(Move, params)
    journal = relocation.move(request.root, request.target, report)
    return {"python": str(places.python_of(request.target / places.ENVIRONMENT)), **dataclasses.asdict(journal)}


def end(status: int) -> None:
    """End at once, and every program that was started too."""
    child.kill_all()
    os._exit(status)


def main() -> None:
    """Serve requests until stdin closes or a ``shutdown`` comes."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    die_with_parent()
    source, sink = claim_standard_pipes()
    handlers = {"describe": describe, "install": install, "remove": remove, "move": move}
    versions = {"astroloc_qgis": astroloc_qgis.__version__, "python": platform.python_version()}
    Server(handlers, source, sink, hard_exit=end).serve(Hello(PROTOCOL_VERSION, versions, ()))


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    end(0)
