"""What AstroLoc keeps on the disk beside the user's own results, how large it is, and taking it away."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from qgis.PyQt.QtCore import QStandardPaths

from astroloc_qgis.engine.weights import store as weight_store
from astroloc_qgis.installer.places import CACHE, OLD, UNFINISHED
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_folder
from astroloc_qgis.qgis_adapters.files import user_data_folder
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.qgis_adapters.text import tr


@dataclass(frozen=True)
class Cache:
    """Files that can be had again.

    Attributes:
        title: for people.
        folders: that hold it.
    """

    title: str
    folders: tuple[Path, ...]

    def size(self) -> int:
        """Return its bytes."""
        return sum(folder_size(folder) for folder in self.folders)

    def clear(self) -> None:
        """Delete it."""
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def caches(settings: Settings) -> list[Cache]:
    """Return everything that may be deleted without loss."""
    root = engine_folder(settings)
    location = QStandardPaths.StandardLocation.GenericCacheLocation
    fetched = Path(QStandardPaths.writableLocation(location)) / "astroloc_qgis" / "tiles"
    return [
        Cache(tr("Map tiles fetched from services"), (fetched,)),
        Cache(tr("What a broken-off install left"), (root / UNFINISHED, root / OLD, root / CACHE)),
        Cache(tr("Logs"), (user_data_folder() / "logs",)),
    ]


def weights_folder(settings: Settings) -> Path:
    """Return the folder of model weights that were fetched or added."""
    return Path(settings.weights) if settings.weights else weight_store.folder()


def folder_size(folder: Path) -> int:
    """Return the bytes of a folder's files; 0 where there is none."""
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_size  # noqa: PTH118 - tens of thousands of files
    return total
