"""Widgets that several windows use: a box for a folder, a row of widgets, and a hint in an empty view."""

from __future__ import annotations

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QPainter, QPalette
from qgis.PyQt.QtWidgets import QAbstractScrollArea, QHBoxLayout, QWidget


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
