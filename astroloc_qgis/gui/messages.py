"""Messages to the user in QGIS's message bar: a short sentence, and behind a Details button what more there is."""

from __future__ import annotations

from qgis.core import Qgis
from qgis.gui import QgsMessageBar, QgsMessageBarItem, QgsMessageViewer
from qgis.PyQt.QtWidgets import QPushButton, QWidget

from astroloc_qgis.qgis_adapters.log import log_line
from astroloc_qgis.qgis_adapters.text import brief, tr

SECONDS = 8


class Messages:
    """Shows messages that do not interrupt the user."""

    def __init__(self, bar: QgsMessageBar, parent: QWidget) -> None:
        self._bar = bar
        self._parent = parent
        self._passing: QgsMessageBarItem | None = None
        self._shown: dict[str, QgsMessageBarItem] = {}
        self._outcomes: list[QgsMessageBarItem] = []

    def success(self, sentence: str) -> None:
        """Something went well; goes away by itself, or when the next such message comes."""
        self._push(sentence, "", Qgis.MessageLevel.Success, SECONDS)

    def info(self, sentence: str) -> None:
        """Something worth knowing; goes away by itself, or when the next such message comes."""
        self._push(sentence, "", Qgis.MessageLevel.Info, SECONDS)

    def warning(self, sentence: str, details: str = "", *, about: str = "", outcome: bool = False) -> None:
        """Something the user can put right; stays until closed.

        Args:
            sentence: for the user.
            details: for a developer.
            about: one message about the same thing is shown at a time, the newest; by default the sentence.
            outcome: whether it tells how a job ended: it goes when the next begins.
        """
        item = self._push(sentence, details, Qgis.MessageLevel.Warning, 0, about)
        self._outcomes += [item] if outcome else []

    def error(self, sentence: str, details: str = "", *, outcome: bool = False) -> None:
        """Something broke; stays until closed, or as of ``warning``."""
        item = self._push(sentence, details, Qgis.MessageLevel.Critical, 0)
        self._outcomes += [item] if outcome else []

    def forget_outcomes(self) -> None:
        """Take off how earlier jobs ended: the user tries again."""
        shown = self._bar.items()
        for item in self._outcomes:
            if item in shown:
                self._bar.popWidget(item)
        self._outcomes.clear()

    def _push(
        self, sentence: str, details: str, level: Qgis.MessageLevel, seconds: int, about: str = ""
    ) -> QgsMessageBarItem:
        log_line(f"{sentence}\n{details}".strip(), level)
        short = brief(sentence)
        item = QgsMessageBar.createMessage(tr("AstroLoc"), short)
        if details or short != sentence:
            button = QPushButton(tr("Details"), item)
            button.setToolTip(tr("What a developer needs to know of this"))
            button.clicked.connect(lambda: self.show_details(sentence, details))
            item.layout().addWidget(button)
        if seconds:  # a new passing message replaces the last: a hundred photos do not queue a hundred messages
            if self._passing in self._bar.items():
                self._bar.popWidget(self._passing)
            self._passing = item
        else:
            about = about or sentence
            if self._shown.get(about) in self._bar.items():
                self._bar.popWidget(self._shown[about])
            self._shown[about] = item
        self._bar.pushWidget(item, level, seconds)
        return item

    def show_details(self, sentence: str, details: str) -> QgsMessageViewer:
        """Show the details in a window of their own."""
        viewer = QgsMessageViewer(self._parent)
        viewer.setTitle(tr("AstroLoc: details"))
        viewer.setMessageAsPlainText(f"{sentence}\n\n{details}".strip())
        viewer.show()
        return viewer
