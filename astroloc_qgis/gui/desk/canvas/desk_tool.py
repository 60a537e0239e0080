"""The base of the desk's map tools: keys, undo and redo work at any time."""

from __future__ import annotations

from qgis.gui import QgsMapCanvas, QgsMapTool
from qgis.PyQt.QtCore import QEvent, QObject, Qt
from qgis.PyQt.QtGui import QKeyEvent, QKeySequence

from astroloc_qgis.gui.desk.current_photo import CurrentPhoto


class DeskTool(QgsMapTool):
    """A map tool that takes keys before the canvas, which pans with the arrows and ignores keys during a drag.

    Args:
        canvas: the map.
        current: the photo on the desk.
    """

    def __init__(self, canvas: QgsMapCanvas, current: CurrentPhoto) -> None:
        super().__init__(canvas)
        self._current = current

    def flags(self) -> QgsMapTool.Flag:
        """Mark it as an editing tool."""
        return QgsMapTool.Flag.EditTool

    def activate(self) -> None:
        """Start to take keys."""
        super().activate()
        self.canvas().installEventFilter(self)
        self.canvas().setFocus(Qt.FocusReason.OtherFocusReason)

    def deactivate(self) -> None:
        """Stop taking keys."""
        self.canvas().removeEventFilter(self)
        self.canvas().setToolTip("")
        super().deactivate()

    def key(self, event: QKeyEvent) -> bool:
        """Act on a key; returns whether the tool uses it."""
        raise NotImplementedError

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002 - Qt calls it with both
        """Take the keys that the tool uses."""
        if event.type() == QEvent.Type.ShortcutOverride and self._is_undo_or_redo(event):
            event.accept()  # else QGIS takes it as a shortcut for the edited layer
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        if event.matches(QKeySequence.StandardKey.Undo):
            self._current.undo()
        elif event.matches(QKeySequence.StandardKey.Redo) or _is_redo(event):
            self._current.redo()
        else:
            return self.key(event)
        return True

    def _is_undo_or_redo(self, event: QKeyEvent) -> bool:
        undo, redo = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo
        return bool(event.matches(undo) or event.matches(redo) or _is_redo(event))


def _is_redo(event: QKeyEvent) -> bool:
    """Whether it is Ctrl+Y, which is not the standard key on every system."""
    return bool(event.key() == Qt.Key.Key_Y and event.modifiers() == Qt.KeyboardModifier.ControlModifier)
