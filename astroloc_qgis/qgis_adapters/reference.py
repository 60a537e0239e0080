"""A raster layer of the project, as something that the engine can open with GDAL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from qgis.core import QgsDataSourceUri, QgsProviderRegistry, QgsRasterLayer
from qgis.PyQt.QtCore import QStandardPaths

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.text import tr

WEB_MERCATOR_LIMIT = 20037508.342789244


def imagery_uri(layer: QgsRasterLayer) -> str:
    """Return what GDAL opens for ``layer``: a path, a GDAL connection string or a GDAL_WMS description.

    Raises:
        InputError: the layer is of a kind that GDAL cannot read; the sentence says which kinds it can.
    """
    provider, source = layer.providerType(), layer.source()
    if provider == "gdal":
        return _gdal_source(source)
    if provider == "wms":
        parts = QgsDataSourceUri()
        parts.setEncodedUri(source)
        if parts.param("type") == "mbtiles":
            return _local_path(parts.param("url"))
        if parts.param("type") == "xyz":
            return _xyz_description(layer.name(), parts)
    raise InputError(
        tr(
            "AstroLoc cannot read imagery from the layer “{name}” ({provider}): "
            "use a raster file or an XYZ tile layer as the reference."
        ).format(name=layer.name(), provider=provider)
    )


def _gdal_source(source: str) -> str:
    """Remove what QGIS appends to a GDAL source (open options, credentials); keep a subdataset."""
    parts = QgsProviderRegistry.instance().decodeUri("gdal", source)
    path, layer_name = parts.get("path", ""), parts.get("layerName", "")
    if path and not layer_name and source.startswith(f"{path}|"):
        return str(path)
    return source


def _local_path(url: str) -> str:
    return unquote(urlsplit(url).path) if url.startswith("file:") else url


def _xyz_description(name: str, parts: QgsDataSourceUri) -> str:
    url = parts.param("url")
    if "{q}" in url or parts.authConfigId():
        raise InputError(
            tr(
                "AstroLoc cannot read the tile layer “{name}” "
                "(quadkeys or a stored login): use another layer as the reference."
            ).format(name=name)
        )
    from_bottom = "{-y}" in url
    for theirs, gdals in (("{x}", "${x}"), ("{y}", "${y}"), ("{-y}", "${y}"), ("{z}", "${z}")):
        url = url.replace(theirs, gdals)
    level = int(parts.param("zmax") or 18)
    tile_size = 512 if parts.param("tilePixelRatio") == "2" else 256
    cache = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation))
    referer = parts.httpHeader("referer")
    limit = WEB_MERCATOR_LIMIT
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{escape(url)}</ServerUrl></Service>'
        f"<DataWindow><UpperLeftX>{-limit}</UpperLeftX><UpperLeftY>{limit}</UpperLeftY>"
        f"<LowerRightX>{limit}</LowerRightX><LowerRightY>{-limit}</LowerRightY><TileLevel>{level}</TileLevel>"
        f"<TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>{'bottom' if from_bottom else 'top'}</YOrigin>"
        f"</DataWindow><Projection>EPSG:3857</Projection><BlockSizeX>{tile_size}</BlockSizeX>"
        f"<BlockSizeY>{tile_size}</BlockSizeY><BandsCount>3</BandsCount><ZeroBlockHttpCodes>204,404</ZeroBlockHttpCodes>"
        f"<ZeroBlockOnServerException>true</ZeroBlockOnServerException>"
        + (f"<Referer>{escape(referer)}</Referer>" if referer else "")
        + f"<Cache><Path>{escape(str(cache / 'astroloc_qgis' / 'tiles'))}</Path></Cache></GDAL_WMS>"
    )
