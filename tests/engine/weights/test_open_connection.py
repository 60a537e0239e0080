"""A connection for many requests goes through the proxy that the environment names, and stays open."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator

import pytest

from astroloc_qgis.engine.weights.connection import connection_to
from tests.installer.socks_proxy import serve_socks

HOST = "tiles.example"
"""A name that nobody but the proxy can look up."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class Counting(http.server.BaseHTTPRequestHandler):
    """Answers with the client's port: the same as long as the connection is."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = f"{self.path} {self.client_address[1]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *(name.lower() for name in PROXIES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def three(url: str) -> list[bytes]:
    """The answers to three requests."""
    connection, found = connection_to(url, 10.0), []
    for number in range(3):
        connection.request("GET", f"/{number}")
        found.append(connection.getresponse().read())
    connection.close()
    return found


def one_connection(answers: list[bytes]) -> bool:
    return [answer.split()[0] for answer in answers] == [b"/0", b"/1", b"/2"] and len(
        {answer.split()[1] for answer in answers}
    ) == 1


def test_three_requests_take_one_connection(port: int) -> None:
    assert one_connection(three(f"http://127.0.0.1:{port}/"))


def test_it_goes_through_a_socks_proxy(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_socks(("ada", "p@ss"), {HOST: "127.0.0.1"}) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://ada:p%40ss@{proxy.place}")
        assert one_connection(three(f"http://{HOST}:{port}/"))
        assert proxy.asked == [(HOST, port)]


@contextlib.contextmanager
def http_proxy(asked: list[str]) -> Iterator[str]:
    """A proxy that makes one tunnel, to this machine whatever the host's name; keeps what it was asked."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)

    def serve() -> None:
        client = listening.accept()[0]
        request = b""
        while b"\r\n\r\n" not in request:
            request += client.recv(65536)
        asked.extend(request.decode().splitlines())
        inner = socket.create_connection(("127.0.0.1", int(asked[0].split()[1].rpartition(":")[2])))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=pump, args=(inner, client), daemon=True).start()
        pump(client, inner)
        inner.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_it_goes_through_an_http_proxy_with_its_login(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    with http_proxy(asked) as place:
        monkeypatch.setenv("HTTP_PROXY", f"http://ada:p%40ss@{place}")
        assert one_connection(three(f"http://{HOST}:{port}/"))
    assert asked[0].startswith(f"CONNECT {HOST}:{port} ")
    assert f"Proxy-Authorization: Basic {b64encode(b'ada:p@ss').decode()}" in asked
