"""Copies of photos that QGIS's own Python cannot read (raw files, HEIC, AVIF): 8 bits, upright, in a folder of a cache.

QGIS names the folder to the engine it starts; an engine on the command line keeps none.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "ASTROLOC_PICTURES"
"""The environment variable that names the folder."""
MOST_BYTES = 2 << 30
"""What the folder holds at most; the copies that were made or asked for longest ago go first."""
_MADE_AS = "1"
"""Changes when the same file gives another copy."""


class Shown(Protocol):
    """What is needed of a photo (``reading.Photo``) to show it."""

    @property
    def path(self) -> Path:
        """Its file."""

    @property
    def alpha(self) -> NDArray[np.uint8] | None:
        """(H, W) opacity, or None."""

    @property
    def grey(self) -> bool:
        """Whether all bands are the same."""

    def rgb8(self) -> NDArray[np.uint8]:
        """(H, W, 3) of 8 bits."""


def copy_path(folder: Path, photo: Path) -> Path:
    """Where the copy of a photo is, or would be; a file that has changed since has another.

    Args:
        folder: the folder of copies.
        photo: the photo's file.

    Raises:
        OSError: the photo is not there.
    """
    state = photo.stat()
    signs = (_MADE_AS, str(photo.absolute()), str(state.st_size), str(state.st_mtime_ns))
    return folder / f"{hashlib.sha256('|'.join(signs).encode()).hexdigest()[:32]}.tif"


def keep_copy(photo: Shown) -> None:
    """Write the copy of a photo that was decoded, where a folder is named; its failure spoils nothing."""
    if not (folder := os.environ.get(FOLDER_VARIABLE, "")):
        return
    try:
        path = copy_path(Path(folder), photo.path)
        if not path.is_file():
            write_copy(path, photo)
            remove_oldest(Path(folder), MOST_BYTES, keep=path)
    except (OSError, RuntimeError) as error:
        logger.warning("No copy of %s was kept: %s", photo.path, error)


def write_copy(path: Path, photo: Shown) -> None:
    """Write a copy: JPEG within TIFF, or with alpha without loss.

    Args:
        path: its file; there is none, or all of it, never a part.
        photo: the photo.

    Raises:
        OSError, RuntimeError: the folder cannot be written, or is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = photo.rgb8()
    bands = [shown[..., band] for band in range(1 if photo.grey else 3)]
    options = ["TILED=YES", "COMPRESS=JPEG", "JPEG_QUALITY=92", *([] if photo.grey else ["PHOTOMETRIC=YCBCR"])]
    if photo.alpha is not None:
        bands.append(photo.alpha)
        options = ["TILED=YES", "COMPRESS=DEFLATE", "ZLEVEL=1", "PREDICTOR=2", "ALPHA=YES"]
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        _write(part, bands, options)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def remove_oldest(folder: Path, most_bytes: int, keep: Path) -> None:
    """Remove the copies that were used longest ago until the folder is small enough; one is kept whatever its size."""
    copies = []
    for path in folder.glob("*.tif"):
        with contextlib.suppress(OSError):  # another QGIS has removed it
            state = path.stat()
            copies.append((state.st_mtime_ns, state.st_size, path))
    total = sum(size for _, size, _ in copies)
    for _, size, path in sorted(copies):
        if total <= most_bytes:
            return
        if path != keep:
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size


def _write(path: Path, bands: list[np.ndarray], options: list[str]) -> None:
    height, width = bands[0].shape
    with gdal.ExceptionMgr(useExceptions=True) if hasattr(gdal, "ExceptionMgr") else contextlib.nullcontext():
        dataset = gdal.GetDriverByName("GTiff").Create(str(path), width, height, len(bands), gdal.GDT_Byte, options)
        if dataset is None:
            raise RuntimeError(gdal.GetLastErrorMsg())
        gdal.ErrorReset()
        for number, band in enumerate(bands, start=1):
            dataset.GetRasterBand(number).WriteRaster(0, 0, width, height, np.ascontiguousarray(band).tobytes())
        dataset.FlushCache()
        del dataset
        if gdal.GetLastErrorType() >= gdal.CE_Failure:
            raise RuntimeError(gdal.GetLastErrorMsg())
