"""Keeps Blue Marble on this computer: a button in the dock that says what is there, and the dialog behind it."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
from astroloc_qgis.engine.imagery.kept.places import imagery_folder, remove_kept
from astroloc_qgis.gui.blue_marble import EXPECTED, BlueMarble, megabytes
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.text import tr

DOWNLOAD, FROM_FILE, REMOVE = 10, 11, 12
"""How the dialog ends."""


class KeepingRow(QWidget):
    """A button that says what is kept of Blue Marble, and opens the dialog.

    Args:
        session: has the queue of jobs.
        parent: a window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._marble = session, session.blue_marble
        self.button = QPushButton(self)
        self.button.setToolTip(
            tr("So that photos are found without internet: the world index's own imagery, about {size}").format(
                size=megabytes(EXPECTED)
            )
        )
        self.button.clicked.connect(self.ask)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        session.busy_changed.connect(self.refresh)
        self._marble.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is there now."""
        have, whole = self._marble.bytes, self._marble.is_whole
        text = tr("&Keep Blue Marble on this computer…")
        if whole:
            text = tr("Blue Marble is on this computer…")
        elif have:
            text = tr("Blue Marble: {have} of about {size}…").format(have=megabytes(have), size=megabytes(EXPECTED))
        self.button.setText(text)
        self.button.setEnabled(not self._session.busy)

    def ask(self) -> None:
        """Open the dialog, and do what the user chooses."""
        dialog = KeepingDialog(self._marble, self)
        chosen = dialog.exec()
        dialog.deleteLater()
        if chosen == DOWNLOAD:
            self._marble.keep()
        elif chosen == FROM_FILE:
            path, _ = QFileDialog.getOpenFileName(
                self, tr("A file of Blue Marble"), "", tr("MBTiles ({patterns})").format(patterns="*.mbtiles")
            )
            if path:
                self._marble.keep(Path(path))
        elif chosen == REMOVE:
            try:
                remove_kept(BLUE_MARBLE)
            except InputError as error:
                self._session.messages.warning(str(error), error.details)
            self.refresh()


class KeepingDialog(QDialog):
    """Says what is kept, where, how large, and asks what to do: ``DOWNLOAD``, ``FROM_FILE`` or ``REMOVE``.

    Args:
        marble: what is kept.
        parent: a window.
    """

    def __init__(self, marble: BlueMarble, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keep Blue Marble on this computer"))
        have, whole = marble.bytes, marble.is_whole
        about = [
            tr(
                "The index of the world finds photos on NASA's Blue Marble. Without a copy its tiles are fetched while "
                "a photo is localized; with one no internet is needed."
            ),
            tr("Size: about {size}; {have} are there.").format(size=megabytes(EXPECTED), have=megabytes(have)),
            tr("Folder: {folder}").format(folder=imagery_folder()),
            BLUE_MARBLE.attribution,
        ]
        label = QLabel("\n\n".join(about), self)
        label.setWordWrap(True)
        roles = QDialogButtonBox.ButtonRole
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Close, self)
        self.download = self.buttons.addButton(tr("&Download"), roles.AcceptRole)
        self.file = self.buttons.addButton(tr("Use a &file…"), roles.ActionRole)
        self.remove = self.buttons.addButton(tr("&Remove"), roles.DestructiveRole)
        self.download.setToolTip(tr("From NASA; Cancel stops it, and the next download goes on from there"))
        self.file.setToolTip(tr("An MBTiles file of Blue Marble that you have; it is checked and copied"))
        self.download.setEnabled(not whole)
        self.remove.setEnabled(bool(have))
        self.download.setDefault(True)
        self.download.clicked.connect(lambda: self.done(DOWNLOAD))
        self.file.clicked.connect(lambda: self.done(FROM_FILE))
        self.remove.clicked.connect(lambda: self.done(REMOVE))
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(label)
        layout.addWidget(self.buttons)
        self.resize(480, layout.totalHeightForWidth(480))
