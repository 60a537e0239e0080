"""Brings the engine's set-up into QGIS: the line in the dock and the window behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QObject

from astroloc_qgis.gui.setup.engine_banner import EngineBanner
from astroloc_qgis.gui.setup.engine_dialog import EngineDialog
from astroloc_qgis.gui.setup.engine_setup import EngineSetup

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from astroloc_qgis.gui.dock.dock import AstroLocDock


class EngineParts(QObject):
    """Everything about the engine that the user sees.

    Args:
        iface: QGIS's interface for plugins.
        dock: gets the line about the engine, above its button.
    """

    def __init__(self, iface: QgisInterface, dock: AstroLocDock) -> None:
        super().__init__(dock)
        self._iface = iface
        self._dock = dock
        self.setup = EngineSetup(dock.settings, dock.localization.engine, self)
        self.banner = EngineBanner(self.setup, dock)
        layout = dock.widget().layout()
        layout.insertWidget(layout.indexOf(dock.hint), self.banner)
        self.dialog: EngineDialog | None = None
        self.banner.open_requested.connect(self.open)
        self.setup.ended.connect(self._tell)
        dock.visibilityChanged.connect(self._on_visibility)

    def open(self) -> None:
        """Open the window that sets the engine up."""
        if self.dialog is None:
            self.dialog = EngineDialog(self.setup, self._dock.settings, self._iface.mainWindow())
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def stop(self) -> None:
        """End what is under way and take everything back (the plugin is being switched off)."""
        self.setup.stop()
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.deleteLater()
            self.dialog = None

    def _tell(self, well: bool, sentence: str, details: str) -> None:
        """Say in the message bar how it ended, unless the window says it already."""
        if self.dialog is not None and self.dialog.isVisible():
            return
        if well:
            self._dock.messages.success(sentence)
        else:
            self._dock.messages.warning(sentence, details)

    def _on_visibility(self, visible: bool) -> None:
        if visible:
            self.banner.refresh()
