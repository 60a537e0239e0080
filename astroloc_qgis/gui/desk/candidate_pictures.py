"""Has the engine draw pictures of a photo's candidates, and shows them in their panel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QObject, QStandardPaths

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.gui.desk.panels.candidate_panel import CandidatePanel
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.engine.jobs import Job
from astroloc_qgis.qgis_adapters.text import tr


class CandidatePictures(QObject):
    """Asks for each picture once.

    Args:
        session: has the queue of jobs and the imagery.
        panel: shows the pictures.
    """

    def __init__(self, session: Session, panel: CandidatePanel) -> None:
        super().__init__(panel)
        self._session, self._panel = session, panel
        self._asked: set[str] = set()

    def ask(self) -> None:
        """Have the pictures drawn that are missing, if the engine has nothing else to do."""
        wanted = [block for block in self._panel.without_picture() if block not in self._asked]
        if not wanted or self._session.busy:
            return
        try:
            imagery = self._session.imagery()
        except AstroLocError:
            return
        self._asked |= set(wanted)
        cache = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation))
        folder = cache / "astroloc_qgis" / "candidates" / hashlib.sha256(imagery.encode()).hexdigest()[:16]
        params = {"imagery": imagery, "blocks": wanted, "folder": str(folder)}

        def done(result: Mapping[str, Any]) -> None:
            self._panel.add_pictures(result["pictures"])

        job = Job(tr("Pictures of the candidates"), "candidate_pictures", params, done, lambda _failure: None)
        self._session.run([job])
