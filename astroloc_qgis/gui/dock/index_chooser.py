"""Chooses the folder of the index, says what it holds, and offers to build one."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QLocale, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from astroloc_qgis.gui.model.index_choice import IndexChoice
from astroloc_qgis.gui.widgets import folder_widget
from astroloc_qgis.qgis_adapters.index_folder import read_index_summary
from astroloc_qgis.qgis_adapters.text import tr


class IndexChooser(QWidget):
    """A folder, a button to build an index, and a line about what the index holds.

    Args:
        index: the choice that this shows and changes.
        parent: a window.
    """

    build_requested = pyqtSignal()
    """The user wants to build an index."""
    manage_requested = pyqtSignal()
    """The user wants to see all indexes."""

    def __init__(self, index: IndexChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index = index
        self.folder = folder_widget(tr("Index folder"), parent=self)
        self.folder.setToolTip(
            tr("The folder of an index, or the address of an index service: what the photo is looked up in")
        )
        self.folder.lineEdit().setPlaceholderText(
            tr("The world: Blue Marble") if index.has_world else tr("Choose a folder, or build one")
        )
        self.folder.lineEdit().setAccessibleName(tr("Index folder"))
        self.build_button = QPushButton(tr("&Build index…"), self)
        self.build_button.setToolTip(
            tr("Describe the reference imagery, block by block, so that photos can be found in it")
        )
        self.manage_button = QPushButton(tr("I&ndexes…"), self)
        self.manage_button.setToolTip(tr("All indexes: on the map, resume, check, merge, install, delete"))
        self.about = QLabel(self)
        self.about.setWordWrap(True)
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.folder)
        layout.addWidget(self.about)
        buttons = QHBoxLayout()
        buttons.addWidget(self.manage_button)
        buttons.addWidget(self.build_button)
        layout.addLayout(buttons)
        self.setFocusProxy(self.folder.lineEdit())
        self._show_choice()
        self.folder.fileChanged.connect(index.choose)
        index.changed.connect(self._show_choice)
        self.build_button.clicked.connect(self.build_requested)
        self.manage_button.clicked.connect(self.manage_requested)

    def _show_choice(self) -> None:
        if self.folder.filePath() != self._index.folder:
            self.folder.blockSignals(True)
            self.folder.setFilePath(self._index.folder)
            self.folder.blockSignals(False)
        self._update()

    def _update(self) -> None:
        text = tr("What photos are looked up in.")
        self.about.setToolTip("")
        if self._index.is_service:
            text = tr("An index service: it is sent the photo's descriptors, never its pixels.")
        elif not self._index.problem:
            summary = read_index_summary(self._index.path)
            blocks = QLocale().toString(summary.blocks)
            text = tr("{blocks} blocks, zooms {zooms}").format(blocks=blocks, zooms=zooms_text(summary.zooms))
            about = [
                summary.title,
                tr("Model: {}").format(summary.model),
                tr("Imagery: {}").format(summary.imagery),
                summary.attribution,
            ]
            self.about.setToolTip("\n".join(line for line in about if line))
        self.about.setText(text)


def zooms_text(zooms: Sequence[int]) -> str:
    """Zooms in few words: 7–11 where none is left out between the first and the last of three or more."""
    ordered = sorted(zooms)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]}–{ordered[-1]}"
    return ", ".join(map(str, ordered))
