"""Web services as references: how AstroLoc asks them, and what their answers mean.

GDAL's driver for tiled services (https://gdal.org/drivers/raster/wms.html) fills tiles that a service does not have
with zeros, asks under its own name, waits five minutes, and gives up at the first failure.
"""

from __future__ import annotations

import email.utils
import http.client
import logging
import re
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import TypeVar

from osgeo import gdal

from astroloc_qgis import __version__
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.tile_cache import EXPIRES_S, trim_cache_now_and_then
from astroloc_qgis.engine.progress import pause
from astroloc_qgis.engine.weights.connection import open_url

log = logging.getLogger(__name__)

Result = TypeVar("Result")

HEADERS = "HttpHeaders"
"""An element of a description that GDAL ignores: headers of HTTP, as the option GDAL_HTTP_HEADERS has them."""
_SECRETS = re.compile(rf"<(UserPwd|{HEADERS})>.*?</\1>", re.DOTALL)
_HEADERS = re.compile(rf"<{HEADERS}>(.*?)</{HEADERS}>", re.DOTALL)

USER_AGENT = f"AstroLoc for QGIS/{__version__}"
TIMEOUT_S = 30
"""Time in which a service must have answered."""
PAUSES_S = (1.0, 3.0, 9.0)
"""Pauses before a failed read is tried again, as long as it fails at the same place."""
MOST_TRIES = 20
"""Tries of one read, each of which failed at another place."""
ODD_TRIES = 3
"""Tries of a tile that is no picture: a page that says so by chance goes away, one that asks for a login stays."""
LONGEST_PAUSE_S = 120.0
"""A server that asks for a longer pause is given up for now."""
_WITH_ALPHA = ("TMS", "WMS", "AGS", "VirtualEarth")
"""Kinds of services that give a tile as a picture of its own, in which GDAL adds or keeps an alpha band."""
_NO_CODE = "999"
_STATUS = re.compile(r"HTTP (?:\w+ )?code ?: ?([1-5]\d\d)")
_PLACE = re.compile(r"Unable to download block (\d+, \d+)|ReadBlockFromFile \((http[^)]*)\)")
_ADDRESS = re.compile(r"<ServerUrl>([^<]*)</ServerUrl>")
_JPEG_WARNINGS = "GDAL_ERROR_ON_LIBJPEG_WARNING"
_TIMED_OUT = re.compile(r"timed out|Timeout was reached", re.IGNORECASE)
_NOT_REACHED = re.compile(
    r"Failed to connect|Couldn't connect|Could not connect|Could not resolve|Couldn't resolve|Connection refused",
    re.IGNORECASE,
)
_BROKEN = re.compile(
    r"Empty reply|Connection reset|Recv failure|Connection died|transfer closed|CURL error", re.IGNORECASE
)
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_REFUSALS = {401, 403, 407}


@dataclass(frozen=True)
class Failure:
    """What an error of GDAL says of a web service.

    Attributes:
        sentence: the second half of one: what the service did, and what to do.
        transient: whether the same request may well succeed a little later.
        odd: whether something came that is no picture.
        busy: whether the server may say how long to wait.
    """

    sentence: str
    transient: bool
    odd: bool = False
    busy: bool = False


_ODD = Failure(
    "its server sent something that is no picture: check its address, and whether it wants a login", False, odd=True
)


def name_ourselves() -> None:
    """Have GDAL ask web servers under AstroLoc's name, with time limits and retries, unless its options say other."""
    for option, value in (
        ("GDAL_HTTP_USERAGENT", USER_AGENT),
        ("GDAL_HTTP_MAX_RETRY", "3"),
        ("GDAL_HTTP_RETRY_DELAY", "1"),
        ("GDAL_HTTP_CONNECTTIMEOUT", str(TIMEOUT_S)),
        ("GDAL_HTTP_LOW_SPEED_TIME", str(TIMEOUT_S)),
        ("GDAL_HTTP_LOW_SPEED_LIMIT", "1"),
    ):
        if gdal.GetConfigOption(option) is None:
            gdal.SetConfigOption(option, value)


