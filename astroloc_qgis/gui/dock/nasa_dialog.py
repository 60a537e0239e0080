"""Asks whether NASA's photo database may be asked, says what is sent, and takes the key."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from astroloc_qgis.engine.nasa.addresses import KEYS
from astroloc_qgis.qgis_adapters.nasa_access import KeyStore
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr

WIDTH = 480
"""Of the window, pixels."""


class NasaDialog(QDialog):
    """The key, and whether photos are looked up as they are added.

    Args:
        settings: what the user allows.
        keys: the key.
        problem: what is wrong with the present key; "" for nothing.
        parent: a window.
    """

    def __init__(self, settings: Settings, keys: KeyStore, problem: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Look up at NASA"))
        self.setObjectName("AstroLocNasaDialog")
        self._settings, self._keys = settings, keys
        about = _label(
            tr(
                "NASA's photo database knows many photos: the point below the station, the centre, the time, the lens, "
                "and an outline that NASA's machine found."
            ),
            self,
        )
        sent = _label(
            "<b>{}</b>".format(
                tr(
                    "Only the photos' numbers, such as ISS064-E-358, and your key go to eol.jsc.nasa.gov: no photo, no "
                    "place, no name of a file."
                )
            ),
            self,
        )
        self.key = QLineEdit(self)
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setMinimumWidth(260)
        if keys.has_key:
            self.key.setPlaceholderText(tr("as it is"))
        link = _label('<a href="{}">{}</a>'.format(KEYS, tr("How to get a key: it is free")), self)
        link.setOpenExternalLinks(True)
        self.keep = QCheckBox(tr("&Keep the key, encrypted, in QGIS's authentication database"), self)
        self.keep.setChecked(keys.keeps and not keys.needs_master_password)
        self.keep.setVisible(keys.keeps)
        where = ""
        if not keys.keeps:
            where = tr("QGIS's authentication database cannot be used: the key is forgotten when QGIS ends.")
        elif keys.needs_master_password:
            where = tr(
                "Then QGIS has you choose a master password, once for all that it keeps there. Else the key is "
                "forgotten when QGIS ends."
            )
        where_label = _label(where, self)
        where_label.setVisible(bool(where))
        self.automatic = QCheckBox(tr("&Look up photos as they are added"), self)
        self.automatic.setChecked(bool(settings.nasa_automatic))
        self.problem = _label(problem, self)
        self.problem.setVisible(bool(problem))
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel, self)
        self.buttons.button(buttons.Ok).setText(tr("Allow"))
        self.buttons.button(buttons.Ok).setDefault(True)
        self.forget = self.buttons.addButton(tr("Forget the key"), QDialogButtonBox.ButtonRole.ResetRole)
        self.forget.setVisible(keys.has_key)
        self.forget.clicked.connect(self._forget)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.key.textChanged.connect(self._refresh)
        form = QFormLayout(self)
        for label in (about, sent, self.problem):
            form.addRow(label)
        form.addRow(tr("Your &key"), self.key)
        form.addRow("", link)
        for widget in (self.keep, where_label, self.automatic):
            form.addRow(widget)
        form.addRow(self.buttons)
        self._refresh()
        self.key.setFocus()
        width = max(WIDTH, form.minimumSize().width())
        self.resize(width, form.totalHeightForWidth(width))

    def accept(self) -> None:
        """Keep key and permission."""
        if key := self.key.text().strip():
            self._keys.store(key, keep=self.keep.isChecked())
        self._settings.nasa = "yes"
        self._settings.nasa_automatic = "yes" if self.automatic.isChecked() else ""
        super().accept()

    def _forget(self) -> None:
        """Take key and permission back."""
        self._keys.store("")
        self._settings.nasa = self._settings.nasa_automatic = ""
        self.reject()

    def _refresh(self) -> None:
        given = bool(self.key.text().strip()) or (self._keys.has_key and not self.problem.text())
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(given)


def _label(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextBrowserInteraction if "<a " in text else Qt.TextInteractionFlag.TextSelectableByMouse
    )
    return label
