"""Which bands of a raster make its picture."""

from __future__ import annotations

from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.stretch import NUMPY_TYPES


def colour_view(dataset: gdal.Dataset, name: str) -> tuple[gdal.Dataset, int, bool]:
    """Return the raster with just its colours (1 or 3 bands) and, where it has one, its alpha band last.

    Raises:
        InputError: complex numbers or another type of value that is no picture.
    """
    bands = [dataset.GetRasterBand(number) for number in range(1, dataset.RasterCount + 1)]
    if any(band.DataType not in NUMPY_TYPES for band in bands):
        kind = next(gdal.GetDataTypeName(band.DataType) for band in bands if band.DataType not in NUMPY_TYPES)
        raise InputError(f"The reference imagery {name} holds values of type {kind}, which no picture can show.")
    alphas = [i for i, band in enumerate(bands, 1) if band.GetColorInterpretation() == gdal.GCI_AlphaBand]
    table = bands[0].GetColorTable() is not None and bands[0].DataType == gdal.GDT_Byte
    if table and not (alphas and is_negative(dataset)):
        return gdal.Translate("", dataset, format="VRT", bandList=[1], rgbExpand="rgba"), 3, True
    others = [i for i in range(1, len(bands) + 1) if i not in alphas]
    colours = _red_green_blue(bands) or (others[:3] if len(others) >= 3 else others[:1])
    if not colours:
        raise InputError(f"The reference imagery {name} has an alpha band and no other.")
    chosen = colours + alphas[:1]
    if chosen != list(range(1, len(bands) + 1)) or len({band.DataType for band in bands}) > 1:
        dataset = gdal.Translate("", dataset, format="VRT", bandList=chosen)
    return dataset, len(colours), bool(alphas)


def is_negative(dataset: gdal.Dataset) -> bool:
    """Whether the highest value of its grey is black (a TIFF that is min-is-white, as film scanners write)."""
    return bool(dataset.GetMetadataItem("MINISWHITE", "IMAGE_STRUCTURE") == "YES")


def _red_green_blue(bands: list[gdal.Band]) -> list[int] | None:
    """Return the numbers of the bands that call themselves red, green and blue, where there are such."""
    meanings = [band.GetColorInterpretation() for band in bands]
    wanted = (gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand)
    return [meanings.index(colour) + 1 for colour in wanted] if all(c in meanings for c in wanted) else None
