"""The pixels of photos that GDAL does not read: raw files, HEIC and AVIF, upright as their own readers turn them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.photo.decoding.heif import check_avif, check_heic, read_avif, read_heic
from astroloc_qgis.engine.photo.decoding.raw import check_raw, develop
from astroloc_qgis.engine.photo.kinds import Kind


def check_decoded(path: Path, kind: Kind) -> None:
    """Look at the header of a photo of a kind that is decoded.

    Raises:
        InputError: as ``decode``, as far as the header tells.
    """
    if kind is Kind.RAW:
        check_raw(path)
    elif kind is Kind.HEIC:
        check_heic(path)
    else:
        check_avif(path)


def decode(path: Path, kind: Kind) -> tuple[NDArray[Any], bool, bool]:
    """Read the pixels of a photo of a kind that is decoded; as ``raster.read_bands``, but upright.

    Raises:
        InputError: it is damaged, holds no picture, is too large or too small; or the engine has no library for it.
    """
    bands = develop(path) if kind is Kind.RAW else read_heic(path) if kind is Kind.HEIC else read_avif(path)
    count = bands.shape[2]
    has_alpha = count in (2, 4)
    if has_alpha and (bands[..., -1] == np.iinfo(bands.dtype).max).all():
        bands, has_alpha = bands[..., :-1], False
    return bands, count <= 2, has_alpha
