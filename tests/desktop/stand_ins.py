"""Servers on this machine for the walk to the first photo: NASA's tiles of Blue Marble, and PyTorch's index."""

from __future__ import annotations

import http.server
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Answer = Callable[[str], tuple[int, str, bytes]]
"""From a path to status, type and content."""


@contextmanager
def serving(answer: Answer, latency_s: float = 0.0) -> Iterator[str]:
    """Serve answers until the block ends; yields the address.

    Args:
        answer: gives what is answered to a path.
        latency_s: how long each answer takes, as from far away.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections stay open, as those of NASA's server do

        def do_GET(self) -> None:
            time.sleep(latency_s)
            status, kind, content = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def tiles_of(mbtiles: Path, sea: bytes, sent: list[int]) -> Answer:
    """Answers /zoom/row/column.jpeg from a file; where that has no tile there is sea.

    Args:
        mbtiles: the file.
        sea: a tile.
        sent: gets the size of each answer.
    """
    local = threading.local()

    def answer(path: str) -> tuple[int, str, bytes]:
        zoom, row, column = (int(part) for part in path.strip("/").removesuffix(".jpeg").split("/"))
        if not hasattr(local, "database"):
            local.database = sqlite3.connect(f"{mbtiles.resolve().as_uri()}?mode=ro", uri=True)
        found = local.database.execute(
            "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?",
            (zoom, column, 2**zoom - 1 - row),
        ).fetchone()
        content = bytes(found[0]) if found else sea
        sent.append(len(content))
        return 200, "image/jpeg", content

    return answer


def index_of(wheel: Path) -> Answer:
    """Answers as a package index (PEP 503) with one wheel."""

    def answer(path: str) -> tuple[int, str, bytes]:
        if path.endswith(".whl"):
            return 200, "application/octet-stream", wheel.read_bytes()
        name = wheel.name.replace("+", "%2B")
        return 200, "text/html", f'<!DOCTYPE html><html><body><a href="/{name}">{wheel.name}</a></body></html>'.encode()

    return answer
