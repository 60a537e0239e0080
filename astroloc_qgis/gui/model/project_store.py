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
from astroloc_qgis.qgis_adapters.desk_paths import StoredPaths
from astroloc_qgis.qgis_adapters.desk_store import SUFFIX, DeskStore
from astroloc_qgis.qgis_adapters.layers import photo_layers, read_photo_paths, write_photo_paths
from astroloc_qgis.qgis_adapters.log import log_line
from astroloc_qgis.qgis_adapters.map_view import add_photo_to_map
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.qgis_adapters.unsaved_store import UnsavedStore, claim

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


def store_path(project: QgsProject) -> Path | None:
    """The file with the work on a project's photos, beside the project; None while the project has no file."""
    name = project.absoluteFilePath()
    return Path(name).with_name(Path(name).stem + SUFFIX) if name else None


def unsaved_folder() -> Path:
    """The folder of the profile with the work on photos of projects that have no file."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "astroloc"


def _paths(project: QgsProject) -> StoredPaths:
    return StoredPaths(project.pathResolver())


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
        self._unsaved: UnsavedStore | None = None
        self.store = self._store()
        self._model.rowsInserted.connect(self._on_added)
        self._model.rowsAboutToBeRemoved.connect(self._on_removed)
        project = QgsProject.instance()
        project.readProject.connect(self.follow)
        project.cleared.connect(self._on_cleared)
        project.writeProject.connect(self._on_writing)
        project.projectSaved.connect(self._on_saved)
        QTimer.singleShot(0, self.restore)

    def stop(self) -> None:
        """Disconnect from the project and close the store."""
        project = QgsProject.instance()
        for signal, slot in (
            (project.readProject, self.follow),
            (project.cleared, self._on_cleared),
            (project.writeProject, self._on_writing),
            (project.projectSaved, self._on_saved),
        ):
            with contextlib.suppress(TypeError):
                signal.disconnect(slot)
        self.store.close()
        if self._unsaved is not None:
            self._unsaved.release()

    def _store(self) -> DeskStore:
        """The store of the open project."""
        project = QgsProject.instance()
        path = store_path(project)
        return DeskStore(self._unsaved_path(), None) if path is None else DeskStore(path, _paths(project))

    def _unsaved_path(self) -> Path:
        """The store of this QGIS for projects without a file, claimed when it is first needed."""
        if self._unsaved is None:
            self._unsaved = claim(unsaved_folder())
        return self._unsaved.path

    def _on_cleared(self) -> None:
        """The project was emptied: for a new one, or for another that is read next (``readProject`` follows then)."""
        QTimer.singleShot(0, self._follow_if_new)

    def _follow_if_new(self) -> None:
        if not sip.isdeleted(self) and not QgsProject.instance().fileName():
            self.follow()

    def follow(self, *_arguments: object) -> None:
        """Another project is open: show its photos."""
        read_photo_paths(QgsProject.instance())
        store = self._store()
        if store.path == self.store.path:
            return
        self.store.close()
        self.store = store
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
            add_photo_to_map(self._iface, {"outputs": work.outputs}, item.path, project)
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

    def _on_writing(self, *_arguments: object) -> None:
        """The project is about to be written."""
        write_photo_paths(QgsProject.instance())

    def _on_saved(self) -> None:
        """The project was saved: the work moves to a file beside it."""
        project = QgsProject.instance()
        path = store_path(project)
        if path is None:
            return
        if path == self.store.path:
            self._try(partial(self.store.keep_paths, _paths(project)))
            return
        unsaved = self._unsaved is not None and self.store.path == self._unsaved.path
        self._try(partial(self.store.move_to, path, keep=not unsaved, paths=_paths(project)))

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except AstroLocError as error:
            self.failed.emit(str(error), error.details)
