"""The paths in a store of work: relative to the project, as QGIS keeps those of its layers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from qgis.core import QgsPathResolver


class StoredPaths:
    """Turns paths into the texts that a store holds, and back.

    Args:
        resolver: of the project; by default paths stay absolute, as in the store of a project without a file.
    """

    def __init__(self, resolver: QgsPathResolver | None = None) -> None:
        self._resolver = resolver

    def write(self, path: Path | str) -> str:
        """The text for a path."""
        return str(path) if self._resolver is None else str(self._resolver.writePath(str(path)))

    def read(self, text: str) -> str:
        """The path that a text stands for; absolute ones, as older stores hold them, stay as they are."""
        return text if self._resolver is None else str(self._resolver.readPath(text))

    def write_work(self, work: str) -> str:
        """The work on a photo (``Work.to_json``), with texts for the paths of its files."""
        return _with_outputs(work, self.write)

    def read_work(self, work: str) -> str:
        """The work on a photo, with the paths of its files."""
        return _with_outputs(work, self.read)


def _with_outputs(work: str, change: Callable[[str], str]) -> str:
    try:
        plain = json.loads(work)
    except ValueError:
        return work
    if not isinstance(plain, dict) or not isinstance(outputs := plain.get("outputs"), dict) or not outputs:
        return work
    plain["outputs"] = {kind: change(path) if isinstance(path, str) else path for kind, path in outputs.items()}
    return json.dumps(plain)
