"""Keeps the photos and the work on them with the project: loads them when it is opened, moves them when it is saved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QModelIndex, QObject, QTimer, pyqtSignal

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.gui.model.photo_list import PhotoItem, PhotoModel
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.qgis_adapters.desk_layers import show_rasters
from astroloc_qgis.qgis_adapters.desk_store import SUFFIX, DeskStore
from astroloc_qgis.qgis_adapters.layers import add_photo_layers, photo_layers
from astroloc_qgis.qgis_adapters.log import log_line
from astroloc_qgis.qgis_adapters.map_view import show_layers_now
from astroloc_qgis.qgis_adapters.text import tr

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


def store_path(project: QgsProject) -> Path:
    """The file with the work on a project's photos: beside the project, or in the profile while it is not saved."""
    name = project.absoluteFilePath()
    if name:
        path = Path(name)
        return path.with_name(path.stem + SUFFIX)
    return Path(QgsApplication.qgisSettingsDirPath()) / "astroloc" / f"unsaved{SUFFIX}"


class ProjectStore(QObject):
    """Keeps every photo of the list in the store of the open project.

    Args:
        iface: QGIS's interface for plugins.
        photos: the list of photos.
        parent: owns this.
    """

    restored = pyqtSignal()
    """The photos of another project are on the list."""
    failed = pyqtSignal(str, str)
    """The store cannot be read or written: a sentence, and details for a developer."""

    def __init__(self, iface: QgisInterface, photos: PhotoModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self._model = photos
        self._restoring = False
        self.store = DeskStore(store_path(QgsProject.instance()))
        self._model.rowsInserted.connect(self._on_added)
        self._model.rowsAboutToBeRemoved.connect(self._on_removed)
        project = QgsProject.instance()
        project.readProject.connect(self.follow)
        project.cleared.connect(self._on_cleared)
        project.projectSaved.connect(self._on_saved)
        QTimer.singleShot(0, self.restore)

    def stop(self) -> None:
        """Disconnect from the project and close the store."""
        project = QgsProject.instance()
        for signal, slot in (
            (project.readProject, self.follow),
            (project.cleared, self._on_cleared),
            (project.projectSaved, self._on_saved),
        ):
            with contextlib.suppress(TypeError):
                signal.disconnect(slot)
        self.store.close()

    def _on_cleared(self) -> None:
        """The project was emptied: for a new one, or for another that is read next (``readProject`` follows then)."""
        QTimer.singleShot(0, self._follow_if_new)

    def _follow_if_new(self) -> None:
        if not sip.isdeleted(self) and not QgsProject.instance().fileName():
            self.follow()

    def follow(self, *_arguments: object) -> None:
        """Another project is open: show its photos."""
        path = store_path(QgsProject.instance())
        if path == self.store.path:
            return
        self.store.close()
        self.store = DeskStore(path)
        self._model.clear()
        self.restore()

    def restore(self) -> None:
        """Show the photos that are kept, as they were, with their layers."""
        if self._model.items:
            return
        try:
            kept = self.store.load()
        except AstroLocError as error:
            self.failed.emit(str(error), error.details)
            return
        items = []
        for one in kept:
            try:
                work = Work.from_json(one.work)
            except (ValueError, KeyError, TypeError) as error:
                log_line(f"The work on {one.path} cannot be read: {error!r}")
                work = Work(note=tr("its work could not be read"))
            items.append(PhotoItem(one.path, work))
        self._restoring = True
        try:
            self._model.append(items)
        finally:
            self._restoring = False
        for item in items:
            self._restore_layers(item)
            if not item.desk.work.stale:  # the project may have been saved while the desk had hidden them
                show_rasters(item.path, True)
        self.restored.emit()

    def _restore_layers(self, item: PhotoItem) -> None:
        """Put the files of a photo back on the map where the project lost them (QGIS ended before it was saved)."""
        work, project = item.desk.work, QgsProject.instance()
        raster = Path(str(work.outputs.get("geotiff", "")))
        if work.placement is None or not raster.is_file() or photo_layers(item.path, project):
            return
        try:
            add_photo_layers({"outputs": work.outputs}, item.path, project)
            show_layers_now(self._iface)
        except AstroLocError as error:
            log_line(f"{error}\n{error.details}")

    def _on_added(self, _parent: QModelIndex, first: int, last: int) -> None:
        for item in self._model.items[first : last + 1]:
            if self._restoring:
                item.desk.follow(self.store)
            else:
                self._try(partial(item.desk.keep_in, self.store, tr("Added")))

    def _on_removed(self, _parent: QModelIndex, first: int, last: int) -> None:
        for item in self._model.items[first : last + 1]:
            self._try(item.desk.forget)

    def _on_saved(self) -> None:
        """The project was saved: the work moves to a file beside it."""
        project = QgsProject.instance()
        path = store_path(project)
        if path == self.store.path:
            return
        unsaved = self.store.path.name == f"unsaved{SUFFIX}"
        self._try(partial(self.store.move_to, path, keep=not unsaved))

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except AstroLocError as error:
            self.failed.emit(str(error), error.details)
