"""Units of work: each is done once, by whichever process of whichever scheduler, and can be done again without harm.

A ``Work`` names a function that opens what all units need (an index, a model) and returns the function that does one;
names and JSON travel to the processes, never code. The photos of a batch are units, and so are the squares of blocks of
an index.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.engine.units.memory import peak_memory

Task = Mapping[str, Any]
"""What a unit is to do, as JSON knows it."""
DoUnit = Callable[[Task], Mapping[str, Any]]
"""Does the work of a unit; its result is what JSON knows."""
_DEFECT = "This is a defect of AstroLoc: "


@dataclass(frozen=True)
class Unit:
    """A piece of work that is done as a whole or not at all.

    Attributes:
        key: of ``key_of``: the same for the same work, another one for any other.
        task: what to do.
    """

    key: str
    task: Task


@dataclass(frozen=True)
class Work:
    """What the units of a batch have in common.

    Attributes:
        opener: "package.module:function"; it takes the settings and returns a ``DoUnit``.
        settings: as JSON knows them.
    """

    opener: str
    settings: Mapping[str, Any]

    def open(self) -> DoUnit:
        """Open what the units need, in the process that does them."""
        module, _, name = self.opener.partition(":")
        return getattr(importlib.import_module(module), name)(self.settings)


@dataclass(frozen=True)
class Done:
    """What became of a unit.

    Attributes:
        unit: the unit.
        result: of its work; None where that failed.
        failure: why it failed, in a sentence.
        details: for a developer.
        lost: whether the process that did it ended, again and again.
        worker: name of the process.
        seconds: that the work took.
        peak_memory: greatest memory of the process so far, bytes; 0 where the system does not tell.
    """

    unit: Unit
    result: Mapping[str, Any] | None
    failure: str = ""
    details: str = ""
    lost: bool = False
    worker: str = ""
    seconds: float = 0.0
    peak_memory: int = 0


class Scheduler(Protocol):
    """Runs units somewhere."""

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[Done]:
        """Do the work of every unit; closing the iterator ends it.

        Args:
            work: what they have in common.
            units: in the order in which they begin.

        Yields:
            Each unit once, in the order in which they end.

        Raises:
            AstroLocError: no unit can be done.
        """


def key_of(content: Mapping[str, Any]) -> str:
    """The sha256 of all that a unit's result depends on, as JSON knows it."""
    return hashlib.sha256(canonical(content)).hexdigest()


def canonical(content: Any) -> bytes:
    """The one form of a JSON value that has the same bytes for the same value."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def do_unit(do: DoUnit, task: Task) -> dict[str, Any]:
    """Do one unit.

    Returns:
        The fields of ``Done`` that the process knows, as JSON knows them.
    """
    started = time.perf_counter()
    told: dict[str, Any] = {"result": None}
    try:
        told["result"] = json.loads(canonical(do(task)))
    except AstroLocError as error:
        told |= {"failure": str(error), "details": error.details}
    except Exception as error:  # noqa: BLE001 - whatever a unit meets costs this unit, and no other
        told |= {"failure": defect(error), "details": traceback.format_exc()}
    return told | {"seconds": round(time.perf_counter() - started, 3), "peak_memory": peak_memory()}


def defect(error: BaseException) -> str:
    """The sentence for an unexpected error."""
    return f"{_DEFECT}{type(error).__name__}: {error}"


def is_defect(failure: str) -> bool:
    """Whether a failure is such a sentence."""
    return failure.startswith(_DEFECT)
