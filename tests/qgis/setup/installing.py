"""What the tests of the engine's setup do again and again: install, ask for the state, set QGIS's proxy."""

from __future__ import annotations

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import Qt

TIMEOUT = 120_000


def install(qtbot, parts):
    with qtbot.waitSignal(parts.setup.ended, timeout=TIMEOUT) as caught:
        qtbot.mouseClick(parts.dialog.install_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not parts.setup.jobs.busy, timeout=TIMEOUT)
    return caught.args


def told(qtbot, parts, words):
    """Ask again until the window has words about the state, not about what has just ended."""
    for _ in range(3):
        qtbot.waitUntil(lambda: not parts.setup.jobs.busy, timeout=TIMEOUT)
        with qtbot.waitSignal(parts.setup.described, timeout=TIMEOUT):
            parts.dialog.ask()
        if words in parts.dialog.status.text():
            break
    qtbot.waitUntil(lambda: not parts.setup.jobs.busy, timeout=TIMEOUT)
    return words in parts.dialog.status.text()


def set_proxy(**values):
    for key, value in {"proxyEnabled": True, "proxyType": "HttpProxy", **values}.items():
        QgsSettings().setValue(f"proxy/{key}", value)