def without_login(uri: str) -> str:
    """A description without user, password and headers, which may be written down; anything else as it is."""
    return _SECRETS.sub("", uri) if "<" in uri else uri


@contextmanager
def logged_in(uri: str) -> Iterator[None]:
    """Within it, GDAL sends the headers that a description has, if any, with each request of this thread.

    A tile that is cut short is an error then: GDAL would fill it with grey, and keep it.
    """
    options = {}
    if "<" in uri:
        options[_JPEG_WARNINGS] = "TRUE"
        if found := _HEADERS.search(uri):
            options["GDAL_HTTP_HEADERS"] = unescape(found.group(1))
    before = {name: gdal.GetThreadLocalConfigOption(name) for name in options}
    for name, value in options.items():
        gdal.SetThreadLocalConfigOption(name, value)
    try:
        yield
    finally:
        for name, earlier in before.items():
            gdal.SetThreadLocalConfigOption(name, earlier)


def is_tiled_service(dataset: gdal.Dataset) -> bool:
    """Whether GDAL reads a raster tile by tile from a web service that it has a description of."""
    return dataset.GetDriver().ShortName == "WMS" and dataset.GetMetadataItem("XML", "WMS") is not None


def adapted(dataset: gdal.Dataset) -> gdal.Dataset:
    """Open a tiled service as AstroLoc needs it: missing tiles are transparent, and the service is told who asks.

    Args:
        dataset: any raster; one that is no tiled service is returned as it is.
    """
    if not is_tiled_service(dataset):
        return dataset
    root = _description(dataset)
    service, bands = root.find("Service"), root.find("BandsCount")
    kind = "" if service is None else service.get("name", "")
    plain = root.findtext("DataType", "Byte") == "Byte" and root.find("DataValues") is None
    if kind in _WITH_ALPHA and dataset.RasterCount == 3 and plain:
        if bands is None:
            bands = ElementTree.SubElement(root, "BandsCount")
        bands.text = "4"
    _set_if_missing(root, "UserAgent", gdal.GetConfigOption("GDAL_HTTP_USERAGENT") or USER_AGENT)
    _set_if_missing(root, "Timeout", str(TIMEOUT_S))
    for cache in root.findall("Cache"):
        _set_if_missing(cache, "Expires", str(EXPIRES_S))
        _set_if_missing(cache, "CleanTimeout", "0")  # not by GDAL, which would keep 64 MB
        trim_cache_now_and_then()
    return _opened(root)


def strict(dataset: gdal.Dataset) -> gdal.Dataset:
    """Open a tiled service so that a missing tile is an error, and none comes from the cache."""
    root = _description(dataset)
    for name in ("ZeroBlockHttpCodes", "ZeroBlockOnServerException", "Cache"):
        for element in root.findall(name):
            root.remove(element)
    _set_if_missing(root, "ZeroBlockHttpCodes", _NO_CODE)
    return _opened(root)


def failure_of(error: str) -> Failure | None:
    """What an error of GDAL says of a web service; None where it does not speak of one."""
    if status := _STATUS.search(error):
        return failure_of_status(int(status.group(1)))
    if _TIMED_OUT.search(error):
        return Failure("its server did not answer in time: try again later, or check the network", True)
    if _NOT_REACHED.search(error):
        return Failure("its server cannot be reached: check its address, the network and its proxy", True)
    if _BROKEN.search(error):
        return Failure("its server broke off: try again later", True)
    if "ReadBlockFromFile (http" in error:
        return _ODD
    return None


def forget_tiles(dataset: gdal.Dataset) -> None:
    """Drop the tiles of a raster that GDAL has in memory: of a damaged one it keeps what it could decode."""
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        for level in range(band.GetOverviewCount()):
            band.GetOverview(level).FlushCache()
        band.FlushCache()


