"""Pictures of a photo's candidates: drawn by the engine, kept on the disk, shown by dock and desk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QObject, QStandardPaths, pyqtSignal

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.gui.model.work import Candidate
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.text import tr

MOST = 12
"""The number of candidates of a photo that get pictures."""


class CandidatePictures(QObject):
    """Has each picture drawn once.

    Args:
        session: has the queue of jobs and the imagery.
        parent: owns this.

    Attributes:
        files: the pictures there are, by block; all of the same imagery.
    """

    drawn = pyqtSignal()
    """There are more pictures."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._folder: Path | None = None
        self._asked: set[str] = set()
        self.files: dict[str, Path] = {}

    def ask(self, candidates: Sequence[Candidate]) -> None:
        """Have the pictures drawn that are missing, if the engine has nothing else to do."""
        if not candidates:
            return
        try:
            imagery = self._session.imagery()
        except AstroLocError:
            return
        self._use_folder(imagery)
        blocks = [one.block for one in candidates[:MOST] if one.block not in self.files]
        found = {block: file for block in blocks if (file := self._file(block)).is_file()}
        if found:
            self._add(found)
        wanted = [block for block in blocks if block not in found and block not in self._asked]
        if not wanted or self._session.busy:
            return
        self._asked |= set(wanted)
        params = {"imagery": imagery, "blocks": wanted, "folder": str(self._folder)}

        def done(result: Mapping[str, Any]) -> None:
            self._add({block: Path(path) for block, path in result["pictures"].items()})

        job = Job(tr("Pictures of the candidates"), "candidate_pictures", params, done, lambda _failure: None)
        self._session.run([job])

    def _use_folder(self, imagery: str) -> None:
        """Forget the pictures of other imagery."""
        cache = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation))
        folder = cache / "astroloc_qgis" / "candidates" / hashlib.sha256(imagery.encode()).hexdigest()[:16]
        if folder != self._folder:
            self._folder = folder
            self._asked.clear()
            self.files.clear()

    def _file(self, block: str) -> Path:
        """Where the engine writes the picture of a block."""
        return (self._folder or Path()) / f"{block.replace('/', '_')}.jpg"

    def _add(self, files: Mapping[str, Path]) -> None:
        self.files |= files
        self.drawn.emit()
