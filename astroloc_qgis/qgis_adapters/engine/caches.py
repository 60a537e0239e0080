"""The caches of AstroLoc on the disk: their folders, sizes and removal."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from qgis.PyQt.QtCore import QStandardPaths

from astroloc_qgis.engine.weights import store
from astroloc_qgis.installer.disk import folder_size
from astroloc_qgis.installer.places import CACHE, OLD, UNFINISHED
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_folder
from astroloc_qgis.qgis_adapters.files import pictures_folder, user_data_folder
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr


@dataclass(frozen=True)
class Cache:
    """Files that AstroLoc can make or fetch again.

    Attributes:
        title: the name that the user sees.
        folders: the folders of the files.
    """

    title: str
    folders: tuple[Path, ...]

    def size(self) -> int:
        """Return the size, bytes."""
        return sum(folder_size(folder) for folder in self.folders)

    def clear(self) -> None:
        """Delete the files."""
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def caches(settings: Settings) -> list[Cache]:
    """Return the caches; all can be deleted without loss."""
    root = engine_folder(settings)
    location = QStandardPaths.StandardLocation.GenericCacheLocation
    fetched = Path(QStandardPaths.writableLocation(location)) / "astroloc_qgis" / "tiles"
    return [
        Cache(tr("Map tiles fetched from services"), (fetched,)),
        Cache(tr("Copies of raw photos, to show them"), (pictures_folder(),)),
        Cache(tr("What a broken-off install left"), (root / UNFINISHED, root / OLD, root / CACHE)),
        Cache(tr("Logs"), (user_data_folder() / "logs",)),
    ]


def weights_folder(settings: Settings) -> Path:
    """Return the folder of model weights that were downloaded or added."""
    return Path(settings.weights) if settings.weights else store.weights_folder()
