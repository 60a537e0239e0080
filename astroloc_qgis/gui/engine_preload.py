"""Has the engine start and load its models while the user still chooses, so that the first photo begins at once."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QObject, QTimer
from qgis.PyQt.QtWidgets import QWidget

from astroloc_qgis.gui.session import Session
from astroloc_qgis.gui.setup.engine_setup import EngineSetup

PAUSE_MS = 400
"""The time from the last photo added to the engine's start: the list and its thumbnails come first."""


class EnginePreload(QObject):
    """Starts the engine when photos are added or selected while the dock is shown.

    Photos that come back with a project start nothing: nobody has asked for work on them yet.

    Args:
        session: has photos, choices and engine.
        setup: while it installs or removes the engine, nothing is started.
        dock: the dock; owns this.
    """

    def __init__(self, session: Session, setup: EngineSetup, dock: QWidget) -> None:
        super().__init__(dock)
        self._session, self._setup, self._dock = session, setup, dock
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._preload)
        session.photos.rowsInserted.connect(lambda *_rows: self._timer.start())
        session.project_store.restored.connect(self._timer.stop)
        session.selection_changed.connect(self._on_selection)

    def _on_selection(self) -> None:
        if self._session.selected:
            self._timer.start()

    def _preload(self) -> None:
        session = self._session
        if session.settings.preload != "yes" or session.busy or self._setup.busy:
            return
        if not self._dock.isVisible() or not session.photos.items:
            return
        params: dict[str, Any] = {"matcher": session.settings.matcher}
        if not session.index.problem and not session.index.is_service:
            params["index"] = str(session.index.path)
        session.engine.preload(params)
