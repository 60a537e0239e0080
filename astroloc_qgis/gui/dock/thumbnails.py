"""Small pictures of photos, made by Qt in a thread of its own."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QObject, QRunnable, QSize, Qt, QThreadPool, pyqtSignal
from qgis.PyQt.QtGui import QImage, QImageReader

from astroloc_qgis.qgis_adapters.pictures import large_pictures

LARGEST_PIXELS = 150_000_000
"""Photos with more pixels get no thumbnail: Qt would decode them whole."""


class ThumbnailLoader(QObject):
    """Loads thumbnails in the background, upright as EXIF says.

    Args:
        size: of the square they fit into, in device pixels.
    """

    loaded = pyqtSignal(object, QImage)
    """A thumbnail is loaded: the photo's path and the picture."""

    def __init__(self, size: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._size = size
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    def load(self, path: Path) -> None:
        """Load the thumbnail of ``path``; a file that Qt cannot read gets none."""
        self._pool.start(_Task(self, path, self._size))

    def stop(self) -> None:
        """Drop the waiting thumbnails, and wait for the one being loaded."""
        self._pool.clear()
        self._pool.waitForDone(5000)


class _Task(QRunnable):
    def __init__(self, loader: ThumbnailLoader, path: Path, size: int) -> None:
        super().__init__()
        self._loader, self._path, self._size = loader, path, size

    def run(self) -> None:
        """Load the thumbnail (called by the pool)."""
        image = read_thumbnail(self._path, self._size)
        if not image.isNull():
            self._loader.loaded.emit(self._path, image)


def read_thumbnail(path: Path, size: int) -> QImage:
    """Return a picture of the photo no larger than ``size`` a side; a null image if Qt cannot read it."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    full = reader.size()
    if full.isValid():
        if full.width() * full.height() > LARGEST_PIXELS:
            return QImage()
        reader.setScaledSize(full.scaled(QSize(size, size), Qt.AspectRatioMode.KeepAspectRatio))
    with large_pictures():
        return reader.read()
