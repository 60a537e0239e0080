"""Asks for photo numbers whose pictures are fetched from NASA."""

from __future__ import annotations

import re
from pathlib import Path

from qgis.PyQt.QtCore import QStandardPaths
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QPlainTextEdit, QWidget

from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.gui.widgets import folder_widget
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr


class NumbersDialog(QDialog):
    """One number or many, and the folder for the pictures.

    Args:
        settings: remembers the folder.
        parent: a window.
    """

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Add by photo number"))
        self.setObjectName("AstroLocNumbersDialog")
        self._settings = settings
        self.numbers = QPlainTextEdit(self)
        self.numbers.setPlaceholderText("ISS064-E-358\nISS064-E-359")
        self.numbers.setTabChangesFocus(True)
        self.numbers.setAccessibleName(tr("Photo numbers"))
        self.count = QLabel(self)
        self.count.setWordWrap(True)
        self.folder = folder_widget(tr("Folder for the pictures"), str(pictures_folder(settings)), self)
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel, self)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        hint = QLabel(tr("NASA's numbers of the photos, one or many: the largest pictures are fetched."), self)
        hint.setWordWrap(True)
        form = QFormLayout(self)
        form.addRow(hint)
        form.addRow(self.numbers)
        form.addRow(self.count)
        form.addRow(tr("&Folder"), self.folder)
        form.addRow(self.buttons)
        self.numbers.textChanged.connect(self._refresh)
        self._refresh()

    def read(self) -> tuple[list[str], list[str]]:
        """The numbers in NASA's spelling, each once, and the words that are none."""
        return numbers_in(self.numbers.toPlainText())

    def chosen_folder(self) -> Path:
        """The folder for the pictures."""
        return Path(self.folder.filePath() or str(usual_folder()))

    def accept(self) -> None:
        """Remember the folder."""
        self._settings.nasa_folder = str(self.chosen_folder())
        super().accept()

    def _refresh(self) -> None:
        numbers, others = self.read()
        text = tr("{n} photos").format(n=len(numbers)) if numbers else ""
        if others:
            text = f"{text} · {tr('no photo number: {words}').format(words=', '.join(others[:3]))}".removeprefix(" · ")
        self.count.setText(text)
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setText(tr("Fetch {n} photos").format(n=len(numbers)) if len(numbers) > 1 else tr("Fetch photo"))
        ok.setEnabled(bool(numbers))


def numbers_in(text: str) -> tuple[list[str], list[str]]:
    """The photo numbers in a text, in NASA's spelling, each once, and the words that are none."""
    words = [word for word in re.split(r"[\s,;]+", text) if word]
    found = {word: nasa_photo_number(word) for word in words}
    return list(dict.fromkeys(filter(None, found.values()))), [word for word, one in found.items() if one is None]


def pictures_folder(settings: Settings) -> Path:
    """The folder that pictures are fetched into: the one chosen last, else the usual one."""
    return Path(settings.nasa_folder) if settings.nasa_folder else usual_folder()


def usual_folder() -> Path:
    """The folder for pictures while the user has chosen none."""
    location = QStandardPaths.StandardLocation.PicturesLocation
    return Path(QStandardPaths.writableLocation(location)) / "astroloc"
