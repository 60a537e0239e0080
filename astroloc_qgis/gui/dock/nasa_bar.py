"""The dock's rows about NASA: a field that adds photos by number, and the button that looks all photos up."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QModelIndex, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from astroloc_qgis.engine.photo.number import nasa_photo_number
from astroloc_qgis.gui.dock.nasa_dialog import NasaDialog
from astroloc_qgis.gui.dock.nasa_lookups import NasaLookups
from astroloc_qgis.gui.dock.nasa_numbers import NumbersDialog, numbers_in, pictures_folder
from astroloc_qgis.gui.model.nasa_facts import record_in
from astroloc_qgis.gui.model.photo_list import PhotoItem
from astroloc_qgis.gui.session import Session
from astroloc_qgis.qgis_adapters.nasa_access import KeyStore
from astroloc_qgis.qgis_adapters.text import tr


class NasaBar(QWidget):
    """A field for photo numbers; *Look up at NASA*, which is *Cancel* while it works; a small button for the key.

    Args:
        session: has the list of photos and the settings.
        parent: a window.
    """

    fetched = pyqtSignal(object)
    """A picture has arrived (its path)."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.keys = KeyStore()
        self.lookups = NasaLookups(session, self.keys, self)
        self.number = QLineEdit(self)
        self.number.setObjectName("AstroLocNumber")
        self.number.setPlaceholderText(tr("Photo number, such as ISS064-E-358"))
        self.number.setAccessibleName(tr("NASA's photo number"))
        fetch = QgsApplication.getThemeIcon("mActionArrowDown.svg")
        self.fetch_action = self.number.addAction(fetch, QLineEdit.ActionPosition.TrailingPosition)
        self.fetch_action.setToolTip(tr("Fetch the photo from NASA"))
        self.button = QPushButton(self)
        self.button.setObjectName("AstroLocNasa")
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.options = QToolButton(self)
        self.options.setIcon(QgsApplication.getThemeIcon("mActionOptions.svg"))
        self.options.setAutoRaise(True)
        self.options.setToolTip(tr("Key for NASA's photo database, and what is sent"))
        row = QHBoxLayout()
        row.addWidget(self.button, 1)
        row.addWidget(self.options)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.number)
        layout.addLayout(row)
        self.number.returnPressed.connect(self._fetch_typed)
        self.number.textChanged.connect(self.refresh)
        self.fetch_action.triggered.connect(self._fetch_typed)
        self.button.clicked.connect(self._on_click)
        self.options.clicked.connect(lambda: self.ask())
        self.lookups.changed.connect(self.refresh)
        self.lookups.key_refused.connect(self._on_key_refused)
        self.lookups.fetched.connect(self.fetched)
        session.photos.rowsInserted.connect(self._on_added)
        session.photos.rowsRemoved.connect(self.refresh)
        session.photos.modelReset.connect(self.refresh)
        self.refresh()

    def add_by_number(self) -> None:
        """Ask for numbers, and fetch their pictures."""
        if self.lookups.busy or not self._allowed():
            return
        dialog = NumbersDialog(self._session.settings, self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.lookups.fetch(dialog.read()[0], dialog.chosen_folder())

    def ask(self, problem: str = "") -> bool:
        """Show the dialog with the key; returns whether the user allows to ask NASA."""
        dialog = NasaDialog(self._session.settings, self.keys, problem, self)
        return bool(dialog.exec() == QDialog.DialogCode.Accepted)

    def stop(self) -> None:
        """Stop what is under way (the plugin is being switched off)."""
        self.lookups.stop()

    def refresh(self) -> None:
        """Show what the button does now."""
        self.fetch_action.setVisible(bool(self.number.text().strip()))
        where = tr("One number or several, then Enter: their largest pictures are fetched into {folder}")
        self.number.setToolTip(where.format(folder=pictures_folder(self._session.settings)))
        outcome = self.lookups.outcome
        count = len(self._numbered(self._session.photos.items))
        if outcome is not None:
            self.button.setText(tr("Cancel ({done} of {total} at NASA)").format(done=outcome.done, total=outcome.asked))
            self.button.setToolTip(tr("Stop asking NASA; what has arrived stays"))
        else:
            self.button.setText(
                tr("Look up {n} photos at NASA").format(n=count) if count > 1 else tr("Look up at NASA")
            )
            self.button.setToolTip(
                tr("Ask NASA's photo database for nadir, centre, time and lens of all photos, by their numbers")
                if count
                else tr("None of the files has the name of a NASA photo, such as ISS064-E-358.jpg")
            )
        self.button.setEnabled(outcome is not None or count > 0)

    def _fetch_typed(self) -> None:
        """Fetch the photos whose numbers are in the field."""
        numbers, others = numbers_in(self.number.text())
        if others:
            sentence = tr("“{word}” is no number of a NASA photo: it looks like ISS064-E-358.")
            self._session.messages.warning(sentence.format(word=others[0]), about="nasa")
        elif self.lookups.busy:
            self._session.messages.info(tr("NASA is being asked already: press Enter again when that is done."))
        elif numbers and self._allowed():
            self.number.clear()
            self.lookups.fetch(numbers, pictures_folder(self._session.settings))

    def _on_click(self) -> None:
        if self.lookups.busy:
            self.lookups.cancel()
        elif self._allowed():
            self._look_up(self._session.photos.items)

    def _look_up(self, items: Sequence[PhotoItem]) -> None:
        items = self._numbered(items)
        fresh = all(record_in(item.desk.work) is not None for item in items)  # asked for again: NASA may know more now
        wanted = items if fresh else [item for item in items if record_in(item.desk.work) is None]
        self.lookups.look_up(wanted, fresh=fresh)

    def _allowed(self) -> bool:
        return bool(self._session.settings.nasa and self.keys.has_key) or self.ask()

    def _on_added(self, _parent: QModelIndex, first: int, last: int) -> None:
        settings = self._session.settings
        if settings.nasa and settings.nasa_automatic and self.keys.has_key and not self.lookups.busy:
            new = [item for item in self._session.photos.items[first : last + 1] if record_in(item.desk.work) is None]
            if new := self._numbered(new):
                self.lookups.look_up(new)
        self.refresh()

    def _on_key_refused(self, sentence: str) -> None:
        self._session.messages.warning(sentence, about="nasa")
        if self.ask(sentence):
            self.lookups.again()

    def _numbered(self, items: Sequence[PhotoItem]) -> list[PhotoItem]:
        return [item for item in items if nasa_photo_number(item.path.name)]
