"""The photo on the desk: its entry in the list, the work on it, and its pixels once they are read."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.gui.model.history import PhotoDesk
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.qgis_adapters.desk_photo import Pyramid, PyramidTask


class CurrentPhoto(QObject):
    """Holds the photo on the desk for all parts of the desk.

    Args:
        parent: owns this.
    """

    changed = pyqtSignal()
    """The work on the photo has changed."""
    previewed = pyqtSignal()
    """The photo is being dragged."""
    loaded = pyqtSignal(object)
    """The photo was read (``Pyramid``)."""
    refused = pyqtSignal(str, str)
    """The photo cannot be read: a sentence, and details for a developer."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._item: PhotoItem | None = None
        self._pyramid: Pyramid | None = None
        self._task: PyramidTask | None = None

    @property
    def item(self) -> PhotoItem | None:
        """Its entry in the list; None while no photo is on the desk."""
        return self._item

    @property
    def desk(self) -> PhotoDesk | None:
        """The work on it, with undo and history."""
        return None if self._item is None else self._item.desk

    @property
    def work(self) -> Work | None:
        """The work on it as it is now."""
        return None if self._item is None else self._item.desk.work

    @property
    def pyramid(self) -> Pyramid | None:
        """Its pixels, once they are read."""
        return self._pyramid

    @property
    def is_loading(self) -> bool:
        """Whether its pixels are being read."""
        return self._task is not None

    @property
    def size(self) -> tuple[int, int] | None:
        """Its width and height in pixels, where they are known."""
        if self._pyramid is not None:
            return self._pyramid.size
        work = self.work
        return work.placement.size if work and work.placement else None

    def put(self, item: PhotoItem | None) -> None:
        """Put another photo on the desk, or none; its pixels are not read yet."""
        if self._item is not None:
            self._item.desk.changed.disconnect(self.changed)
            self._item.desk.previewed.disconnect(self.previewed)
        if self._task is not None:
            self._task.cancel()
        self._item, self._pyramid, self._task = item, None, None
        if item is not None:
            item.desk.changed.connect(self.changed)
            item.desk.previewed.connect(self.previewed)

    def load(self) -> None:
        """Read the pixels in the background; ``loaded`` or ``refused`` tells the end."""
        if self._item is None:
            return
        self._task = PyramidTask(self._item.path)
        self._task.loaded.connect(self._on_loaded)
        self._task.refused.connect(self._on_refused)
        QgsApplication.taskManager().addTask(self._task)

    def undo(self) -> None:
        """Take back the last change of the photo."""
        if self._item is not None:
            self._item.desk.stack.undo()

    def redo(self) -> None:
        """Do again what was taken back last."""
        if self._item is not None:
            self._item.desk.stack.redo()

    def _on_loaded(self, path: Path, pyramid: Pyramid) -> None:
        self._task = None
        if self._item is not None and self._item.path == path:
            self._pyramid = pyramid
            self.loaded.emit(pyramid)

    def _on_refused(self, path: Path, sentence: str, details: str) -> None:
        self._task = None
        if self._item is not None and self._item.path == path:
            self.refused.emit(sentence, details)
