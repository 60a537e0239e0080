"""Arrays as pictures, with GDAL alone: QGIS's process may use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal


def memory_dataset(image: NDArray[Any]) -> gdal.Dataset:
    """(H, W[, bands]) array -> GDAL dataset in memory."""
    bands = image[..., None] if image.ndim == 2 else image
    height, width, count = bands.shape
    kind = {"uint8": gdal.GDT_Byte, "uint16": gdal.GDT_UInt16, "int16": gdal.GDT_Int16, "float32": gdal.GDT_Float32}
    dataset = gdal.GetDriverByName("MEM").Create("", width, height, count, kind[bands.dtype.name])
    dataset.WriteRaster(0, 0, width, height, np.ascontiguousarray(bands.transpose(2, 0, 1)).tobytes())
    return dataset


def write_image(path: Path, image: NDArray[Any], *, alpha: bool | None = None, options: tuple[str, ...] = ()) -> Path:
    """Write a photo as JPEG, PNG or TIFF, by the ending; 2 and 4 bands are with alpha unless told otherwise."""
    driver = {".jpg": "JPEG", ".png": "PNG", ".tif": "GTiff"}[path.suffix.lower()]
    dataset = memory_dataset(image)
    if alpha if alpha is not None else dataset.RasterCount in (2, 4):
        dataset.GetRasterBand(dataset.RasterCount).SetColorInterpretation(gdal.GCI_AlphaBand)
    settings = [*options, *(["QUALITY=95"] if driver == "JPEG" else [])]
    gdal.GetDriverByName(driver).CreateCopy(str(path), dataset, options=settings)
    return path
