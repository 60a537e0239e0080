"""The photos in the dock: a list model of paths, states and thumbnails."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from qgis.PyQt.QtGui import QPixmap

from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.engine.photo.suffixes import SUFFIXES, is_photo_name
from astroloc_qgis.gui.model.history import PhotoDesk
from astroloc_qgis.gui.model.work import PASSING, PhotoState, Work
from astroloc_qgis.qgis_adapters.text import headline, tr

__all__ = ["SUFFIXES", "PhotoItem", "PhotoModel", "PhotoState"]


class PhotoItem:
    """One photo of the list.

    Args:
        path: the file.
        work: as it was kept, if it was.

    Attributes:
        path: the file.
        desk: the work on it, with undo and history.
        thumbnail: a small picture, once there is one.
    """

    def __init__(self, path: Path, work: Work | None = None) -> None:
        self.path = path
        self.desk = PhotoDesk(path, None, work)
        self.thumbnail: QPixmap | None = None
        self._passing: tuple[PhotoState, str] | None = None

    @property
    def name(self) -> str:
        """The name the user knows it by."""
        return self.path.stem

    @property
    def state(self) -> PhotoState:
        """Its state: what the engine does with it now, else what was decided."""
        return self._passing[0] if self._passing else self.desk.work.state

    @property
    def note(self) -> str:
        """What there is to say about the state (confidence, stage, reason)."""
        return self._passing[1] if self._passing else self.desk.work.note

    @property
    def nadir(self) -> Nadir | None:
        """The sub-satellite point, if known or proposed."""
        return self.desk.work.nadir

    def pass_through(self, state: PhotoState | None, note: str = "") -> None:
        """Show that the engine does something with it (one of ``PASSING``); None when that is over."""
        self._passing = None if state is None else (state, note)

    @property
    def high_oblique(self) -> bool:
        """Whether NASA says that the horizon is in view."""
        return bool(self.desk.work.clues.get("nasa", {}).get("high_oblique"))

    @property
    def state_text(self) -> str:
        """The state in the user's language, with its note."""
        text = state_texts()[self.state]
        if self.state is PhotoState.RUNNING:
            return f"{self.note or text}…"
        note = self.note or (tr("high oblique") if self.high_oblique and self.state is PhotoState.NEW else "")
        return f"{text} · {note}" if note else text

    @property
    def state_line(self) -> str:
        """The state for a narrow list: of an error, what went wrong; the tool tip has all of it."""
        return headline(self.note) if self.state is PhotoState.ERROR and self.note else self.state_text


class PhotoModel(QAbstractListModel):
    """The list of photos, in the order in which they were added."""

    ItemRole = int(Qt.ItemDataRole.UserRole)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.items: list[PhotoItem] = []

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of photos."""
        return 0 if parent is not None and parent.isValid() else len(self.items)

    def data(self, index: QModelIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        """Return what a view shows of a photo."""
        if not index.isValid() or index.row() >= len(self.items):
            return None
        item = self.items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.name
        if role == Qt.ItemDataRole.DecorationRole:
            return item.thumbnail
        if role == Qt.ItemDataRole.ToolTipRole:
            oblique = tr("High oblique, says NASA: the horizon is in view") if item.high_oblique else ""
            return f"{item.path}\n{item.state_text}\n{oblique}".strip()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{item.name}, {item.state_text}"
        if role == self.ItemRole:
            return item
        return None

    def add(self, paths: Iterable[Path]) -> list[PhotoItem]:
        """Add the photos among ``paths`` (files, and photos directly in folders); those already there are left out.

        The position in a photo's EXIF becomes its proposed nadir.
        """
        known = {item.path for item in self.items}
        found = [path for path in _photos(paths) if path not in known]
        return self.append([PhotoItem(path, Work(nadir=read_exif(path).nadir)) for path in dict.fromkeys(found)])

    def append(self, items: list[PhotoItem]) -> list[PhotoItem]:
        """Put photos at the end of the list, as they are."""
        if items:
            self.beginInsertRows(QModelIndex(), len(self.items), len(self.items) + len(items) - 1)
            self.items.extend(items)
            self.endInsertRows()
            for item in items:
                item.desk.changed.connect(partial(self._changed, item))
        return items

    def clear(self) -> None:
        """Empty the list (another project is opened); the store keeps the photos."""
        self.beginResetModel()
        self.items.clear()
        self.endResetModel()

    def remove(self, items: Iterable[PhotoItem]) -> None:
        """Take photos off the list (never off the disk)."""
        for row in sorted((self.items.index(item) for item in items), reverse=True):
            self.beginRemoveRows(QModelIndex(), row, row)
            del self.items[row]
            self.endRemoveRows()

    def set_state(self, item: PhotoItem, state: PhotoState | None, note: str = "") -> None:
        """Show what the engine does with a photo; None when that is over."""
        item.pass_through(state if state in PASSING else None, note)
        self._changed(item)

    def set_thumbnail(self, path: Path, thumbnail: QPixmap) -> None:
        """Give a photo its picture, if it is still in the list."""
        for item in self.items:
            if item.path == path:
                item.thumbnail = thumbnail
                self._changed(item)

    def _changed(self, item: PhotoItem) -> None:
        if item in self.items:
            index = self.index(self.items.index(item))
            self.dataChanged.emit(index, index)


def _photos(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(child for child in path.iterdir() if _is_photo(child))
        elif _is_photo(path):
            yield path


def _is_photo(path: Path) -> bool:
    return path.is_file() and is_photo_name(path)


def state_texts() -> dict[PhotoState, str]:
    """The states in the user's language."""
    return {
        PhotoState.NEW: tr("new"),
        PhotoState.WAITING: tr("waiting"),
        PhotoState.RUNNING: tr("running"),
        PhotoState.LOCALIZED: tr("localized"),
        PhotoState.NEEDS_REVIEW: tr("needs review"),
        PhotoState.NOT_LOCALIZED: tr("not localized"),
        PhotoState.ACCEPTED: tr("accepted"),
        PhotoState.EXPORTED: tr("exported"),
        PhotoState.ERROR: tr("error"),
    }
