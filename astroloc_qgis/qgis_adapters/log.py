"""The plugin's page in QGIS's message log."""

from __future__ import annotations

from qgis.core import Qgis, QgsMessageLog

TAG = "AstroLoc"


def log_line(text: str, level: Qgis.MessageLevel = Qgis.MessageLevel.Info) -> None:
    """Write a line to the AstroLoc page of QGIS's message log, without a pop-up."""
    QgsMessageLog.logMessage(text, TAG, level, notifyUser=False)
