"""The engine's set-up in QGIS: the banner in the dock and the window that it opens."""

from __future__ import annotations

from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from astroloc_qgis.gui.session import Session
from astroloc_qgis.gui.setup.engine_banner import EngineBanner
from astroloc_qgis.gui.setup.engine_dialog import EngineDialog
from astroloc_qgis.gui.setup.engine_setup import EngineSetup
from astroloc_qgis.gui.setup.models_page import ModelsPage


class EngineParts(QObject):
    """The engine's banner and set-up window, and the set-up behind them.

    Args:
        session: has the engine and the settings.
        parent: owns this and the banner.

    Attributes:
        setup: installs the engine and knows its state.
        banner: the line about the engine, for the dock.
        dialog: the window that sets the engine up, once it was opened.
        models: the window of models and matchers, once it was opened.
    """

    closed = pyqtSignal()
    """The window was closed."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self.setup = EngineSetup(session.settings, session.engine, self)
        self.banner = EngineBanner(self.setup, parent)
        self.dialog: EngineDialog | None = None
        self.models: ModelsPage | None = None
        self.banner.open_requested.connect(self.open)
        self.setup.ended.connect(self._tell)

    def open(self) -> None:
        """Open the window that sets the engine up."""
        if self.dialog is None:
            session = self._session
            self.dialog = EngineDialog(self.setup, session.settings, session.blue_marble, session.iface.mainWindow())
            self.dialog.finished.connect(lambda _how: self.closed.emit())
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def open_models(self) -> None:
        """Open the window of models and matchers."""
        if self.models is None:
            self.models = ModelsPage(self._session, self._session.iface.mainWindow())
        self.models.open_list()

    def stop(self) -> None:
        """End a running install and close the windows (the plugin is being switched off)."""
        self.setup.stop()
        for window in (self.dialog, self.models):
            if window is not None:
                window.close()
                window.deleteLater()
        self.dialog = self.models = None

    def on_dock_visibility(self, visible: bool) -> None:
        """Update the banner when the dock comes into view."""
        if visible:
            self.banner.refresh()

    def _tell(self, well: bool, sentence: str, details: str) -> None:
        """Show the end of a request in the message bar, unless the window shows it."""
        if self.dialog is not None and self.dialog.isVisible():
            return
        if well:
            self._session.messages.success(sentence)
        else:
            self._session.messages.warning(sentence, details)
