"""Reading HEIC with pillow-heif and AVIF with Pillow, upright."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.limits import MAX_PIXELS, check_size, damaged, engine_lacks

_UNREADABLE = (ValueError, SyntaxError, EOFError, OSError, RuntimeError)
"""What pillow-heif and Pillow raise of files that they cannot read."""


def check_heic(path: Path) -> None:
    """Look at the header of an HEIC file.

    Raises:
        InputError: it is damaged, too large or too small, or pillow-heif is missing.
    """
    with _heic(path):
        pass


def read_heic(path: Path) -> NDArray[Any]:
    """Read the main picture of an HEIC file; 10 and 12 bits fill 16.

    Its own transformations (ISO/IEC 23008-12: irot, imir) turn it, and its EXIF orientation counts for nothing.

    Args:
        path: the file.

    Returns:
        (H, W, bands) uint8 or uint16 of 1 band or 3, or with alpha 2 or 4.

    Raises:
        InputError: as ``check_heic``.
    """
    with _heic(path) as image:
        return _with_bands(np.array(image))


def check_avif(path: Path) -> None:
    """Look at the header of an AVIF file; as ``check_heic``, with Pillow."""
    with _avif(path):
        pass


def read_avif(path: Path) -> NDArray[Any]:
    """Read an AVIF file, in 8 bits whatever it has; as ``read_heic``."""
    with _avif(path) as image:
        from PIL import ImageOps

        # Pillow tells the file's own transformations as an EXIF orientation.
        return _with_bands(np.array(ImageOps.exif_transpose(image)))


@contextlib.contextmanager
def _heic(path: Path) -> Iterator[Any]:
    try:
        import pillow_heif
    except ImportError as error:
        raise engine_lacks(path, "an HEIC image", "pillow-heif") from error
    try:
        with path.open("rb") as file:
            image = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
            check_size(path, *image.size)
            yield image
    except _UNREADABLE as error:
        raise damaged(path, f"libheif: {error}") from error


@contextlib.contextmanager
def _avif(path: Path) -> Iterator[Any]:
    try:
        from PIL import AvifImagePlugin, Image
    except ImportError as error:
        raise engine_lacks(path, "an AVIF image", "Pillow 11.3 or newer") from error
    if not AvifImagePlugin.SUPPORTED:
        raise engine_lacks(path, "an AVIF image", "a Pillow with AVIF")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with path.open("rb") as file, Image.open(file, formats=("AVIF",)) as image:
                check_size(path, *image.size)
                yield image
    except Image.DecompressionBombError as error:
        sentence = f"The photo {path} has too many pixels: at most {MAX_PIXELS / 1e6:.0f} megapixels can be read"
        raise InputError(f"{sentence}; shrink or crop it.", str(error)) from error
    except _UNREADABLE as error:
        raise damaged(path, f"Pillow: {error}") from error


def _with_bands(image: NDArray[Any]) -> NDArray[Any]:
    return image if image.ndim == 3 else image[..., None]
