"""A photo in memory at every size, ready to be drawn warped on the map many times a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal
from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.qgis_adapters.text import tr

Pixels = NDArray[np.uint32]
"""(H, W) colours as Qt's ARGB32: 0xAARRGGBB."""

SMALLEST = 256
"""The pyramid ends with a level whose long side is at most this, pixels."""
FORMATS = ["JPEG", "PNG", "GTiff"]


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
        """Memory that it takes."""
        return sum(level.nbytes for level in self.levels)

    def level_for(self, photo_px_a_pixel: float) -> int:
        """The level whose pixels are the finest that are not finer than needed.

        Args:
            photo_px_a_pixel: how many photo pixels one pixel of the screen covers.
        """
        wanted = int(np.floor(np.log2(max(photo_px_a_pixel, 1.0)) + 0.25))
        return min(wanted, len(self.levels) - 1)


def photo_size(path: Path) -> tuple[int, int]:
    """Width and height of a photo, upright, without reading its pixels.

    Raises:
        InputError: no such photo.
    """
    dataset = _open(path)
    width, height = dataset.RasterXSize, dataset.RasterYSize
    return (height, width) if read_exif(path).orientation >= 5 else (width, height)


def read_pyramid(path: Path) -> Pyramid:
    """Read a photo of 8 or 16 bits, upright as EXIF says, as the engine's ``read_photo`` does.

    Raises:
        InputError: it cannot be read.
    """
    dataset = _open(path)
    if dataset.GetRasterBand(1).GetColorTable() is not None:
        dataset = gdal.Translate("", dataset, format="VRT", bandList=[1], rgbExpand="rgba")
    width, height, count = dataset.RasterXSize, dataset.RasterYSize, dataset.RasterCount
    alpha = count in (2, 4) and dataset.GetRasterBand(count).GetColorInterpretation() == gdal.GCI_AlphaBand
    bands = [3, 2, 1] if count >= 3 else [1, 1, 1]
    if alpha:
        bands.append(count)
    kind = dataset.GetRasterBand(1).DataType
    if kind not in (gdal.GDT_Byte, gdal.GDT_UInt16):
        sentence = tr("The photo {file} holds values that are neither of 8 nor of 16 bits: save it so.")
        raise InputError(sentence.format(file=path))
    size = 1 if kind == gdal.GDT_Byte else 2
    values = np.zeros((height, width, 4), np.uint8 if size == 1 else np.uint16)
    for place, band in enumerate(bands):
        raw = dataset.GetRasterBand(band).ReadRaster(buf_type=kind)
        if raw is None:
            sentence = tr("The photo {file} is damaged or truncated: copy or download it again.")
            raise InputError(sentence.format(file=path), gdal.GetLastErrorMsg())
        values[..., place] = np.frombuffer(raw, values.dtype).reshape(height, width)
    shown = values if size == 1 else _to_8_bits(values, alpha)
    if not alpha:
        shown[..., 3] = 255
    upright = _upright(shown.view(np.uint32)[..., 0], read_exif(path).orientation)
    levels = [np.ascontiguousarray(upright)]
    while max(levels[-1].shape) > SMALLEST:
        levels.append(_halved(levels[-1]))
    return Pyramid(tuple(levels))


class PyramidTask(QgsTask):
    """Reads a photo in the background."""

    loaded = pyqtSignal(object, object)
    """The photo is there: its path and its ``Pyramid``."""
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
        dataset = gdal.OpenEx(str(path), gdal.OF_RASTER | gdal.OF_READONLY, allowed_drivers=FORMATS)
    except RuntimeError:
        dataset = None
    finally:
        gdal.PopErrorHandler()
    if dataset is None:
        sentence = tr("The photo {file} cannot be opened: check that it is there and is a JPEG, PNG or TIFF.")
        raise InputError(sentence.format(file=path))
    return dataset


def _to_8_bits(values: NDArray, alpha: bool) -> NDArray[np.uint8]:
    """16 bits stretched between the darkest and brightest thousandth, as the engine shows them."""
    step = max(1, max(values.shape) // 2048)
    low, high = np.percentile(values[::step, ::step, :3], (0.1, 99.9))
    if high <= low:
        low, high = 0.0, 65535.0
    table = np.rint(np.clip((np.arange(65536) - low) * (255.0 / (high - low)), 0, 255)).astype(np.uint8)
    shown = np.empty(values.shape, np.uint8)
    for band in range(3):
        shown[..., band] = table[values[..., band]]
    if alpha:
        shown[..., 3] = values[..., 3] >> 8
    return shown


def _upright(image: Pixels, orientation: int) -> Pixels:
    """Turn a stored image upright by its EXIF orientation (Exif 2.32, tag 274), 1 to 8."""
    if orientation in (2, 3, 4):
        return {2: image[:, ::-1], 3: image[::-1, ::-1], 4: image[::-1]}[orientation]
    if orientation >= 5:
        swapped = image.T
        return {5: swapped, 6: swapped[:, ::-1], 7: swapped[::-1, ::-1], 8: swapped[::-1]}[orientation]
    return image


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
