"""A web server of map tiles on this machine, which can fail in every way that real ones do."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.tiles import HALF_WORLD_M

Answer = int | bytes | None
"""An HTTP status without a picture, the content of a tile, or None: the connection is closed without a word."""


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a tile (H, W, 3), RGB."""
    return bytes(cv2.imencode(".jpg", pixels[..., ::-1])[1].tobytes())


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a tile (H, W, 3 or 4), RGB."""
    order = [2, 1, 0, 3][: pixels.shape[2]]
    return bytes(cv2.imencode(".png", pixels[..., order])[1].tobytes())


@dataclass
class TileServer:
    """What was asked, and what is answered.

    Attributes:
        address: of the server.
        answer: gives the answer for a tile: zoom, column, row.
        asked: the tiles that were asked for, in order.
        agents: the names under which it was asked.
        retry_after: seconds that an answer 429 asks to wait.
    """

    address: str
    answer: Callable[[int, int, int], Answer]
    asked: list[tuple[int, int, int]] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    retry_after: int = 0

    def description(self, level: int = 9, *, bands: int = 3, more: str = "", zeros: str = "204,404") -> str:
        """The server's layer of the whole world as GDAL opens it; ``zeros`` are the codes of missing tiles."""
        limit = HALF_WORLD_M
        codes = f"<ZeroBlockHttpCodes>{zeros}</ZeroBlockHttpCodes>" if zeros else ""
        return (
            f'<GDAL_WMS><Service name="TMS"><ServerUrl>{self.address}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service>'
            f"<DataWindow><UpperLeftX>{-limit}</UpperLeftX><UpperLeftY>{limit}</UpperLeftY><LowerRightX>{limit}"
            f"</LowerRightX><LowerRightY>{-limit}</LowerRightY><TileLevel>{level}</TileLevel>"
            "<TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>"
            "<Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY>"
            f"<BandsCount>{bands}</BandsCount>{codes}{more}</GDAL_WMS>"
        )


@contextmanager
def tile_server(answer: Callable[[int, int, int], Answer]) -> Iterator[TileServer]:
    """Serve tiles until the block ends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            zoom, column, row = (int(part) for part in self.path.strip("/").removesuffix(".png").split("/"))
            state.asked.append((zoom, column, row))
            state.agents.add(self.headers.get("User-Agent", ""))
            found = state.answer(zoom, column, row)
            if found is None:
                self.connection.close()
                return
            status, content = (found, b"") if isinstance(found, int) else (200, found)
            self.send_response(status)
            if status == 429 and state.retry_after:
                self.send_header("Retry-After", str(state.retry_after))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = TileServer(f"http://127.0.0.1:{server.server_port}", answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
