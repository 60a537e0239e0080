"""Asks which prebuilt index to install, and for the folder of a new index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.gui.widgets import folder_widget
from astroloc_qgis.qgis_adapters.text import tr

WIDTH = 520


class NewIndexDialog(QDialog):
    """Asks for the folder of a new index.

    Args:
        title: of the window.
        about: what will be there.
        action: the button's text.
        folder: the suggestion.
        parent: a window.
    """

    def __init__(self, title: str, about: str, action: str, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        label = QLabel(about, self)
        label.setWordWrap(True)
        self.folder = folder_widget(path=str(folder), parent=self)
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.hide()
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Ok | standard.Cancel, self)
        self.buttons.button(standard.Ok).setText(action)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow(label)
        self._add_rows(form)
        form.addRow(tr("&Folder"), self.folder)
        form.addRow(self.problem)
        form.addRow(self.buttons)
        self.resize(WIDTH, form.totalHeightForWidth(WIDTH))

    def params(self) -> Mapping[str, Any]:
        """The folder, as the engine takes it.

        Raises:
            InputError: there is none, or something is there already.
        """
        folder = self.folder.filePath().strip()
        if not folder:
            raise InputError(tr("Choose a folder for the index."))
        if Path(folder).exists():
            raise InputError(tr("There is already something at {folder}: name a new folder.").format(folder=folder))
        return {"out": folder}

    def accept(self) -> None:
        """Close, if all fields are valid."""
        try:
            self.params()
        except InputError as error:
            self.problem.setText(str(error))
            self.problem.show()
            self.resize(self.width(), self.layout().totalHeightForWidth(self.width()))
        else:
            super().accept()

    def _add_rows(self, form: QFormLayout) -> None:
        """Add what else is asked."""


class InstallDialog(NewIndexDialog):
    """Asks for the archive of a prebuilt index, its sha256 and a folder.

    Args:
        folder: where indexes go.
        parent: a window.
    """

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        self._parent_folder = folder
        about = tr(
            "A prebuilt index is a ZIP archive made with “index pack”. It is checked before it is used. One from the "
            "internet needs the sha256 that its publisher states; a download that breaks off is taken up again."
        )
        super().__init__(tr("Install index"), about, tr("Install"), folder / "index", parent)

    def _add_rows(self, form: QFormLayout) -> None:
        self.source = QLineEdit(self)
        self.source.setPlaceholderText(tr("https://… or a ZIP file"))
        self.browse = QPushButton(tr("&Browse…"), self)
        self.browse.setAutoDefault(False)
        self.sha256 = QLineEdit(self)
        self.sha256.setPlaceholderText(tr("64 digits; needed with an address"))
        row = QHBoxLayout()
        row.addWidget(self.source, 1)
        row.addWidget(self.browse)
        label = QLabel(tr("&Archive"), self)
        label.setBuddy(self.source)
        form.addRow(label, row)
        form.addRow(tr("&sha256"), self.sha256)
        self.browse.clicked.connect(self._browse)
        self.source.textChanged.connect(self._suggest_folder)

    def params(self) -> Mapping[str, Any]:
        """Archive, sha256 and folder, as the engine takes them.

        Raises:
            InputError: a field makes no sense.
        """
        source, digest = self.source.text().strip(), self.sha256.text().strip().lower()
        if not source:
            raise InputError(tr("Give the address or the file of an archive."))
        if "://" in source and not digest:
            raise InputError(tr("An archive from the internet needs its sha256: its publisher states it."))
        if digest and not re.fullmatch("[0-9a-f]{64}", digest):
            raise InputError(tr("The sha256 has 64 digits, 0 to 9 and a to f."))
        if "://" not in source and not Path(source).is_file():
            raise InputError(tr("There is no file {file}.").format(file=source))
        return {"source": source, "sha256": digest or None, **super().params()}

    def _browse(self) -> None:
        kinds = tr("ZIP archives ({patterns})").format(patterns="*.zip")
        path, _ = QFileDialog.getOpenFileName(self, tr("Archive of an index"), "", kinds)
        if path:
            self.source.setText(path)

    def _suggest_folder(self, source: str) -> None:
        name = Path(urlsplit(source).path if "://" in source else source).stem
        if re.fullmatch(r"[\w][\w .-]*", name):
            self.folder.setFilePath(str(self._parent_folder / name))
