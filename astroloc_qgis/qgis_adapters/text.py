"""Translation of the plugin's texts."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication

CONTEXT = "AstroLoc"


def tr(text: str) -> str:
    """Return ``text`` in the user's language (its context in the translation files is ``AstroLoc``)."""
    return QCoreApplication.translate(CONTEXT, text)
