"""Kept imagery as the map shows it: a coarse zoom shows through where the finest has no tiles, on the open sea."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4
from xml.sax.saxutils import escape

from osgeo import gdal

from astroloc_qgis.engine.imagery.kept.places import WHOLE_TO
from astroloc_qgis.qgis_adapters.log import log_line

COLOURS = ("Red", "Green", "Blue")


def view_of(kept: Path) -> Path:
    """The file to show for a kept file: of MBTiles a virtual raster beside it, or itself where none can be written.

    Its lower part is the finest zoom that is kept of the whole world; what the finest zoom has lies on that.
    """
    if kept.suffix != ".mbtiles":
        return kept
    view = kept.with_suffix(".vrt")
    try:
        text = _description(kept)
        if not view.is_file() or view.read_text(encoding="utf-8") != text:
            draft = view.with_name(f".{uuid4().hex}.vrt")
            draft.write_text(text, encoding="utf-8")
            draft.replace(view)
    except (OSError, RuntimeError) as error:
        log_line(f"{kept} is shown without the open sea: {error!r}")
        return kept
    return view


def _description(kept: Path) -> str:
    """The virtual raster in GDAL's XML.

    Raises:
        RuntimeError: the file cannot be opened.
    """
    coarse, fine = _opened(kept, ZOOM_LEVEL=str(WHOLE_TO)), _opened(kept)
    width, height = fine.RasterXSize, fine.RasterYSize
    file = f'<SourceFilename relativeToVRT="1">{escape(kept.name)}</SourceFilename>'
    whole = f'<DstRect xOff="0" yOff="0" xSize="{width}" ySize="{height}"/>'
    bands = []
    for number, colour in enumerate(COLOURS, start=1):
        below = (
            f'<SimpleSource resampling="bilinear">{file}<OpenOptions><OOI key="ZOOM_LEVEL">{WHOLE_TO}</OOI>'
            f'</OpenOptions><SourceBand>{number}</SourceBand><SrcRect xOff="0" yOff="0" xSize="{coarse.RasterXSize}" '
            f'ySize="{coarse.RasterYSize}"/>{whole}</SimpleSource>'
        )
        above = (
            f'<ComplexSource>{file}<SourceBand>{number}</SourceBand><SrcRect xOff="0" yOff="0" xSize="{width}" '
            f'ySize="{height}"/>{whole}<UseMaskBand>true</UseMaskBand></ComplexSource>'
        )
        bands.append(
            f'<VRTRasterBand dataType="Byte" band="{number}"><ColorInterp>{colour}</ColorInterp>{below}{above}'
            "</VRTRasterBand>"
        )
    place = ", ".join(map(repr, fine.GetGeoTransform()))
    return (
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}"><SRS>EPSG:3857</SRS>'
        f"<GeoTransform>{place}</GeoTransform>{''.join(bands)}</VRTDataset>"
    )


def _opened(path: Path, **options: str) -> gdal.Dataset:
    found = gdal.OpenEx(str(path), gdal.OF_RASTER, open_options=[f"{name}={value}" for name, value in options.items()])
    if found is None:
        raise RuntimeError(f"{path} cannot be opened")
    return found
