"""The work on one photo, with its history, undo and redo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.gui.model.placement import Placement, wrapped
from astroloc_qgis.gui.model.work import PASSING, PhotoState, Work
from astroloc_qgis.qgis_adapters.desk_store import DeskStore, Entry
from astroloc_qgis.qgis_adapters.text import tr

try:  # Qt 6 has moved both, and QGIS 4 does not bring them back
    from qgis.PyQt.QtGui import QUndoCommand, QUndoStack
except ImportError:
    from qgis.PyQt.QtWidgets import QUndoCommand, QUndoStack


class PhotoDesk(QObject):
    """Holds the work on one photo; every change goes through ``change`` and is kept before it returns.

    Args:
        path: of the photo.
        store: where the work is kept; None keeps nothing (until ``keep_in``).
        work: as it was kept, if it was.
    """

    changed = pyqtSignal()
    """The work has changed."""
    previewed = pyqtSignal()
    """The photo is being dragged: ``placement`` is where it would lie."""

    def __init__(self, path: Path, store: DeskStore | None = None, work: Work | None = None) -> None:
        super().__init__()
        self.path = path
        self.work = work or Work()
        self.stack = QUndoStack(self)
        self._store = store
        self._preview: Placement | None = None

    @property
    def placement(self) -> Placement | None:
        """The placement, or the previewed one while the photo is dragged."""
        return self._preview or self.work.placement

    @property
    def previewing(self) -> bool:
        """Whether the photo is being dragged."""
        return self._preview is not None

    def preview(self, placement: Placement | None) -> None:
        """Show the photo elsewhere, for as long as it is dragged; None shows it where it is."""
        self._preview = placement
        self.previewed.emit()

    def change(self, work: Work, what: str, merge_as: int = -1) -> None:
        """Replace the work by another, as a step that can be undone.

        Args:
            work: the new one.
            what: was done, in the user's words.
            merge_as: changes in a row that have the same number (not -1) are undone together.
        """
        self._preview = None
        if work != self.work:
            self.stack.push(_Change(self, work, what, merge_as))

    def note(self, what: str = "", **fields: Any) -> None:
        """Replace fields that are not decisions of the analyst (files written); this is no step to undo."""
        self._set(replace(self.work, **fields), what)

    def history(self) -> list[Entry]:
        """What was done to the photo, oldest first."""
        return self._store.history(self.path) if self._store else []

    def keep_in(self, store: DeskStore | None, what: str = "") -> None:
        """Keep the work in a store, now and from now on."""
        self._store = store
        self._keep(what)

    def follow(self, store: DeskStore) -> None:
        """Keep the work in the store that it came from."""
        self._store = store

    def forget(self) -> None:
        """Take the photo out of the store."""
        if self._store is not None:
            self._store.remove(self.path)
        self._store = None

    def _restore(self, work: Work, what: str) -> None:
        """Go back to an earlier work, but keep the files that exist now."""
        self._set(replace(work, outputs=self.work.outputs, written=self.work.written), what)

    def _set(self, work: Work, what: str) -> None:
        self.work = work if work.state not in PASSING else replace(work, state=PhotoState.NEW)
        self._preview = None
        self._keep(what)
        self.changed.emit()

    def _keep(self, what: str) -> None:
        if self._store is None:
            return
        footprint = None if self.work.placement is None else self.work.placement.footprint()
        ring = wrapped(footprint) if footprint is not None and np.isfinite(footprint).all() else None
        confidence = self.work.facts.get("confidence")
        self._store.save(
            self.path,
            self.work.to_json(),
            state=self.work.state.value,
            confidence=confidence,
            footprint=ring,
            what=what,
        )


class _Change(QUndoCommand):
    """A step from one work to another, which can be undone."""

    def __init__(self, desk: PhotoDesk, after: Work, what: str, merge_as: int) -> None:
        super().__init__(what)
        self._desk, self._before, self._after, self._what, self._id = desk, desk.work, after, what, merge_as
        self._done = False

    def id(self) -> int:
        """Return the number that marks changes to merge with this one."""
        return self._id

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Merge with a later change of the same kind."""
        if not isinstance(other, _Change):
            return False
        self._after = other._after
        return True

    def redo(self) -> None:
        """Make the change, or make it again."""
        if self._done:
            self._desk._restore(self._after, tr("Redo: {what}").format(what=self._what))
        else:
            self._done = True
            self._desk._set(self._after, self._what)

    def undo(self) -> None:
        """Undo the change."""
        self._desk._restore(self._before, tr("Undo: {what}").format(what=self._what))