def with_patience(read: Callable[[], Result], uri: str = "", forget: Callable[[], None] = lambda: None) -> Result:
    """Read, and read again after a pause where a web service failed for the moment; a cancellation ends a pause.

    Tiles that have arrived are not asked for again: a read that fails at another place than before got further.

    Args:
        read: reads.
        uri: the service's description, to ask it how long to wait (``Retry-After``).
        forget: called when something came that is no picture.

    Raises:
        RuntimeError: by GDAL, the last time.
        Cancelled: the work was cancelled during a pause.
    """
    place, waited = "", 0
    for number in range(1, MOST_TRIES + 1):
        try:
            return read()
        except RuntimeError as error:  # noqa: PERF203 - each try may fail
            failure = failure_of(str(error))
            found = _PLACE.search(str(error))
            here = found.group(0) if found else ""
            waited = waited if here == place else 0
            if failure is None or not (failure.transient or failure.odd) or number == MOST_TRIES:
                raise
            wanted = asked_pause(uri) if failure.busy else 0.0
            if waited == (ODD_TRIES - 1 if failure.odd else len(PAUSES_S)) or wanted > LONGEST_PAUSE_S:
                raise
            log.info("try %d: %s", number, " ".join(str(error).split()))
            if failure.odd:
                forget()
            pause(max(PAUSES_S[waited], wanted))
            place, waited = here, waited + 1
            gdal.VSICurlClearCache()  # which remembers what failed
    raise AssertionError  # not reached: the last try returns or raises


def asked_pause(uri: str) -> float:
    """The pause that a service of tiles asks for now, seconds; 0 where it gives tiles, or does not say.

    GDAL does not tell the headers of an answer: the tile of the whole world is asked for.
    """
    address = _ADDRESS.search(uri)
    if address is None or "${z}" not in address[1]:
        return 0.0
    plain = unescape(address[1])
    for name in ("${z}", "${x}", "${y}"):
        plain = plain.replace(name, "0")
    headers = {"User-Agent": USER_AGENT}
    if found := _HEADERS.search(uri):
        lines = (line.partition(":") for line in unescape(found.group(1)).splitlines())
        headers |= {name.strip(): value.strip() for name, _, value in lines if name.strip()}
    if not plain.startswith(("http://", "https://")):
        return 0.0
    try:
        with open_url(urllib.request.Request(plain, headers=headers), TIMEOUT_S):  # noqa: S310  (http, see above)
            return 0.0
    except urllib.error.HTTPError as error:
        with error:
            return retry_after(error.headers.get("Retry-After"))
    except (OSError, ValueError, http.client.HTTPException, InputError):
        return 0.0


def retry_after(text: str | None) -> float:
    """The seconds of a ``Retry-After`` (RFC 9110): a number, or a date."""
    if not text:
        return 0.0
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return 0.0


def failure_of_status(status: int) -> Failure:
    """What an HTTP status that is no success says of a web service."""
    if status == http.HTTPStatus.OK:  # without any content
        return _ODD
    names = {each.value: each.phrase for each in http.HTTPStatus}
    answer = f"its server answered HTTP {status}" + (f" ({names[status]})" if status in names else "")
    if status in _TRANSIENT:
        return Failure(f"{answer}: try again later", True, busy=status in (429, 503))
    if status in _REFUSALS:
        return Failure(f"{answer}: it wants a login, or does not serve AstroLoc", False)
    return Failure(f"{answer}: check its address, and that it covers the place", False)


def _description(dataset: gdal.Dataset) -> ElementTree.Element:
    return ElementTree.fromstring(dataset.GetMetadataItem("XML", "WMS"))  # noqa: S314  (written by GDAL, just now)


def _set_if_missing(root: ElementTree.Element, name: str, value: str) -> None:
    if root.find(name) is None:
        ElementTree.SubElement(root, name).text = value


def _opened(root: ElementTree.Element) -> gdal.Dataset:
    return gdal.OpenEx(ElementTree.tostring(root, encoding="unicode"), gdal.OF_RASTER | gdal.OF_READONLY)
