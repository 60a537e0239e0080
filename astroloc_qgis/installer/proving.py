"""The proof that a new environment works: its own process, on a graphics processor first, then on the CPU alone."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.installer import child
from astroloc_qgis.installer.causes import cause_of, explained
from astroloc_qgis.installer.plan import PACKAGE

LAUNCHER = PACKAGE / "worker" / "launch.py"
ENDED = "the graphics processor ended the engine's proof (status {status}); after an update of its driver press Repair"


def proved_engine(python: Path, tick: Callable[[], None]) -> dict[str, Any]:
    """Run the proof of an environment (``worker.proof``).

    A driver may end the process instead of raising an error; the proof then runs once more, on the CPU alone.

    Args:
        python: the environment's Python.
        tick: called ten times a second; raises to stop.

    Returns:
        What the proof found.

    Raises:
        InputError: the engine does not work.
    """
    try:
        return _proof(python, tick)
    except child.ChildFailed as failure:
        with contextlib.suppress(child.ChildFailed, InputError):
            failed = {"device": "", "why": ENDED.format(status=failure.status)}
            return {**_proof(python, tick, "--device", "cpu"), "why": failed["why"], "failed": failed}
        raise explained("see the engine work", failure.output) from failure


def _proof(python: Path, tick: Callable[[], None], *options: str) -> dict[str, Any]:
    said: list[str] = []
    child.run([str(python), "-I", str(LAUNCHER), "--prove", *options], os.environ, said.append, tick)
    proof: dict[str, Any] = {}
    with contextlib.suppress(ValueError, IndexError):
        proof = json.loads(said[-1])
    if not proof.get("works"):
        text = "\n".join(said)
        raise InputError(cause_of(text) or "The engine was installed but does not work here: press Repair.", text)
    return proof
