"""A server on this machine that answers as NASA's photo database does, faults included."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "sEcret/Key+1="
"""A key that has to be escaped in an address."""
NO_RECORDS = {"result": "SQL found no records that match the specified criteria"}
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + b"\x55" * 90_000 + b"\xff\xd9"
SMALL_JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + b"\x44" * 900 + b"\xff\xd9"
NUMBER = "ISS064-E-358"
FILE = "ISS064-E-358.JPG"
LARGE, SMALL = "ESC/large/ISS064", "ESC/small/ISS064"

Row = dict[str, str | None]
"""One row of a table: values by field."""

IMAGES: list[Row] = [
    {"directory": SMALL, "filename": FILE, "width": "640", "height": "427"},
    {"directory": LARGE, "filename": FILE, "width": "5568", "height": "3712"},
    {"directory": "ESC/raw/ISS064", "filename": "ISS064-E-358.NEF", "width": "5568", "height": "3712"},
]
NADIR: Row = {
    "mission": "ISS064", "roll": "E", "frame": "   358", "lat": "12.3", "lon": "-45.6", "azi": "120", "elev": "41",
    "cldp": "25", "pdate": "20201107", "ptime": "134501",
}  # fmt: skip
FRAMES: Row = {
    "mission": "ISS064", "roll": "E", "frame": "   358", "lat": "13.5", "lon": "-44.0", "nlat": "12.3", "nlon": "-45.6",
    "tilt": "24", "fclt": "400", "camera": "N5", "cldp": "25", "pdate": "20201107", "ptime": "134501", "geon": "BRAZIL",
    "feat": "RIVER", "alt": "225",
}  # fmt: skip
OUTLINE: Row = {
    "lat": "13.51", "lon": "-44.02", "orientation": "10",
    "ul_lat": "13.7", "ul_lon": "-44.3", "ur_lat": "13.7", "ur_lon": "-43.7",
    "ll_lat": "13.3", "ll_lon": "-44.3", "lr_lat": "13.3", "lr_lon": "-43.7",
}  # fmt: skip

Fault = Callable[["Handler"], None]
"""Answers in the place of the usual answer."""


@dataclass
class Photo:
    """One photo of the database: rows by table."""

    images: list[Row] = field(default_factory=lambda: [dict(one) for one in IMAGES])
    nadir: Row | None = field(default_factory=lambda: dict(NADIR))
    frames: Row | None = field(default_factory=lambda: dict(FRAMES))
    mlcoord: Row | None = field(default_factory=lambda: dict(OUTLINE))
    camera: Row | None = None


def another(number: str, **tables: Any) -> Photo:
    """A photo of another number; tables may be other ones or None."""
    files = [{**one, "filename": str(one["filename"]).replace(NUMBER, number)} for one in IMAGES]
    return Photo(**{"images": files, **tables})


class NasaServer(http.server.ThreadingHTTPServer):
    """Answers like NASA's; ``faults`` come first, one a request.

    Attributes:
        photos: of the database.
        files: contents of the pictures, by directory and name.
        faults: what is done instead of the next answers.
        asked: path and query of each request, and when it came.
        unknown: fields ("table.field") at which a query is refused.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.photos: list[Photo] = [Photo()]
        self.files: dict[str, bytes] = {f"{LARGE}/{FILE}": JPEG, f"{SMALL}/{FILE}": SMALL_JPEG}
        self.faults: list[Fault] = []
        self.asked: list[tuple[str, float]] = []
        self.unknown: set[str] = set()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def database(self) -> str:
        return f"{self.base}/PhotosDatabaseAPI.pl"

    @property
    def pictures(self) -> str:
        return f"{self.base}/DatabaseImages"

    def answer(self, query: str, wanted: str) -> Any:
        """What the database says: the tables of the fields joined, for the photos whose files match."""
        table, name, how, pattern = query.split("|", 3)
        assert (table, name, how) == ("images", "filename", "like"), query
        parts = wanted.split("|")
        fields = list(zip(parts[::2], parts[1::2], strict=True))
        if bad := {f"{one}.{name}" for one, name in fields} & self.unknown:
            return {"result": f"SQL error: unknown column {', '.join(sorted(bad))}"}
        rows = []
        for photo in self.photos:
            for image in photo.images:
                tables = {"images": image} | {one: getattr(photo, one) for one, _ in fields if one != "images"}
                if fnmatchcase(str(image["filename"]).lower(), pattern.lower()) and all(tables.values()):
                    rows.append({f"{one}.{name}": tables[one].get(name) for one, name in fields})
        return rows or NO_RECORDS


class Handler(http.server.BaseHTTPRequestHandler):
    server: NasaServer

    def do_GET(self) -> None:
        self.server.asked.append((self.path, time.monotonic()))
        (self.server.faults.pop(0) if self.server.faults else usual)(self)

    def usual(self) -> None:
        """Answer as the database and the folder of pictures do."""
        parts = urlsplit(self.path)
        if parts.path == "/PhotosDatabaseAPI.pl":
            given = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if given.get("key") != KEY:
                self.json({"result": "Invalid key"})
            else:
                self.json(self.server.answer(given["query"], given["return"]))
            return
        content = self.server.files.get(unquote(parts.path).removeprefix("/DatabaseImages/"))
        if content is None:
            self.send(404, b"<html>Not here</html>", "text/html")
        else:
            self.send(200, content, "image/jpeg")

    def json(self, content: Any) -> None:
        self.send(200, json.dumps(content).encode(), "application/json")

    def send(
        self, status: int, content: bytes, kind: str, length: int | None = None, headers: Row | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


def usual(handler: Handler) -> None:
    """No fault."""
    handler.usual()


def refusing(status: int, **headers: str) -> Fault:
    """An answer of another status."""
    return lambda handler: handler.send(status, b"<html>no</html>", "text/html", headers=dict(headers))


def saying(content: bytes, kind: str = "application/json", length: int | None = None) -> Fault:
    """An answer of status 200 with this content."""
    return lambda handler: handler.send(200, content, kind, length)


def slow(seconds: float) -> Fault:
    """Nothing, for so long."""
    return lambda _handler: time.sleep(seconds)


def hanging_up(handler: Handler) -> None:
    """The connection is closed without an answer."""
    handler.close_connection = True


@contextmanager
def running() -> Iterator[NasaServer]:
    """The server, for as long as the block."""
    with NasaServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
