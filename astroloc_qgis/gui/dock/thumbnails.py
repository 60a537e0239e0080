"""Small pictures of photos, made by Qt in a thread of its own."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import (
    QBuffer,
    QByteArray,
    QIODevice,
    QObject,
    QRunnable,
    QSize,
    Qt,
    QThreadPool,
    pyqtSignal,
)
from qgis.PyQt.QtGui import QImage, QImageIOHandler, QImageReader, QTransform

from astroloc_qgis.engine.photo.copies import copy_path
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.engine.photo.kinds import Kind, kind_of
from astroloc_qgis.engine.photo.preview import embedded_jpeg
from astroloc_qgis.qgis_adapters.files import pictures_folder
from astroloc_qgis.qgis_adapters.pictures import large_pictures

TURNS = {
    2: QTransform(-1, 0, 0, 1, 0, 0), 3: QTransform(-1, 0, 0, -1, 0, 0), 4: QTransform(1, 0, 0, -1, 0, 0),
    5: QTransform(0, 1, 1, 0, 0, 0), 6: QTransform(0, 1, -1, 0, 0, 0), 7: QTransform(0, -1, -1, 0, 0, 0),
    8: QTransform(0, -1, 1, 0, 0, 0),
}  # fmt: skip
"""What turns a stored picture upright, by its EXIF orientation."""
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
    """Return a picture of the photo no larger than ``size`` a side; a null image if Qt cannot read it.

    Of a raw file it is the JPEG that the camera put into it; of HEIC and AVIF the engine's copy, once there is one.
    """
    kind = kind_of(path)
    if kind is Kind.RAW:
        return _read_embedded(path, size)
    if kind.is_decoded:
        try:
            path = copy_path(pictures_folder(), path)
        except OSError:
            return QImage()
    return _read_small(QImageReader(str(path)), size)


def _read_embedded(path: Path, size: int) -> QImage:
    """The camera's own small picture, turned as the raw file says unless it says so itself."""
    buffer = QBuffer()
    buffer.setData(QByteArray(embedded_jpeg(path)))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    turns_itself = reader.transformation() != QImageIOHandler.Transformation.TransformationNone
    image = _read_small(reader, size)
    orientation = read_exif(path).camera_orientation
    return image if turns_itself or orientation == 1 or image.isNull() else image.transformed(TURNS[orientation])


def _read_small(reader: QImageReader, size: int) -> QImage:
    reader.setAutoTransform(True)
    full = reader.size()
    if full.isValid():
        if full.width() * full.height() > LARGEST_PIXELS:
            return QImage()
        reader.setScaledSize(full.scaled(QSize(size, size), Qt.AspectRatioMode.KeepAspectRatio))
    with large_pictures():
        return reader.read()
