"""A raster layer of the project, as something that the engine can open with GDAL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsDataSourceUri, QgsProviderRegistry, QgsRasterLayer
from qgis.PyQt.QtCore import QStandardPaths, QUrl
from qgis.PyQt.QtNetwork import QNetworkRequest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.qgis_adapters.text import tr

WEB_MERCATOR_LIMIT = 20037508.342789244
EXPIRES_S = 10 * 365 * 86_400
"""Tiles are asked for again when they are older: the engine's own ``tile_cache.EXPIRES_S``."""


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
        if parts.param("tileMatrixSet"):
            return _wmts_description(layer.name(), parts)
    raise InputError(
        tr(
            "AstroLoc cannot read imagery from the layer “{name}” ({provider}): "
            "use a raster file, an XYZ tile layer or a WMTS layer as the reference."
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
    if "{q}" in url:
        raise InputError(
            tr("AstroLoc cannot read the tile layer “{name}” (quadkeys): use another layer as the reference.").format(
                name=name
            )
        )
    from_bottom = "{-y}" in url
    for theirs, gdals in (("{x}", "${x}"), ("{y}", "${y}"), ("{-y}", "${y}"), ("{z}", "${z}")):
        url = url.replace(theirs, gdals)
    level = int(parts.param("zmax") or 18)
    tile_size = 512 if parts.param("tilePixelRatio") == "2" else 256
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
        + _login(name, parts)
        + f"{_cache()}</GDAL_WMS>"
    )


def _wmts_description(name: str, parts: QgsDataSourceUri) -> str:
    """A layer of a WMTS as GDAL opens it (https://gdal.org/drivers/raster/wmts.html)."""
    if parts.param("tileDimensions"):
        raise InputError(
            tr(
                "AstroLoc cannot read the layer “{name}”, which has a time or another dimension: choose a daily "
                "service of the finer reference, or use another layer."
            ).format(name=name)
        )
    url = parts.param("url")
    if "capabilities" not in url.lower():
        url += f"{'&' if '?' in url else '?'}SERVICE=WMTS&REQUEST=GetCapabilities"
    referer = parts.httpHeader("referer")
    return (
        f"<GDAL_WMTS><GetCapabilitiesUrl>{escape(url)}</GetCapabilitiesUrl>"
        f"<Layer>{escape(parts.param('layers'))}</Layer><Style>{escape(parts.param('styles'))}</Style>"
        f"<TileMatrixSet>{escape(parts.param('tileMatrixSet'))}</TileMatrixSet>"
        "<BandsCount>4</BandsCount><ZeroBlockHttpCodes>204,404</ZeroBlockHttpCodes>"
        + (f"<Referer>{escape(referer)}</Referer>" if referer else "")
        + _login(name, parts)
        + f"{_cache()}</GDAL_WMTS>"
    )


def _cache() -> str:
    """Where tiles are kept, and that they do not grow old."""
    folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation))
    path = escape(str(folder / "astroloc_qgis" / "tiles"))
    return f"<Cache><Path>{path}</Path><Expires>{EXPIRES_S}</Expires><CleanTimeout>0</CleanTimeout></Cache>"


def _login(name: str, parts: QgsDataSourceUri) -> str:
    """What a layer logs in with, as elements of a description that never leaves this computer's memory.

    User and password as GDAL sends them; every other method of QGIS that works by headers, as these headers.
    """
    if not parts.authConfigId():
        user, password = parts.username(), parts.password()
        return f"<UserPwd>{escape(f'{user}:{password}')}</UserPwd>" if user else ""
    manager, config = QgsApplication.authManager(), QgsAuthMethodConfig()
    if manager.loadAuthenticationConfig(parts.authConfigId(), config, True)[0] and config.method() == "Basic":
        login = f"{config.config('username')}:{config.config('password')}"
        return f"<UserPwd>{escape(login)}</UserPwd>"
    request = QNetworkRequest(QUrl(parts.param("url").split("{")[0]))
    before = request.url()
    done, request = manager.updateNetworkRequest(request, parts.authConfigId())
    headers = {bytes(key).decode(): bytes(request.rawHeader(key)).decode() for key in request.rawHeaderList()}
    if not done or not headers or request.url() != before:
        raise InputError(
            tr(
                "AstroLoc cannot log in as the layer “{name}” does ({method}): a user and password, or a method that "
                "works by headers, are possible."
            ).format(name=name, method=config.method() or tr("unknown"))
        )
    return f"<HttpHeaders>{escape(','.join(_quoted(key, value) for key, value in headers.items()))}</HttpHeaders>"


def _quoted(key: str, value: str) -> str:
    """A header as GDAL's option GDAL_HTTP_HEADERS has it: in quotes, where there is a comma or a quote in it."""
    text = f"{key}: {value}"
    if "," not in text and '"' not in text:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
