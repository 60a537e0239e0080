"""The plugin as QGIS sees it: an action, a menu entry and a dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import Qt, QTranslator
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from astroloc_qgis.qgis_adapters.files import resource
from astroloc_qgis.qgis_adapters.text import install_translation, remove_translation, tr, user_locale

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from astroloc_qgis.gui.dock import AstroLocDock
    from astroloc_qgis.gui.engine_parts import EngineParts


class AstroLocPlugin:
    """Adds AstroLoc's dock and the action that shows it; takes both away again.

    Args:
        iface: QGIS's interface for plugins.
    """

    def __init__(self, iface: QgisInterface) -> None:
        self.iface = iface
        self.action: QAction | None = None
        self.dock: AstroLocDock | None = None
        self.engine_parts: EngineParts | None = None
        self._translator: QTranslator | None = None

    def initGui(self) -> None:
        """Build the dock and the action (called by QGIS when the plugin is switched on)."""
        from astroloc_qgis.gui.dock import AstroLocDock
        from astroloc_qgis.gui.engine_parts import EngineParts

        self._translator = install_translation(user_locale())
        window = self.iface.mainWindow()
        self.dock = AstroLocDock(self.iface, window)
        self.engine_parts = EngineParts(self.iface, self.dock)
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock.desk_dock)
        self.dock.desk_dock.hide()
        self.action = self.dock.toggleViewAction()
        self.action.setText(tr("AstroLoc"))
        self.action.setObjectName("AstroLocAction")
        self.action.setIcon(QIcon(str(resource("icons", "astroloc.svg"))))
        self.action.setToolTip(tr("Georeference photos that astronauts took of Earth"))
        self.iface.addToolBarIcon(self.action)
        self.iface.addPluginToRasterMenu(tr("AstroLoc"), self.action)

    def unload(self) -> None:
        """Take everything away (called by QGIS when the plugin is switched off, and at its end)."""
        if self.action is not None:
            self.iface.removePluginRasterMenu(tr("AstroLoc"), self.action)
            self.iface.removeToolBarIcon(self.action)
            self.action = None
        if self.engine_parts is not None:
            self.engine_parts.stop()
            self.engine_parts = None
        if self.dock is not None:
            self.dock.shut_down()
            for dock in (self.dock.desk_dock, self.dock):
                self.iface.removeDockWidget(dock)
            self.dock.desk_dock.deleteLater()
            self.dock.deleteLater()
            self.dock = None
        remove_translation(self._translator)
        self._translator = None
