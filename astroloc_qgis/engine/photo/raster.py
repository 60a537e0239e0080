"""The raster in a photo's file: its bands as stored, turned upright, and 16 bits shown as 8.

This module needs numpy and GDAL only and leaves GDAL's exceptions as they are, so that QGIS's process can use it too.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.decoding.raw import no_picture
from astroloc_qgis.engine.photo.kinds import Kind, format_name, kind_of
from astroloc_qgis.engine.photo.pages import picture_of, read_pages, rivals_of
from astroloc_qgis.engine.photo.tiff import Directory

logger = logging.getLogger(__name__)

FORMATS = ("JPEG", "PNG", "GTiff", "WEBP", "JPEGXL", "JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID")
"""GDAL's drivers for photos; those after the third are not in every build."""
PIXEL_TYPES: dict[int, np.dtype[Any]] = {gdal.GDT_Byte: np.dtype(np.uint8), gdal.GDT_UInt16: np.dtype(np.uint16)}
SAMPLE_SIDE = 2048
"""Pixels of the long side that are sampled for the range of 16 bits."""

ALIKE = 0.8
"""Correlation above which two pages of a TIFF show the same."""


def open_raster(path: Path) -> gdal.Dataset:
    """Open a photo that GDAL reads; of a TIFF with several pages the one that is the picture.

    Raises:
        InputError: a camera's raw file, which is developed (``decoding.raw``); a TIFF that holds several pictures.
        RuntimeError: no such file, or not one of ``FORMATS``.
    """
    if kind_of(path) is Kind.RAW:
        raise no_picture(path)
    dataset = _open(str(path))
    pages = read_pages(path) if dataset.GetDriver().ShortName == "GTiff" else []
    if not pages:
        return dataset
    picture = picture_of(pages)
    if picture is not pages[0]:
        dataset = _open_page(path, picture)
        logger.info("%s: the picture is the one of %d x %d pixels", path, *picture.size)
    rivals = rivals_of(picture, pages)
    if rivals and not all(_show_the_same(dataset, path, rival) for rival in rivals):
        width, height = picture.size
        raise InputError(
            f"The photo {path} holds {len(rivals) + 1} different pictures, the largest of {width} x {height} pixels: "
            "save the one you mean as a file of its own."
        )
    return dataset


def not_an_image(path: Path, details: str) -> InputError:
    """The error of a file that ``open_raster`` cannot open: what it is, where this GDAL lacks only its driver."""
    try:
        with path.open("rb") as file:
            kind = format_name(file.read(16))
    except OSError:
        kind = ""
    drivers = {"JPEG 2000": FORMATS[5:], "WebP": ("WEBP",)}.get(kind, ())
    if drivers and not any(gdal.GetDriverByName(driver) for driver in drivers):
        return InputError(
            f"The photo {path} is a {kind} image, which GDAL {gdal.__version__} here cannot read (a newer QGIS may): "
            "convert it to JPEG, PNG or TIFF.",
            details,
        )
    return InputError(f"The photo {path} is not a JPEG, PNG or TIFF image: convert it to one of these.", details)


def _open(name: str) -> gdal.Dataset:
    dataset = gdal.OpenEx(name, gdal.OF_RASTER | gdal.OF_READONLY, allowed_drivers=list(FORMATS))
    if dataset is None:  # where GDAL's exceptions are off
        raise RuntimeError(gdal.GetLastErrorMsg())
    return dataset


def _open_page(path: Path, page: Directory) -> gdal.Dataset:
    """Open a page of a TIFF that is not the first."""
    try:
        return _open(f"GTIFF_DIR:off:{page.offset}:{path}")
    except RuntimeError as error:
        width, height = page.size
        raise InputError(
            f"The picture of {width} x {height} pixels in {path} cannot be read, only a smaller one: save it as a TIFF "
            "of one page.",
            str(error),
        ) from error


