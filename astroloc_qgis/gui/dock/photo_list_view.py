"""The list of photos as a widget: thumbnails, states, drag and drop, and a hint while it is empty."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QModelIndex, QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
)
from qgis.PyQt.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from astroloc_qgis.gui.dock.thumbnails import ThumbnailLoader
from astroloc_qgis.gui.model.photo_list import PhotoItem, PhotoModel
from astroloc_qgis.gui.widgets import paint_hint
from astroloc_qgis.qgis_adapters.text import tr

THUMBNAIL = 44
PADDING = 4


class PhotoListView(QListView):
    """The photos; emits what the user wants of them.

    Args:
        photos: the list.
        parent: a window.
    """

    dropped = pyqtSignal(list)
    """Files or folders were dropped (paths)."""
    remove_requested = pyqtSignal()
    """The user pressed Delete."""
    selection_changed = pyqtSignal()
    """Other photos are selected now."""

    def __init__(self, photos: PhotoModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.photos = photos
        self.setModel(self.photos)
        self.setItemDelegate(_PhotoDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setAcceptDrops(True)
        self.setMinimumHeight(2 * _row_height(self.fontMetrics()) + 2 * self.frameWidth())
        self.setAccessibleName(tr("Photos"))
        self.setToolTip(
            tr("Photos to localize: drop files or folders here; Delete takes the selected ones off the list")
        )
        self._thumbnails = ThumbnailLoader(round(THUMBNAIL * self.devicePixelRatioF()), self)
        self._thumbnails.loaded.connect(self._on_thumbnail)
        self.selectionModel().selectionChanged.connect(self.selection_changed)
        photos.modelReset.connect(self.selection_changed)
        photos.rowsInserted.connect(self._on_added)

    def selected(self) -> list[PhotoItem]:
        """Return the selected photos in their order."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        return [self.photos.items[row] for row in rows]

    def sizeHint(self) -> QSize:
        """Return the least height: what is free in the dock is added to that."""
        return QSize(super().sizeHint().width(), self.minimumHeight())

    def stop(self) -> None:
        """Stop loading thumbnails."""
        self._thumbnails.stop()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if _paths(event):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Accept files and folders anywhere in the list."""
        if _paths(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Pass on what was dropped."""
        if paths := _paths(event):
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the selected photos off the list on Delete."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_requested.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a hint while there are no photos."""
        super().paintEvent(event)
        if not self.photos.rowCount():
            paint_hint(self, tr("Drop astronaut photos or a folder here,\nor press Add…"))

    def _on_added(self, _parent: QModelIndex, first: int, last: int) -> None:
        for item in self.photos.items[first : last + 1]:
            self._thumbnails.load(item.path)
        self.viewport().update()

    def _on_thumbnail(self, path: Path, image: object) -> None:
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.photos.set_thumbnail(path, pixmap)


class _PhotoDelegate(QStyledItemDelegate):
    """Paints a photo: thumbnail, name, and its state below in a quieter colour."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: ARG002 - Qt calls it with both
        """Return the size of a row."""
        return QSize(120, _row_height(option.fontMetrics))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint a row."""
        item = index.data(PhotoModel.ItemRole)
        style = option.widget.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        inner = option.rect.adjusted(PADDING, PADDING, -PADDING, -PADDING)
        box = QRect(inner.left(), inner.top(), THUMBNAIL, inner.height())
        if item.thumbnail is not None:
            size = item.thumbnail.size() / item.thumbnail.devicePixelRatio()
            corner = box.center() - QRect(0, 0, size.width(), size.height()).center()
            painter.drawPixmap(corner, item.thumbnail)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        text = inner.adjusted(THUMBNAIL + 2 * PADDING, 0, 0, 0)
        lines = _two_lines(item.state_line, option.fontMetrics, text.width())
        half = text.height() // (len(lines) + 1) * len(lines)  # the height of the lines below the name
        painter.save()
        painter.setPen(option.palette.color(role))
        self._line(painter, text.adjusted(0, 0, 0, -half), item.name, Qt.AlignmentFlag.AlignBottom)
        if not selected:
            painter.setPen(option.palette.color(QPalette.ColorRole.PlaceholderText))
        below = text.adjusted(0, text.height() - half, 0, 0)
        elide = (
            Qt.TextElideMode.ElideRight if len(lines) == 1 else Qt.TextElideMode.ElideMiddle
        )  # keeps what went wrong
        for number, line in enumerate(lines):
            area = below.adjusted(0, number * half // len(lines), 0, 0)
            self._line(painter, area, line, Qt.AlignmentFlag.AlignTop, elide)
        painter.restore()

    @staticmethod
    def _line(
        painter: QPainter,
        area: QRect,
        text: str,
        vertical: Qt.AlignmentFlag,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        metrics: QFontMetrics = painter.fontMetrics()
        elided = metrics.elidedText(text, elide, area.width())
        painter.drawText(area, int(vertical | Qt.AlignmentFlag.AlignLeft), elided)


def _row_height(metrics: QFontMetrics) -> int:
    """Height of a row: a thumbnail, or three lines of text."""
    return max(THUMBNAIL, 3 * metrics.height()) + 2 * PADDING


def _two_lines(text: str, metrics: QFontMetrics, width: int) -> list[str]:
    """A text in one line where it fits, else in two; the second may still be too long."""
    first, words = "", text.split(" ")
    while words and metrics.horizontalAdvance(f"{first} {words[0]}".strip()) <= width:
        first = f"{first} {words.pop(0)}".strip()
    return [first, " ".join(words)] if first and words else [text]


def _paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
