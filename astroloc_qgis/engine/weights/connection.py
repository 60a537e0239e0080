"""Connections to web servers: through the proxy, and with the certificates, that pip, curl and GDAL take.

Python's ``urllib`` knows HTTP proxies alone; the handshake of SOCKS 5 is short (RFC 1928, RFC 1929).
"""

from __future__ import annotations

import functools
import http.client
import os
import re
import socket
import ssl
import struct
import sys
import urllib.request
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from astroloc_qgis.engine.errors import InputError

CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
"""Variables that name a file, or a folder, of trusted certificates, beside those of the system."""
QGIS_CERTIFICATES = "certificates.pem"
"""What QGIS trusts, as the plugin writes it beside the engine's environment."""
SOCKS_PORT = 1080
REFUSALS = {
    1: "a general failure",
    2: "it is not allowed by the proxy's rules",
    3: "the network cannot be reached",
    4: "the host cannot be reached",
    5: "the connection was refused",
    6: "it took too long",
    7: "the proxy makes no connections",
    8: "the proxy knows no such kind of address",
}
"""What the proxy says, by its number (RFC 1928)."""


@dataclass(frozen=True)
class SocksProxy:
    """A SOCKS 5 proxy; ``user`` is empty where it asks for none."""

    host: str
    port: int
    user: str = ""
    password: str = ""


def open_url(request: urllib.request.Request, timeout: float) -> http.client.HTTPResponse:
    """Open an address, as ``urllib.request.urlopen`` does.

    Raises:
        InputError: the proxy or the certificates that the environment names cannot be used, or the server sends
            elsewhere without encryption.
        urllib.error.URLError: there is no connection, or the server refuses.
    """
    context = _trusted()
    proxy = _proxy_for(request)
    if isinstance(proxy, SocksProxy):
        handlers: list[Any] = [urllib.request.ProxyHandler({}), _SocksHandler(proxy, context)]
    else:
        both = urllib.request.ProxyHandler(dict.fromkeys(("http", "https"), proxy) if proxy else {})
        handlers = [both, urllib.request.HTTPSHandler(context=context)]
    response: http.client.HTTPResponse = urllib.request.build_opener(*handlers, _Redirections).open(
        request, timeout=timeout
    )
    return response


def check_address(url: str) -> str:
    """The address itself.

    Raises:
        InputError: it is neither encrypted nor on this machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")):
        return url
    raise InputError(f"The address {url} is not fetched from: it must begin with https://.")


def connection_to(url: str, timeout: float) -> http.client.HTTPConnection:
    """A connection to the server of an address, for many requests one after the other; it opens at the first.

    Args:
        url: of http or https.
        timeout: seconds without an answer.

    Raises:
        InputError: the proxy or the certificates that the environment names cannot be used.
    """
    parts = urlsplit(url)
    secure, host = parts.scheme == "https", parts.hostname or ""
    proxy = _proxy_for(urllib.request.Request(url))  # noqa: S310 - nothing is opened
    if isinstance(proxy, SocksProxy):
        kind = _through_socks(proxy, _trusted() if secure else None)
        return kind(host, parts.port or (443 if secure else 80), timeout=timeout)
    server = urlsplit(proxy if "//" in proxy else f"//{proxy}") if proxy else parts
    port = server.port or (443 if server is parts and secure else 80)
    connection = (
        http.client.HTTPSConnection(server.hostname or "", port, timeout=timeout, context=_trusted())
        if secure
        else http.client.HTTPConnection(server.hostname or "", port, timeout=timeout)
    )
    if server is not parts:
        login = f"{unquote(server.username or '')}:{unquote(server.password or '')}"
        headers = {"Proxy-Authorization": f"Basic {b64encode(login.encode()).decode()}"} if server.username else {}
        connection.set_tunnel(host, parts.port or (443 if secure else 80), headers)
    return connection


def _through_socks(proxy: SocksProxy, context: ssl.SSLContext | None) -> type[http.client.HTTPConnection]:
    """A class of connections through a SOCKS proxy; with a context they are encrypted."""

    class Connection(http.client.HTTPConnection):
        def connect(self) -> None:
            plain = _connect(proxy, self.host, self.port, self.timeout)
            self.sock = plain if context is None else context.wrap_socket(plain, server_hostname=self.host)

    return Connection


def _trusted() -> ssl.SSLContext:
    """The certificates of the system, of QGIS, and of the environment's variables."""
    named = [(name, Path(value)) for name in CERTIFICATE_VARIABLES if (value := os.environ.get(name))]
    beside = Path(sys.prefix).parent / QGIS_CERTIFICATES
    return _context((*named, *([("", beside)] if beside.is_file() else [])))


