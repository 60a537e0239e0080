"""The pieces that an index keeps for its updates, in the folder ``<index>.units`` beside it.

plan.json   the plan that they were made by
KEY.npz     what a unit left, by its key
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.index.building.pieces import PLAN, is_whole
from astroloc_qgis.engine.index.plan import Plan
from astroloc_qgis.engine.index.upkeep.removal import UNITS


@dataclass(frozen=True)
class KeptPiece:
    """A piece of an earlier build.

    Attributes:
        path: its file.
        seen: sha256 of the pictures that were described.
        same_imagery: whether they surely still look the same, since the imagery is the same unchanged file.
    """

    path: Path
    seen: str
    same_imagery: bool


class KeptPieces:
    """The pieces of an earlier build.

    Args:
        folder: of them.
        plan: of the build that may take them over.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder, self._plan = folder, plan

    def find(self, key: str) -> KeptPiece | None:
        """The piece of a unit, by its key; None where there is no whole one."""
        path = self._folder / piece_name(key)
        if not path.is_file() or not is_whole(path):
            return None
        with np.load(path, allow_pickle=False) as stored:
            seen = str(stored["seen"]) if "seen" in stored.files else ""
        return KeptPiece(path, seen, self._same_imagery)

    @cached_property
    def _same_imagery(self) -> bool:
        try:
            stored = json.loads((self._folder / PLAN).read_text(encoding="utf-8"))
            before = (str(stored["imagery"]), str(stored["imagery_stamp"]))
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return bool(self._plan.imagery_stamp) and before == (self._plan.imagery, self._plan.imagery_stamp)


def piece_name(key: str) -> str:
    """The file name of the piece of a unit."""
    return f"{key[:40]}.npz"


def units_folder(out: Path) -> Path:
    """The folder where the index in ``out`` keeps its pieces."""
    return out.with_name(out.name + UNITS)
