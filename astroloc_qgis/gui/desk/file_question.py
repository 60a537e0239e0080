"""Asks for a table, orbital elements or control points, in the folder of the last such file."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from astroloc_qgis.qgis_adapters.desk_settings import DeskSettings
from astroloc_qgis.qgis_adapters.text import tr


def ask_for_file(parent: QWidget, title: str, patterns: str) -> Path | None:
    """Ask for a file to read.

    Args:
        parent: of the dialog.
        title: of the dialog, and what such files are called.
        patterns: of their names, separated by spaces.

    Returns:
        The file, or None where the user chose none.
    """
    settings = DeskSettings()
    filters = f"{title} ({patterns});;" + tr("All files") + " (*)"
    name, _ = QFileDialog.getOpenFileName(parent, title, settings.tables, filters)
    if not name:
        return None
    settings.tables = str(Path(name).parent)
    return Path(name)
