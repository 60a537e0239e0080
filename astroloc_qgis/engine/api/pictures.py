"""Photos as a script has them: files, numpy arrays, PIL images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError

if TYPE_CHECKING:
    from typing import TypeAlias

    from PIL.Image import Image

    Picture: TypeAlias = str | Path | NDArray[np.uint8] | NDArray[np.uint16] | Image
    """A file; an array (H, W), (H, W, 3) or (H, W, 4) of uint8 or uint16: grey, RGB, RGB with opacity; a PIL image."""

gdal.UseExceptions()

_TYPES = {np.dtype(np.uint8): gdal.GDT_Byte, np.dtype(np.uint16): gdal.GDT_UInt16}
_PIL_MODES = ("L", "RGB", "RGBA", "I;16")


def is_file(photo: Picture) -> bool:
    """Whether a photo is given as a file."""
    return isinstance(photo, str | Path)


@contextmanager
def as_file(photo: Picture, name: str) -> Iterator[Path]:
    """The file of a photo; for an array or image a lossless one that is removed in the end.

    Args:
        photo: the photo.
        name: what an array or image is called.

    Raises:
        InputError: it is no picture, or the name cannot be that of a file.
    """
    if is_file(photo):
        yield Path(str(photo))
        return
    if Path(name).name != name or name in ("", ".", ".."):
        raise InputError(f'"{name}" is no name for a photo: leave out slashes and give at least one letter.')
    pixels = as_pixels(photo)
    with TemporaryDirectory(prefix="astroloc-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / f"{name}.tif"
        _write(path, pixels)
        yield path


def as_pixels(photo: Any) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """(H, W, bands) pixels of an array or of a PIL image, turned upright as its EXIF says.

    Raises:
        InputError: it is no picture of 8 or 16 bits.
    """
    if hasattr(photo, "getexif") and hasattr(photo, "mode"):
        photo = _from_pil(photo)
    pixels = np.asarray(photo)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or pixels.dtype not in _TYPES:
        raise InputError(
            f"An array of shape {np.shape(photo)} and type {pixels.dtype} is no photo: give (H, W), (H, W, 3) or "
            "(H, W, 4) of uint8 or uint16."
        )
    return np.ascontiguousarray(pixels)


def _from_pil(image: Any) -> NDArray[Any]:
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    return np.asarray(upright if upright.mode in _PIL_MODES else upright.convert("RGB"))


def _write(path: Path, pixels: NDArray[Any]) -> None:
    height, width, bands = pixels.shape
    options = {1: [], 3: ["PHOTOMETRIC=RGB"], 4: ["PHOTOMETRIC=RGB", "ALPHA=YES"]}[bands]
    kind = _TYPES[pixels.dtype]
    raster = gdal.GetDriverByName("GTiff").Create(str(path), width, height, bands, kind, options)
    for number in range(bands):
        plane = np.ascontiguousarray(pixels[..., number])
        raster.GetRasterBand(number + 1).WriteRaster(0, 0, width, height, plane.tobytes())
    raster.FlushCache()
