"""Fetching many tiles of one service: a few connections that stay open, each tile checked, patience, and a stop.

A server that asks for a pause (``Retry-After``) gets it from all connections.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from urllib.parse import urlsplit

from osgeo import gdal

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery import web_service
from astroloc_qgis.engine.imagery.catalogue import TILE_PX
from astroloc_qgis.engine.imagery.kept.tile_store import Tile
from astroloc_qgis.engine.weights.connection import connection_to

log = logging.getLogger(__name__)

CONNECTIONS = 6
"""As many as a browser opens to one server."""
_AHEAD = 4
"""Tiles that wait for a connection, for each of them."""
_ASK_S = 0.2

_numbers = itertools.count()


class _PassingError(Exception):
    """A tile that may well come a little later.

    Attributes:
        sentence: the second half of one.
        pause_s: the pause that the server asks for; 0 where it does not.
    """

    def __init__(self, sentence: str, pause_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.sentence, self.pause_s = sentence, pause_s


class TileFetcher:
    """The tiles of one service; a context that closes the connections, in the middle of an answer where it must.

    Args:
        address: of a tile, with ${z}, ${y} and ${x}.
        title: the service's name, for sentences.
        connections: open at a time.
    """

    def __init__(self, address: str, title: str, connections: int = CONNECTIONS) -> None:
        self._address, self._title, self._count = address, title, connections
        self._own = threading.local()
        self._open: set[http.client.HTTPConnection] = set()
        self._stopped = threading.Event()
        self._not_before = 0.0

    def __enter__(self) -> TileFetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Break off all connections."""
        self._stopped.set()
        for connection in list(self._open):
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def fetch(self, tiles: Iterable[Tile], ask: Callable[[], None]) -> Iterator[tuple[Tile, bytes]]:
        """Fetch tiles, in no order.

        Args:
            tiles: which.
            ask: called several times a second; raises to end the work.

        Yields:
            Tile, content: a picture of the right size.

        Raises:
            InputError: the service does not give a tile, or not for now.
        """
        left = iter(tiles)
        pool = ThreadPoolExecutor(self._count, thread_name_prefix="tiles")
        waiting: dict[Future[bytes], Tile] = {}
        try:
            while True:
                for tile in itertools.islice(left, _AHEAD * self._count - len(waiting)):
                    waiting[pool.submit(self._patiently, tile)] = tile
                if not waiting:
                    return
                done, _ = wait(waiting, timeout=_ASK_S, return_when=FIRST_COMPLETED)
                ask()
                for future in done:
                    yield waiting.pop(future), future.result()
        except BaseException:
            self.stop()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _patiently(self, tile: Tile) -> bytes:
        for pause in (*web_service.PAUSES_S, None):
            self._stopped.wait(max(0.0, self._not_before - time.monotonic()))
            if self._stopped.is_set():
                return b""  # nobody waits for it any more
            try:
                return self._once(tile)
            except _PassingError as error:
                log.info("tile %s of %s: %s", tile, self._title, error.sentence)
                if pause is None or error.pause_s > web_service.LONGEST_PAUSE_S:
                    raise self._failure(tile, error.sentence) from error
                if error.pause_s:
                    self._not_before = max(self._not_before, time.monotonic() + error.pause_s)
                self._stopped.wait(max(pause, error.pause_s))
        raise AssertionError  # not reached: the last try returns or raises

    def _once(self, tile: Tile) -> bytes:
        address = url_of(self._address, tile)
        parts = urlsplit(address)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection = self._connection()
        try:
            connection.request("GET", path, headers={"User-Agent": web_service.USER_AGENT})
            response = connection.getresponse()
            content = response.read()
        except ssl.SSLCertVerificationError as error:
            connection.close()
            raise self._failure(tile, f"its certificate is not trusted ({error.verify_message})") from error
        except TimeoutError as error:
            connection.close()
            raise _PassingError("its server did not answer in time: try again later, or check the network") from error
        except ConnectionRefusedError as error:
            connection.close()
            raise _PassingError("its server cannot be reached: check its address, the network and its proxy") from error
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            why = f"its server cannot be reached or broke off ({error}): check the network and its proxy"
            raise _PassingError(why) from error
        if response.status != http.HTTPStatus.OK:
            failure = web_service.failure_of_status(response.status)
            if not failure.transient:
                raise self._failure(tile, failure.sentence)
            raise _PassingError(failure.sentence, web_service.retry_after(response.headers.get("Retry-After")))
        if problem := tile_problem(content):
            raise _PassingError(f"its server sent something that is no tile ({problem}): try again later")
        return content

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = connection_to(self._address, web_service.TIMEOUT_S)
            self._open.add(connection)
        return connection

    def _failure(self, tile: Tile, why: str) -> InputError:
        return InputError(f"{self._title} could not be fetched: {why}.", url_of(self._address, tile))


def url_of(address: str, tile: Tile) -> str:
    """The address of one tile."""
    for name, value in zip(("${z}", "${x}", "${y}"), tile, strict=True):
        address = address.replace(name, str(value))
    return address


def tile_problem(content: bytes, side: int = TILE_PX) -> str:
    """What is wrong with a tile, in a few words: that it is no picture, is cut short or has another size; else ""."""
    name = f"/vsimem/tile-{next(_numbers)}"
    before = gdal.GetThreadLocalConfigOption("GDAL_ERROR_ON_LIBJPEG_WARNING")
    gdal.SetThreadLocalConfigOption("GDAL_ERROR_ON_LIBJPEG_WARNING", "TRUE")  # of a file that is cut short
    gdal.FileFromMemBuffer(name, content)
    try:
        dataset = gdal.OpenEx(name, gdal.OF_RASTER, allowed_drivers=["JPEG", "PNG"])
        if (dataset.RasterXSize, dataset.RasterYSize) != (side, side):
            return f"a picture of {dataset.RasterXSize} x {dataset.RasterYSize} pixels"
        dataset.ReadRaster()
    except RuntimeError:
        return "no picture, or a damaged one"
    finally:
        dataset = None
        gdal.Unlink(name)
        gdal.SetThreadLocalConfigOption("GDAL_ERROR_ON_LIBJPEG_WARNING", before)
    return ""
