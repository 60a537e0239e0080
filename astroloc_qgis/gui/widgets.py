"""Widgets that several windows use: a box for a folder, a row, a column that scrolls, a hint in an empty view."""

from __future__ import annotations

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QEvent, QObject, QSize, Qt
from qgis.PyQt.QtGui import QPainter, QPalette
from qgis.PyQt.QtWidgets import QAbstractScrollArea, QFrame, QHBoxLayout, QScrollArea, QWidget


class ColumnScroll(QScrollArea):
    """Widgets below each other that scroll up and down, and are never cut off at the side.

    Args:
        column: has the widgets.
        parent: a window.
    """

    def __init__(self, column: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(column)

    def minimumSizeHint(self) -> QSize:
        """Return room for the column's least width and the scroll bar."""
        least = super().minimumSizeHint()
        column = self.widget()
        if column is None:
            return least
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(max(least.width(), column.minimumSizeHint().width() + bar), least.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Have the window lay itself out anew when the column needs another width."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))


def folder_widget(title: str = "", path: str = "", parent: QWidget | None = None) -> QgsFileWidget:
    """A box with the path of a folder and a button that browses for one.

    Args:
        title: of the window that browses.
        path: the folder at first.
        parent: a window.
    """
    widget = QgsFileWidget(parent)
    widget.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
    if title:
        widget.setDialogTitle(title)
    widget.setFilePath(path)
    return widget


def row_of(*widgets: QWidget) -> QHBoxLayout:
    """Widgets side by side, with the free room to their right."""
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return row


def paint_hint(view: QAbstractScrollArea, text: str) -> None:
    """Paint a sentence into the middle of an empty view (called in its ``paintEvent``)."""
    painter = QPainter(view.viewport())
    painter.setPen(view.palette().color(QPalette.ColorRole.PlaceholderText))
    flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    painter.drawText(view.viewport().rect().adjusted(12, 8, -12, -8), flags, text)
    painter.end()
