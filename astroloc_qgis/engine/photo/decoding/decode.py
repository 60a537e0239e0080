"""The pixels of photos that GDAL does not read: raw files, HEIC, AVIF, JPEG XL, upright as their own readers do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.photo.decoding.heif import check_avif, check_heic, read_avif, read_heic
from astroloc_qgis.engine.photo.decoding.jpeg_xl import check_jpeg_xl, read_jpeg_xl
from astroloc_qgis.engine.photo.decoding.raw import check_raw, develop
from astroloc_qgis.engine.photo.kinds import Kind

_READERS: dict[Kind, tuple[Callable[[Path], None], Callable[[Path], NDArray[Any]]]] = {
    Kind.RAW: (check_raw, develop),
    Kind.HEIC: (check_heic, read_heic),
    Kind.AVIF: (check_avif, read_avif),
    Kind.JPEG_XL: (check_jpeg_xl, read_jpeg_xl),
}
"""What looks at a file's header, and what reads its pixels, by its kind."""


def check_decoded(path: Path, kind: Kind) -> None:
    """Look at the header of a photo of a kind that is decoded.

    Raises:
        InputError: as ``decode``, as far as the header tells.
    """
    _READERS[kind][0](path)


def decode(path: Path, kind: Kind) -> tuple[NDArray[Any], bool, bool]:
    """Read the pixels of a photo of a kind that is decoded; as ``raster.read_bands``, but upright.

    Raises:
        InputError: it is damaged, holds no picture, is too large or too small; or the engine has no library for it.
    """
    bands = _READERS[kind][1](path)
    count = bands.shape[2]
    has_alpha = count in (2, 4)
    if has_alpha and (bands[..., -1] == np.iinfo(bands.dtype).max).all():
        bands, has_alpha = bands[..., :-1], False
    return bands, count <= 2, has_alpha
