"""Translation of the plugin's texts."""

from __future__ import annotations

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTranslator

from astroloc_qgis.qgis_adapters.files import translations

CONTEXT = "AstroLoc"


def tr(text: str) -> str:
    """Return ``text`` in the user's language (its context in the translation files is ``AstroLoc``)."""
    return QCoreApplication.translate(CONTEXT, text)


def user_locale() -> str:
    """Return the locale QGIS runs in, such as "de" or "pt_BR": QGIS writes it to its settings at every start."""
    return str(QgsSettings().value("locale/userLocale") or QLocale().name())


def install_translation(locale: str) -> QTranslator | None:
    """Let ``tr`` speak the language of ``locale``; None where there is no translation, and English stays.

    Qt looks for the file of the whole locale first ("pt_BR"), then for the one of the language alone ("pt").
    """
    translator = QTranslator()
    if not translator.load(f"astroloc_{locale}", str(translations())):
        return None
    QCoreApplication.installTranslator(translator)
    return translator


def remove_translation(translator: QTranslator | None) -> None:
    """Remove the translator that ``install_translation`` returned."""
    if translator is not None:
        QCoreApplication.removeTranslator(translator)