@functools.lru_cache(maxsize=4)
def _context(files: tuple[tuple[str, Path], ...]) -> ssl.SSLContext:
    """A context that trusts the system's certificates and these; made once, for it takes longer than a request."""
    context = ssl.create_default_context()
    for name, path in files:
        _trust(context, path, f", named in {name}," if name else "")
    return context


def _trust(context: ssl.SSLContext, path: Path, source: str) -> None:
    try:
        context.load_verify_locations(**{"capath" if path.is_dir() else "cafile": str(path)})
    except OSError as error:  # ssl.SSLError is one
        raise InputError(
            f"The certificates {path}{source} cannot be read: name a file of certificates in PEM.", repr(error)
        ) from error


def _proxy_for(request: urllib.request.Request) -> SocksProxy | str:
    """The proxy that the environment names for an address: of SOCKS, of HTTP as an address, or empty for none."""
    host = urlsplit(request.full_url).hostname or ""
    if urllib.request.proxy_bypass(host):
        return ""
    named = urllib.request.getproxies()
    address = named.get(request.type) or named.get("all") or ""
    scheme = re.match(r"(socks\w*)://", address, re.IGNORECASE)
    if scheme is None:
        return address
    parts = urlsplit(address)
    try:
        port = parts.port or SOCKS_PORT
    except ValueError:
        port = 0
    if scheme[1].lower() not in ("socks", "socks5", "socks5h") or not parts.hostname or not port:
        raise InputError(
            f"The proxy {scheme[1]}://{parts.hostname or ''} cannot be used: name one of HTTP or SOCKS 5, such as "
            "socks5h://proxy.example:1080."
        )
    return SocksProxy(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""))


def _connect(proxy: SocksProxy, host: str, port: int, timeout: float | None) -> socket.socket:
    """Connect to a host through a proxy, which looks up the host's name.

    Raises:
        OSError: the proxy cannot be reached, or makes no connection; the text says why.
    """
    stream = socket.create_connection((proxy.host, proxy.port), timeout)
    try:
        stream.sendall(b"\x05\x02\x00\x02" if proxy.user else b"\x05\x01\x00")
        version, method = _receive(stream, 2)
        if version != 5:
            raise ConnectionError(f"what answers at {proxy.host}:{proxy.port} is no SOCKS 5 proxy")
        if method == 2 and proxy.user:
            user, password = proxy.user.encode(), proxy.password.encode()
            stream.sendall(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
            if _receive(stream, 2)[1] != 0:
                raise ConnectionError("the SOCKS proxy does not take the name and password")
        elif method != 0:
            raise ConnectionError("the SOCKS proxy asks for a name and a password")
        name = host.encode("idna")
        stream.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + struct.pack("!H", port))
        _, refusal, _, kind = _receive(stream, 4)
        if refusal:
            raise ConnectionError(f"the SOCKS proxy made no connection: {REFUSALS.get(refusal, refusal)}")
        _receive(stream, {1: 4, 4: 16}.get(kind) or _receive(stream, 1)[0])
        _receive(stream, 2)
    except BaseException:
        stream.close()
        raise
    return stream


def _receive(stream: socket.socket, count: int) -> bytes:
    """Receive exactly so many bytes."""
    received = b""
    while len(received) < count:
        part = stream.recv(count - len(received))
        if not part:
            raise ConnectionError("the SOCKS proxy broke off")
        received += part
    return received


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Follows a server elsewhere, but to no address that is not encrypted."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        return super().redirect_request(req, fp, code, msg, headers, check_address(newurl))


class _SocksHandler(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Opens addresses through a SOCKS proxy."""

    def __init__(self, proxy: SocksProxy, context: ssl.SSLContext) -> None:
        super().__init__()
        self._proxy, self._trust = proxy, context

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_through_socks(self._proxy, None), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_through_socks(self._proxy, self._trust), request)