def _show_the_same(dataset: gdal.Dataset, path: Path, page: Directory) -> bool:
    """Whether a page shows what another does, as far as a small copy of both tells."""
    try:
        first, second = (_small_copy(each) for each in (dataset, _open(f"GTIFF_DIR:off:{page.offset}:{path}")))
    except RuntimeError:
        return True  # it cannot be read: nobody means it
    width, height = page.size
    stretched = abs(width * dataset.RasterYSize - height * dataset.RasterXSize) > 2 * max(width, height)
    if stretched or not (first.std() and second.std()):
        return not stretched
    return bool(np.corrcoef(first, second)[0, 1] > ALIKE)


def _small_copy(dataset: gdal.Dataset) -> NDArray[np.float32]:
    """The first band in at most 64 x 64 pixels, flat."""
    raw = dataset.GetRasterBand(1).ReadRaster(
        buf_xsize=64, buf_ysize=64, buf_type=gdal.GDT_Float32, resample_alg=gdal.GRIORA_Average
    )
    if raw is None:
        raise RuntimeError(gdal.GetLastErrorMsg())
    return np.frombuffer(raw, np.float32)


def read_bands(path: Path, dataset: gdal.Dataset) -> tuple[NDArray[Any], bool, bool]:
    """Read the pixels as stored, a negative (min-is-white) as a positive.

    Returns:
        (H, W, bands) uint8 or uint16, whether it is grey, and whether the last band is alpha.

    Raises:
        InputError: a kind of pixels that is not supported.
        RuntimeError: GDAL cannot read them.
    """
    first = dataset.GetRasterBand(1)
    inverted = dataset.GetMetadataItem("MINISWHITE", "IMAGE_STRUCTURE") == "YES"
    if first.GetColorTable() is not None and not inverted:  # GDAL gives inverted grey a colour table as well
        dataset = gdal.Translate("", dataset, format="VRT", bandList=[1], rgbExpand="rgba", outputType=gdal.GDT_Byte)
        first = dataset.GetRasterBand(1)
    count = dataset.RasterCount
    pixel_type = PIXEL_TYPES.get(first.DataType)
    if pixel_type is None:
        kind = gdal.GetDataTypeName(first.DataType)
        raise InputError(f"The photo {path} holds values of type {kind}; only 8 and 16 bits can be read: save it so.")
    meanings = [dataset.GetRasterBand(number).GetColorInterpretation() for number in range(1, count + 1)]
    if count > 4 or gdal.GCI_CyanBand in meanings:
        raise InputError(
            f"The photo {path} has {count} bands that are not grey or RGB with or without alpha: save it as RGB."
        )
    has_alpha = count in (2, 4) and meanings[-1] == gdal.GCI_AlphaBand
    width, height, size = dataset.RasterXSize, dataset.RasterYSize, pixel_type.itemsize
    raw = dataset.ReadRaster(
        buf_pixel_space=count * size, buf_line_space=width * count * size, buf_band_space=size, buf_type=first.DataType
    )
    if raw is None:
        raise RuntimeError(gdal.GetLastErrorMsg())
    bands = np.frombuffer(raw, pixel_type).reshape(height, width, count)
    if count in (2, 4) and not has_alpha:
        logger.info("%s: band %d is not opacity and is left out", path, count)
        bands = bands[..., : count - 1]
    bits = int(first.GetMetadataItem("NBITS", "IMAGE_STRUCTURE") or 8 * size)
    if inverted:
        bands = bands.copy()
        bands[..., 0] = pixel_type.type(2**bits - 1) - bands[..., 0]
    if bits < 8:
        bands = bands * np.uint8(255 // (2**bits - 1))
    if not has_alpha:
        mask = _valid(dataset, bands.shape[2])
        if mask is not None:
            most = pixel_type.type(np.iinfo(pixel_type).max)
            bands, has_alpha = np.concatenate([bands, np.where(mask, most, pixel_type.type(0))], axis=2), True
    if has_alpha and (bands[..., -1] == np.iinfo(pixel_type).max).all():
        bands, has_alpha = bands[..., :-1], False  # opaque all over: as good as none
    return bands, count <= 2, has_alpha


def _valid(dataset: gdal.Dataset, count: int) -> NDArray[np.bool_] | None:
    """(H, W, 1) where the file's mask or nodata value says that one of the first bands is valid; None without them."""
    valid: NDArray[np.bool_] | None = None
    if dataset.GetDriver().ShortName == "JPEG":  # it has neither, and GDAL would refuse it for its damaged EXIF
        return None
    for number in range(1, count + 1):
        band = dataset.GetRasterBand(number)
        flags = band.GetMaskFlags()
        if flags & (gdal.GMF_ALL_VALID | gdal.GMF_ALPHA):
            return None
        mask = band.GetMaskBand().ReadRaster(buf_type=gdal.GDT_Byte)
        if mask is None:
            raise RuntimeError(gdal.GetLastErrorMsg())
        shown = np.frombuffer(mask, np.uint8).reshape(dataset.RasterYSize, dataset.RasterXSize, 1) > 0
        valid = shown if valid is None else valid | shown
        if flags & gdal.GMF_PER_DATASET:
            break
    return valid


def split_alpha(bands: NDArray[Any], has_alpha: bool) -> tuple[NDArray[Any], NDArray[np.uint8] | None]:
    """Split the bands (H, W, bands) of ``read_bands`` into colours and alpha (H, W) of 8 bits, None without one."""
    if not has_alpha:
        return bands, None
    alpha = bands[..., -1] if bands.dtype == np.uint8 else bands[..., -1] >> 8
    return bands[..., :-1], alpha.astype(np.uint8)


def upright(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn a stored image (H, W) or (H, W, bands) upright by its EXIF orientation (Exif 2.32, tag 274), 1 to 8."""
    if orientation in (2, 3, 4):
        return {2: image[:, ::-1], 3: image[::-1, ::-1], 4: image[::-1]}[orientation]
    if orientation >= 5:
        swapped = image.swapaxes(0, 1)
        return {5: swapped, 6: swapped[:, ::-1], 7: swapped[::-1, ::-1], 8: swapped[::-1]}[orientation]
    return image


def to_stored(xy: NDArray[np.float64], orientation: int, size: tuple[int, int]) -> NDArray[np.float64]:
    """Points of the upright photo -> the same points in the pixels as the file has them.

    Args:
        xy: (N, 2) photo pixels, corner convention.
        orientation: EXIF orientation, 1 to 8.
        size: width and height of the upright photo.
    """
    x, y = _mirrored(xy, orientation, size)
    return np.column_stack([y, x] if orientation >= 5 else [x, y])


def from_stored(xy: NDArray[np.float64], orientation: int, size: tuple[int, int]) -> NDArray[np.float64]:
    """Points in the pixels as the file has them -> the same points of the upright photo; as ``to_stored``."""
    return np.column_stack(_mirrored(xy[:, ::-1] if orientation >= 5 else xy, orientation, size))


def _mirrored(
    xy: NDArray[np.float64], orientation: int, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y, counted from the other side where the orientation says so."""
    x, y = xy[:, 0], xy[:, 1]
    return (
        size[0] - x if orientation in (2, 3, 6, 7) else x,
        size[1] - y if orientation in (3, 4, 7, 8) else y,
    )


def stretch_range(colours: NDArray[Any], alpha: NDArray[np.uint8] | None) -> tuple[float, float]:
    """The values of a photo of 16 bits that are shown black and white: its darkest and brightest thousandth.

    Args:
        colours: (H, W, 1 or 3) uint16.
        alpha: (H, W); what is transparent does not count.
    """
    step = max(1, max(colours.shape) // SAMPLE_SIDE)
    seen = colours[::step, ::step]
    if seen.shape[2] == 1:
        seen = np.repeat(seen, 3, axis=2)
    if alpha is not None and (alpha[::step, ::step] > 0).any():
        seen = seen[alpha[::step, ::step] > 0]
    low, high = np.percentile(seen, (0.1, 99.9))
    return (float(low), float(high)) if high > low else (0.0, 65535.0)


def stretch_table(low: float, high: float) -> NDArray[np.uint8]:
    """(65536,) the 8 bits of every value of 16 bits."""
    return np.rint(np.clip((np.arange(65536) - low) * (255.0 / (high - low)), 0, 255)).astype(np.uint8)
