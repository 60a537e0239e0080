"""Translation of the plugin's texts, and sentences made to fit small places."""

from __future__ import annotations

import re

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTranslator

from astroloc_qgis.qgis_adapters.files import translations

CONTEXT = "AstroLoc"
FITS = 110
"""Characters of a message that QGIS's message bar shows in two lines of a window of 1280 pixels."""
LONGEST_WORD = 30
"""Characters of the longest word that a short message may have."""


def tr(text: str) -> str:
    """Return ``text`` in the user's language (its context in the translation files is ``AstroLoc``)."""
    return QCoreApplication.translate(CONTEXT, text)


def brief(sentence: str, fits: int = FITS) -> str:
    """Return a message with its long addresses and paths cut down to host and name, where it is long."""
    if len(sentence) <= fits:
        return sentence
    return re.sub(rf"\S{{{LONGEST_WORD},}}", lambda found: _brief_word(found.group()), sentence)


def headline(sentence: str) -> str:
    """Return what a message says first: up to its first colon or full stop, without long addresses."""
    return re.split(r"[:.] |\.$", brief(sentence, 0), maxsplit=1)[0]


def _brief_word(word: str) -> str:
    before, inner, after = re.fullmatch(r"([“\"'(]*)(.*?)([”\"'),:;.]*)", word, re.DOTALL).groups()  # type: ignore[union-attr]
    if host := re.search(r"://(?:[^/@]*@)?([^/?#]+)", inner):
        short, after = host.group(1), after.replace("...", "")
    elif (name := re.split(r"[/\\]", inner)[-1]) and name != inner:
        short = f"…/{name}"
    else:
        short = inner
    if len(short) > LONGEST_WORD + 10:
        short = f"{short[: LONGEST_WORD // 2]}…{short[-LONGEST_WORD // 2 :]}"
    return f"{before}{short}{after}"


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
