"""The desk's tool bar: where it is too narrow it drops texts, never a button."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import QAction, QStyle, QToolBar, QToolButton, QWidget

WORDS, ICON = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly


class DeskBar(QToolBar):
    """A tool bar of icons with words beside them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        side = self.style().pixelMetric(QStyle.PixelMetric.PM_SmallIconSize)
        self.setIconSize(QSize(side, side))
        self.setToolButtonStyle(WORDS)
        self._spare: tuple[QAction, ...] = ()

    def drop_first(self, actions: Sequence[QAction]) -> None:
        """Set the order in which actions lose their texts."""
        self._spare = tuple(actions)
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many texts as there is room for."""
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Drop texts until every button is visible."""
        buttons = [button for button in map(self.widgetForAction, self._spare) if isinstance(button, QToolButton)]
        width = self.sizeHint().width() + sum(_saved(button) for button in buttons if button.toolButtonStyle() == ICON)
        for button in buttons:
            style = WORDS if width <= self.width() else ICON
            width -= _saved(button) if style == ICON else 0
            if button.toolButtonStyle() != style:
                button.setToolButtonStyle(style)


def _saved(button: QToolButton) -> int:
    """The width that a button saves without its text."""
    now = button.toolButtonStyle()
    widths = {}
    for style in (WORDS, ICON):
        button.setToolButtonStyle(style)
        widths[style] = button.sizeHint().width()
    button.setToolButtonStyle(now)
    return int(widths[WORDS] - widths[ICON])
