"""Tiny real wheels, an index that serves them, and proxies that stand in the way: what an install meets, made small."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import importlib.metadata
import threading
import urllib.parse
import zipfile
from collections.abc import Callable
from pathlib import Path


def make_wheel(folder: Path, name: str, version: str = "1.0", files: dict[str, bytes] | None = None) -> Path:
    """Write a wheel that pip and uv install; the same content gives the same bytes."""
    module = name.replace("-", "_")
    content = {f"{module}/__init__.py": f"VERSION = {version!r}\n".encode(), **(files or {})}
    info = f"{module}-{version}.dist-info"
    content[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, data in content.items():
            archive.writestr(zipfile.ZipInfo(inner, (1980, 1, 1, 0, 0, 0)), data)
    return path


def pack_installed(name: str, folder: Path) -> Path:
    """Write the wheel of a pure package that is installed here.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    found = importlib.metadata.distribution(name)
    path = folder / f"{name}-{found.version}-py3-none-any.whl"
    wanted = [file for file in found.files or () if ".." not in file.parts and file.suffix != ".pyc"]
    kept = [file for file in wanted if file.name not in ("INSTALLER", "REQUESTED", "direct_url.json")]
    with zipfile.ZipFile(path, "w") as archive:
        for file in kept:
            archive.writestr(zipfile.ZipInfo(str(file), (1980, 1, 1, 0, 0, 0)), file.read_binary())
    return path


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def hashed_line(wheel: Path) -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{name.replace('_', '-')}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves a package index (PEP 503), or behaves as a proxy; what it does is told by its server."""

    def do_GET(self) -> None:
        server = self.server
        server.asked.append(self.path)
        given = self.headers.get("Proxy-Authorization", "").removeprefix("Basic ")
        status = server.status or (407 if base64.b64decode(given).decode() != server.login else 0)
        if status:
            self.send_response(status)
            if status == 407:
                self.send_header("Proxy-Authenticate", 'Basic realm="office"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if "/files/" in self.path:
            server.before_file()
        path = urllib.parse.unquote(self.path.removeprefix(server.address))
        parts = [part for part in path.split("/") if part]
        body = self._listing(parts[1]) if parts[:1] == ["simple"] else (server.folder / parts[-1]).read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if parts[:1] == ["simple"] else "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.stall and parts[:1] != ["simple"]:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            server.stalled.set()
            server.go_on.wait(60)
            return
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.do_GET()

    def _listing(self, name: str) -> bytes:
        module = name.replace("-", "_")
        files = sorted(file for file in self.server.folder.glob("*.whl") if file.name.lower().startswith(f"{module}-"))
        links = "".join(f'<a href="{self.server.address}/files/{file.name}">{file.name}</a><br>' for file in files)
        return f"<!DOCTYPE html><html><body>{links}</body></html>".encode()

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


class Server(http.server.ThreadingHTTPServer):
    """An index over a folder of wheels, or a proxy, on a port of its own.

    Attributes:
        status: what to answer to everything, if not 0.
        login: the "name:password" that is wanted of those for whom this is a proxy; empty if none is.
        stall: stop in the middle of each file.
        before_file: called before a file is sent.
        asked: what was asked for.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.status = 0
        self.login = ""
        self.stall = False
        self.before_file: Callable[[], None] = lambda: None
        self.asked: list[str] = []
        self.stalled, self.go_on = threading.Event(), threading.Event()


@contextlib.contextmanager
def serve(folder: Path):
    with Server(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()
