"""The index that photos are searched in.

It is a folder of the user's, an index service, or else the world index that comes with the plugin.
"""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.index_folder import read_index_summary, world_index
from astroloc_qgis.qgis_adapters.index_list import remember_index
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr


class IndexChoice(QObject):
    """Which index is chosen; the choice is remembered by the profile.

    Args:
        settings: where the choice is kept.
        parent: owns this.
    """

    changed = pyqtSignal()
    """Another index is chosen, or the chosen one was built again."""

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._world = world_index()
        self._folder = settings.index

    @property
    def folder(self) -> str:
        """The folder, or the address of a service, that the user named; empty where the user named none."""
        return self._folder

    @property
    def has_world(self) -> bool:
        """Whether the world index came with the plugin."""
        return self._world is not None

    @property
    def is_service(self) -> bool:
        """Whether the index is behind a service, which is asked when photos are localized."""
        return self._folder.startswith(("http://", "https://"))

    @property
    def problem(self) -> str:
        """Why the index cannot be used, in a sentence; empty when it can."""
        if self.is_service:
            return ""
        if not self._folder and self._world is None:
            return tr("Choose an index, or build one from the reference.")
        try:
            read_index_summary(self.path)
        except InputError as error:
            return str(error)
        return ""

    @property
    def place(self) -> str:
        """The address of the service, or the folder."""
        return self._folder if self.is_service else str(self.path)

    @property
    def path(self) -> Path:
        """The folder; where none is named, that of the world index which comes with the plugin."""
        return self._world if self._world and not self._folder else Path(self._folder)

    def choose(self, folder: Path | str) -> None:
        """Choose a folder or a service, or read again what it holds; "" chooses the world index."""
        self._folder = str(folder).strip()
        self._settings.index = self._folder
        if self._folder and not self.is_service:
            remember_index(self._settings, Path(self._folder))
        self.changed.emit()
