"""The photos in the dock: a list model of paths, states and thumbnails."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from qgis.PyQt.QtGui import QPixmap

from astroloc_qgis.qgis_adapters.text import tr

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")


class PhotoState(enum.Enum):
    """Where a photo is on its way."""

    NEW = "new"
    WAITING = "waiting"
    RUNNING = "running"
    LOCALIZED = "localized"
    NOT_LOCALIZED = "not localized"
    ERROR = "error"


@dataclass(eq=False)
class PhotoItem:
    """One photo of the list.

    Attributes:
        path: the file.
        state: where it is on its way.
        note: what there is to say about the state (confidence, stage, reason).
        nadir: the sub-satellite point (latitude, longitude) in degrees, if known.
        thumbnail: a small picture, once there is one.
    """

    path: Path
    state: PhotoState = PhotoState.NEW
    note: str = ""
    nadir: tuple[float, float] | None = None
    thumbnail: QPixmap | None = None

    @property
    def name(self) -> str:
        """The name the user knows it by."""
        return self.path.stem

    @property
    def state_text(self) -> str:
        """The state in the user's language, with its note."""
        text = _state_texts()[self.state]
        if self.state is PhotoState.RUNNING:
            return f"{self.note or text}…"
        return f"{text} · {self.note}" if self.note else text


class PhotoModel(QAbstractListModel):
    """The list of photos, in the order in which they were added."""

    ItemRole = int(Qt.ItemDataRole.UserRole)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.items: list[PhotoItem] = []

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return how many photos there are."""
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
            return f"{item.path}\n{item.state_text}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{item.name}, {item.state_text}"
        if role == self.ItemRole:
            return item
        return None

    def add(self, paths: Iterable[Path]) -> list[PhotoItem]:
        """Add the photos among ``paths`` (files, and photos directly in folders); those already there are left out."""
        known = {item.path for item in self.items}
        found = [path for path in _photos(paths) if path not in known]
        added = [PhotoItem(path) for path in dict.fromkeys(found)]
        if added:
            self.beginInsertRows(QModelIndex(), len(self.items), len(self.items) + len(added) - 1)
            self.items.extend(added)
            self.endInsertRows()
        return added

    def remove(self, items: Iterable[PhotoItem]) -> None:
        """Take photos off the list (never off the disk)."""
        for row in sorted((self.items.index(item) for item in items), reverse=True):
            self.beginRemoveRows(QModelIndex(), row, row)
            del self.items[row]
            self.endRemoveRows()

    def set_state(self, item: PhotoItem, state: PhotoState, note: str = "") -> None:
        """Note where a photo is on its way."""
        item.state, item.note = state, note
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
    return path.is_file() and path.suffix.lower() in SUFFIXES


def _state_texts() -> dict[PhotoState, str]:
    return {
        PhotoState.NEW: tr("new"),
        PhotoState.WAITING: tr("waiting"),
        PhotoState.RUNNING: tr("running"),
        PhotoState.LOCALIZED: tr("localized"),
        PhotoState.NOT_LOCALIZED: tr("not localized"),
        PhotoState.ERROR: tr("error"),
    }
