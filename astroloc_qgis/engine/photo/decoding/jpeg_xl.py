"""Reading JPEG XL with pillow-jxl-plugin (libjxl), upright; where GDAL has a driver of its own, GDAL reads it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.photo.boxes import boxes
from astroloc_qgis.engine.photo.limits import check_size, damaged, engine_lacks

BANDS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I;16": 1}
"""Number of bands of the modes that are read; "I;16" is the one of 16 bits."""
_CODESTREAM = b"\xff\x0a"
_HEADER_BYTES = 16
_PARTS = {b"jxlc": 0, b"jxlp": 4}
"""The boxes of a codestream, whole or in parts, and the bytes before what is of it."""
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def check_jpeg_xl(path: Path) -> None:
    """Look at the header of a JPEG XL file.

    Raises:
        InputError: it is damaged, too large or too small, or pillow-jxl-plugin is missing.
    """
    _decoder(path)
    size = size_of(path)
    if size is None:
        raise damaged(path, "no JPEG XL codestream")
    check_size(path, *size)


def read_jpeg_xl(path: Path) -> NDArray[Any]:
    """Read a JPEG XL file; its own orientation turns it, and its EXIF orientation counts for nothing.

    Args:
        path: the file.

    Returns:
        (H, W, bands) uint8 of 1 to 4 bands, the last of 2 or 4 opacity; uint16 of one band. Colours of more than 8
        bits come in 8.

    Raises:
        InputError: as ``check_jpeg_xl``.
    """
    check_jpeg_xl(path)
    try:
        is_jpeg, info, data, _, _ = _decoder(path)(path.read_bytes())
        if is_jpeg:
            return _of_jpeg(data)
        bands = BANDS[info.mode]
        kind = np.dtype("<u2") if info.mode == "I;16" else np.dtype(np.uint8)
        return np.frombuffer(data, kind).reshape(info.height, info.width, bands)
    except (RuntimeError, ValueError, KeyError, OSError, SyntaxError) as error:
        raise damaged(path, f"libjxl: {error}") from error


def _of_jpeg(data: bytes) -> NDArray[Any]:
    """The pixels of the JPEG that a file was made of without loss, as libjxl gives it back."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        shown = ImageOps.exif_transpose(image)
        pixels = np.array(shown if shown.mode in ("L", "RGB") else shown.convert("RGB"))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _decoder(path: Path) -> Any:
    try:
        from pillow_jxl import Decoder
    except ImportError as error:
        raise engine_lacks(path, "a JPEG XL image", "pillow-jxl-plugin") from error
    return Decoder(num_threads=1)


def size_of(path: Path) -> tuple[int, int] | None:
    """Width and height that a JPEG XL file claims (ISO/IEC 18181-1, SizeHeader); None where it has no codestream."""
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
        if not start.startswith(_CODESTREAM):
            parts = [(box.name, box.content(file, 4 + _HEADER_BYTES)) for box in boxes(file) if box.name in _PARTS]
            start = b"".join(part[_PARTS[name] :] for name, part in parts)
    if not start.startswith(_CODESTREAM):
        return None
    bits = _Bits(start[2:])
    small = bits.take(1)
    height = 8 * (bits.take(5) + 1) if small else _side(bits)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return height * across // down, height
    return (8 * (bits.take(5) + 1) if small else _side(bits)), height


def _side(bits: _Bits) -> int:
    return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1


class _Bits:
    """Bits of a codestream, the least significant of each byte first; zeros behind its end."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        """The next bits as a number."""
        value = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return value
