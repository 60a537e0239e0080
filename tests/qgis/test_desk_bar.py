"""The tool bar of the desk where it is too narrow for its words."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtGui import QIcon, QPixmap

from astroloc_qgis.gui.desk.panels.desk_bar import ICON, DeskBar

from .conftest import SECOND


@pytest.mark.parametrize("share", [0.4, 0.7, 1.1])
def test_the_tool_bar_drops_words_and_never_a_button(qtbot, share):
    bar = DeskBar()
    qtbot.addWidget(bar)
    actions = [bar.addAction(QIcon(QPixmap(16, 16)), f"Some words {number}") for number in range(8)]
    wanted = bar.sizeHint().width()
    bar.drop_first(actions)
    bar.resize(round(share * wanted), 40)
    bar.show()
    buttons = [bar.widgetForAction(action) for action in actions]
    qtbot.waitUntil(lambda: all(button.isVisible() for button in buttons), timeout=SECOND)
    with_words = [bar.widgetForAction(action).toolButtonStyle() != ICON for action in actions]
    assert with_words == sorted(with_words)  # the first are the first to lose theirs
    assert all(with_words) == (share > 1)
