"""A photo in memory at several sizes, for fast drawing on the map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal
from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.photo import raster
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.qgis_adapters.engine.photo_copies import readable
from astroloc_qgis.qgis_adapters.text import tr

Pixels = NDArray[np.uint32]
"""(H, W) colours as Qt's ARGB32: 0xAARRGGBB."""

SMALLEST = 256
"""The pyramid ends with a level whose long side is at most this, pixels."""


@dataclass(frozen=True, eq=False)
class Pyramid:
    """A photo, upright, each level half the size of the one before.

    Attributes:
        levels: (H, W) ARGB32 each; the first is the photo itself.
    """

    levels: tuple[Pixels, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the photo, pixels."""
        height, width = self.levels[0].shape
        return width, height

    @property
    def bytes(self) -> int:
        """The memory that it uses, bytes."""
        return sum(level.nbytes for level in self.levels)

    def level_for(self, photo_px_a_pixel: float) -> int:
        """The number of the finest level that is not finer than needed.

        Args:
            photo_px_a_pixel: how many photo pixels one pixel of the screen covers.
        """
        wanted = int(np.floor(np.log2(max(photo_px_a_pixel, 1.0)) + 0.25))
        return min(wanted, len(self.levels) - 1)


def photo_size(path: Path) -> tuple[int, int]:
    """Width and height of a photo, upright, without reading its pixels.

    Of a photo that only the engine reads this waits for its copy: on the main thread ask ``is_readable_now`` first.

    Raises:
        InputError: no such photo.
    """
    dataset = _open(path)
    width, height = dataset.RasterXSize, dataset.RasterYSize
    return (height, width) if read_exif(path).orientation >= 5 else (width, height)


def upright_points(path: Path, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points in the pixels as a photo's file has them, (N, 2) -> photo pixels, upright as EXIF says.

    Raises:
        InputError: no such photo.
    """
    orientation = read_exif(path).orientation
    return xy if orientation == 1 else raster.from_stored(xy, orientation, photo_size(path))


def read_pyramid(path: Path) -> Pyramid:
    """Read a photo of 8 or 16 bits, upright as EXIF says, as the engine's ``read_photo`` does.

    Raises:
        InputError: it cannot be read.
    """
    dataset = _open(path)
    if dataset.GetRasterBand(1).DataType not in raster.PIXEL_TYPES:
        sentence = tr("The photo {file} holds values that are neither of 8 nor of 16 bits: save it so.")
        raise InputError(sentence.format(file=path))
    try:
        bands, grey, has_alpha = raster.read_bands(path, dataset)
    except RuntimeError as error:
        sentence = tr("The photo {file} is damaged or truncated: copy or download it again.")
        raise InputError(sentence.format(file=path), str(error)) from error
    colours, alpha = raster.split_alpha(bands, has_alpha)
    table = None if colours.dtype == np.uint8 else raster.stretch_table(*raster.stretch_range(colours, alpha))
    shown = np.full((*colours.shape[:2], 4), 255, np.uint8)
    for place, band in enumerate((0, 0, 0) if grey else (2, 1, 0)):
        shown[..., place] = colours[..., band] if table is None else table[colours[..., band]]
    if alpha is not None:
        shown[..., 3] = alpha
    turned = raster.upright(shown.view(np.uint32)[..., 0], read_exif(path).orientation)
    levels = [np.ascontiguousarray(turned)]
    while max(levels[-1].shape) > SMALLEST:
        levels.append(_halved(levels[-1]))
    return Pyramid(tuple(levels))


class PyramidTask(QgsTask):
    """Reads a photo in the background."""

    loaded = pyqtSignal(object, object)
    """The photo was read: its path and its ``Pyramid``."""
    refused = pyqtSignal(object, str, str)
    """It cannot be read: its path, a sentence, details."""

    def __init__(self, path: Path) -> None:
        super().__init__(tr("Reading {name}").format(name=path.name), QgsTask.Flag.CanCancel)
        self._path = path
        self._pyramid: Pyramid | None = None
        self._error: AstroLocError | None = None

    def run(self) -> bool:
        """Read it (in a thread of QGIS's)."""
        try:
            self._pyramid = read_pyramid(self._path)
        except AstroLocError as error:
            self._error = error
        except (RuntimeError, MemoryError, ValueError) as error:
            self._error = InputError(tr("The photo {file} cannot be shown.").format(file=self._path), repr(error))
        return self._pyramid is not None

    def finished(self, result: bool) -> None:
        """Tell (in the main thread)."""
        if self._pyramid is not None and result:
            self.loaded.emit(self._path, self._pyramid)
        elif self._error is not None:
            self.refused.emit(self._path, str(self._error), self._error.details)


def _open(path: Path) -> gdal.Dataset:
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        return raster.open_raster(readable(path))
    except RuntimeError as error:
        sentence = tr("The photo {file} cannot be opened: check that it is there and is a JPEG, PNG or TIFF.")
        raise InputError(sentence.format(file=path)) from error
    finally:
        gdal.PopErrorHandler()


def _halved(level: Pixels) -> Pixels:
    """The mean of each 2 x 2 pixels, channel by channel; an odd last row or column is left out."""
    height, width = max(1, level.shape[0] // 2), max(1, level.shape[1] // 2)
    out = np.empty((height, width), np.uint32)
    channels = level.view(np.uint8).reshape(*level.shape, 4)
    target = out.view(np.uint8).reshape(height, width, 4)
    for top in range(0, height, 256):  # in strips: no copy of the whole photo in 16 bits
        rows = channels[2 * top : 2 * min(top + 256, height), : 2 * width].astype(np.uint16)
        if rows.shape[0] < 2 or rows.shape[1] < 2:
            target[top : top + 256] = rows[: target[top : top + 256].shape[0], :width]
            continue
        total = rows[0::2, 0::2] + rows[1::2, 0::2] + rows[0::2, 1::2] + rows[1::2, 1::2]
        target[top : top + 256] = (total + 2) >> 2
    return out
