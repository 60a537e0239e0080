"""Chooses the folder of the index, says what it holds, and offers to build one."""

from __future__ import annotations

from pathlib import Path

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.index_folder import read_index_summary, world_index
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr


class IndexChooser(QWidget):
    """A folder, a button to build one, and a line about what is in it."""

    changed = pyqtSignal()
    build_requested = pyqtSignal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.folder = QgsFileWidget(self)
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setDialogTitle(tr("Index folder"))
        self.folder.setToolTip(tr("The folder of an index: what the photo is looked up in"))
        self._world = world_index()
        self.folder.lineEdit().setPlaceholderText(
            tr("The world: Blue Marble") if self._world else tr("Choose a folder, or build one")
        )
        self.folder.lineEdit().setAccessibleName(tr("Index folder"))
        self.build_button = QPushButton(tr("&Build index…"), self)
        self.build_button.setToolTip(
            tr("Describe the reference imagery, block by block, so that photos can be found in it")
        )
        self.about = QLabel(self)
        self.about.setWordWrap(True)
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.folder, 0, 0, 1, 2)
        layout.addWidget(self.about, 1, 0)
        layout.addWidget(self.build_button, 1, 1)
        layout.setColumnStretch(0, 1)
        self.setFocusProxy(self.folder.lineEdit())
        self.folder.setFilePath(settings.index)
        self._update()
        self.folder.fileChanged.connect(self._on_folder)
        self.build_button.clicked.connect(self.build_requested)

    @property
    def problem(self) -> str:
        """Why the index cannot be used, in a sentence; empty when it can."""
        if not self.folder.filePath() and self._world is None:
            return tr("Choose an index, or build one from the reference.")
        try:
            read_index_summary(self.path)
        except InputError as error:
            return str(error)
        return ""

    @property
    def path(self) -> Path:
        """The folder; where none is named, that of the world index which comes with the plugin."""
        named = self.folder.filePath()
        return self._world if self._world and not named else Path(named)

    def choose(self, folder: Path) -> None:
        """Choose a folder, or look again at what it holds."""
        self.folder.setFilePath(str(folder))
        self._update()
        self.changed.emit()

    def _on_folder(self, folder: str) -> None:
        self._settings.index = folder
        self._update()
        self.changed.emit()

    def _update(self) -> None:
        text = tr("What photos are looked up in.")
        self.about.setToolTip("")
        if not self.problem:
            summary = read_index_summary(self.path)
            zooms = ", ".join(map(str, summary.zooms))
            text = tr("{blocks} blocks, zooms {zooms}").format(blocks=summary.blocks, zooms=zooms)
            about = [
                summary.title,
                tr("Model: {}").format(summary.model),
                tr("Imagery: {}").format(summary.imagery),
                summary.attribution,
            ]
            self.about.setToolTip("\n".join(line for line in about if line))
        self.about.setText(text)
