"""The plugin as QGIS sees it: an action, a page of options, and session, dock and desk, built when they are needed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsSettings
from qgis.gui import QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import Qt, QTimer, QTranslator
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QDockWidget, QWidget

from astroloc_qgis.qgis_adapters.files import resource
from astroloc_qgis.qgis_adapters.text import install_translation, remove_translation, tr, user_locale

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from astroloc_qgis.gui.desk.desk import Desk
    from astroloc_qgis.gui.dock.dock import AstroLocDock
    from astroloc_qgis.gui.label_review import LabelReview
    from astroloc_qgis.gui.session import Session
    from astroloc_qgis.gui.setup.engine_parts import EngineParts
    from astroloc_qgis.processing_provider.provider import AstroLocProvider

SHOWN = "astroloc/dock/shown"
"""The setting that remembers whether the dock was open when QGIS ended."""


class AstroLocPlugin:
    """Adds AstroLoc's action; builds the dock when it is first used, so that QGIS starts as fast as without it.

    Without a window (``qgis_process``) QGIS calls ``initProcessing`` alone.

    Args:
        iface: QGIS's interface for plugins; None without a window.
    """

    def __init__(self, iface: QgisInterface) -> None:
        self.iface = iface
        self.provider: AstroLocProvider | None = None
        self.action: QAction | None = None
        self.menu_actions: list[QAction] = []
        self._session: Session | None = None
        self._dock: AstroLocDock | None = None
        self._desk: Desk | None = None
        self._engine_parts: EngineParts | None = None
        self.label_review: LabelReview | None = None
        self._options: OptionsFactory | None = None
        self._translator: QTranslator | None = None

    @property
    def dock(self) -> AstroLocDock | None:
        """The dock, built at the first access; None while the plugin is switched off."""
        if self._dock is None and self.action is not None:
            self._build()
        return self._dock

    @property
    def desk(self) -> Desk | None:
        """The desk, built with the dock."""
        return self._desk if self.dock is not None else None

    @property
    def engine_parts(self) -> EngineParts | None:
        """The windows that set the engine up, built with the dock."""
        return self._engine_parts if self.dock is not None else None

    def initProcessing(self) -> None:
        """Add the algorithms to Processing (called by QGIS where it has no window, else by ``initGui``)."""
        from astroloc_qgis.processing_provider.provider import AstroLocProvider

        self._translator = install_translation(user_locale())
        self.provider = AstroLocProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:
        """Add the action (called by QGIS when the plugin is switched on)."""
        self.initProcessing()
        self.action = QAction(QIcon(str(resource("icons", "astroloc.svg"))), tr("AstroLoc"), self.iface.mainWindow())
        self.action.setObjectName("AstroLocAction")
        self.action.setCheckable(True)
        self.action.setToolTip(tr("Georeference photos that astronauts took of Earth"))
        self.action.triggered.connect(self._show)
        self.iface.addToolBarIcon(self.action)
        self.iface.addPluginToRasterMenu(tr("AstroLoc"), self.action)
        self._add_to_menu("AstroLocModelsAction", tr("Models and matchers…"), self._show_models)
        self._add_to_menu("AstroLocReviewAction", tr("Review footprints of labels…"), self._review_labels)
        self._options = OptionsFactory(self)
        self.iface.registerOptionsWidgetFactory(self._options)
        if QgsSettings().value(SHOWN, True, type=bool):
            self._show_once_qgis_is_ready()

    def unload(self) -> None:
        """Take everything away (called by QGIS when the plugin is switched off, and at its end)."""
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        if self.iface is not None:
            self._unload_gui()
        remove_translation(self._translator)
        self._translator = None

    def _unload_gui(self) -> None:
        """Take action, windows and session away."""
        if self._options is not None:
            self.iface.unregisterOptionsWidgetFactory(self._options)
            self._options = None
        with contextlib.suppress(TypeError):  # it was not connected
            self.iface.initializationCompleted.disconnect(self._show_again)
        if self._engine_parts is not None:
            self._engine_parts.stop()
            self._engine_parts = None
        if self._session is not None:
            self._session.stop()
        if self._desk is not None:
            self._desk.stop()
            self._take_away(self._desk.dock)
            self._desk = None
        if self._dock is not None:
            QgsSettings().setValue(SHOWN, not self._dock.isHidden())
            self._dock.stop()
            self._take_away(self._dock)
            self._dock = None
        if self.label_review is not None:
            self.label_review.write()
            self.label_review = None
        if self._session is not None:
            self._session.deleteLater()
            self._session = None
        for action in self.menu_actions:
            self.iface.removePluginRasterMenu(tr("AstroLoc"), action)
            action.deleteLater()
        self.menu_actions = []
        if self.action is not None:
            self.iface.removePluginRasterMenu(tr("AstroLoc"), self.action)
            self.iface.removeToolBarIcon(self.action)
            self.action.deleteLater()
            self.action = None

    def _build(self) -> None:
        """Make the session, and the dock and the desk on it."""
        from astroloc_qgis.gui.desk.desk import Desk
        from astroloc_qgis.gui.desk.desk_dock import DeskDock
        from astroloc_qgis.gui.dock.dock import AstroLocDock
        from astroloc_qgis.gui.engine_preload import EnginePreload
        from astroloc_qgis.gui.label_review import LabelReview
        from astroloc_qgis.gui.localization_jobs import LocalizationJobs
        from astroloc_qgis.gui.session import Session
        from astroloc_qgis.gui.setup.engine_parts import EngineParts

        window = self.iface.mainWindow()
        self._session = Session(self.iface, window)
        jobs = LocalizationJobs(self._session)
        self.label_review = LabelReview(self._session)
        self._dock = AstroLocDock(self._session, jobs, window)
        desk_dock = DeskDock(window)
        if not window.restoreDockWidget(desk_dock):  # it was never there before
            self.iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, desk_dock)
            desk_dock.hide()
        self._desk = Desk(self._session, jobs, desk_dock)
        self._engine_parts = EngineParts(self._session, self._dock)
        self._dock.add_banner(self._engine_parts.banner)
        self._engine_parts.closed.connect(self._dock.begin)
        self._dock.visibilityChanged.connect(self._engine_parts.on_dock_visibility)
        EnginePreload(self._session, self._engine_parts.setup, self._dock)
        if not window.restoreDockWidget(self._dock):  # it was never there before
            self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
        if self.action is not None:
            self._dock.toggleViewAction().toggled.connect(self.action.setChecked)
            self.action.setChecked(not self._dock.isHidden())

    def _take_away(self, dock: QDockWidget) -> None:
        self.iface.removeDockWidget(dock)
        dock.deleteLater()

    def _show(self, shown: bool) -> None:
        if self.dock is not None:
            self.dock.setUserVisible(shown)

    def _add_to_menu(self, name: str, text: str, act: Callable[[], None]) -> None:
        """Add an action below the plugin's own in the menu *Raster*."""
        action = QAction(text, self.iface.mainWindow())
        action.setObjectName(name)
        action.triggered.connect(lambda _checked=False: act())
        self.iface.addPluginToRasterMenu(tr("AstroLoc"), action)
        self.menu_actions.append(action)

    def _show_models(self) -> None:
        if self.engine_parts is not None:
            self.engine_parts.open_models()

    def _review_labels(self) -> None:
        if self.dock is not None and self.label_review is not None:
            self._show(True)
            self.label_review.ask()

    def _show_once_qgis_is_ready(self) -> None:
        """Open the dock after QGIS has opened the project it was started with: the photos come back with that."""
        if self.iface.mainWindow().isVisible():  # the plugin is being switched on in a QGIS that has started
            QTimer.singleShot(0, self._show_again)
        else:
            self.iface.initializationCompleted.connect(self._show_again)

    def _show_again(self) -> None:
        """The dock was open when QGIS ended (or this is its first time): open it, now that QGIS has started."""
        if self.dock is not None:
            self.dock.show()


class OptionsFactory(QgsOptionsWidgetFactory):
    """AstroLoc's page in QGIS's options, made when they are opened."""

    def __init__(self, plugin: AstroLocPlugin) -> None:
        super().__init__(tr("AstroLoc"), QIcon(str(resource("icons", "astroloc.svg"))), "AstroLoc")
        self._plugin = plugin

    def createWidget(self, parent: QWidget | None) -> QgsOptionsPageWidget | None:
        """Make the page (QGIS owns it)."""
        from astroloc_qgis.gui.setup.engine_options import EngineOptionsPage
        from astroloc_qgis.qgis_adapters.settings import Settings

        parts = self._plugin.engine_parts
        return None if parts is None else EngineOptionsPage(parts, Settings(), parent)
