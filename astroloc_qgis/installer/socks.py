"""A way through a SOCKS proxy for pip, which speaks HTTP to proxies only: an HTTP proxy of one's own that hands on.

It listens on this machine alone, for as long as the install runs, and serves only who knows its password.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import secrets
import select
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

SCHEMES = ("socks", "socks5", "socks5h")
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PIP_PROXY")
"""The variables that may name a proxy; all but the last in small letters too."""
USUAL_PORT = 1080
CONNECT_S, IDLE_S = 30.0, 120.0
BLOCK = 1 << 16
LONGEST_HEAD = 1 << 16
VERSION, NO_PASSWORD, PASSWORD, CONNECT = 5, 0, 2, 1
IPV4, NAME, IPV6 = 1, 3, 4
ADDRESS_BYTES = {IPV4: 4, IPV6: 16}
UNREACHABLE, PASSWORD_WANTED = 502, 407
LOGIN = "proxy-authorization:"


@dataclass(frozen=True)
class SocksProxy:
    """A SOCKS 5 proxy: where it is, and the name and password that it wants, if any."""

    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, address: str) -> SocksProxy | None:
        """Read an address such as ``socks5h://name:password@host:1080``; None for one of another kind."""
        parts = urlsplit(address)
        if parts.scheme.lower() not in SCHEMES or not parts.hostname:
            return None
        with contextlib.suppress(ValueError):  # the port is no number
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            return cls(parts.hostname, parts.port or USUAL_PORT, user, password)
        return None


class SocksRefused(Exception):
    """The proxy lets nobody through; ``status`` is what an HTTP proxy would say."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@contextlib.contextmanager
def bridged(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Give programs that know no SOCKS a way through the SOCKS proxy that the environment names.

    Args:
        environment: the variables that would be theirs.

    Yields:
        The variables to change, so that they ask the bridge; none where no SOCKS proxy is named.
    """
    named = {name: SocksProxy.of(environment.get(name, "")) for each in VARIABLES for name in (each, each.lower())}
    proxies = {name: proxy for name, proxy in named.items() if proxy is not None}
    with contextlib.ExitStack() as bridges:
        addresses = {proxy: bridges.enter_context(_bridge(proxy)) for proxy in set(proxies.values())}
        yield {name: addresses[proxy] for name, proxy in proxies.items()}


def connect(proxy: SocksProxy, host: str, port: int) -> socket.socket:
    """Connect to a host, whose name the proxy looks up, through a SOCKS 5 proxy (RFC 1928 and 1929).

    Raises:
        SocksRefused: the proxy is not there, wants another password, or cannot reach the host.
    """
    try:
        connection = socket.create_connection((proxy.host, proxy.port), timeout=CONNECT_S)
    except OSError as error:
        raise SocksRefused(UNREACHABLE, f"The SOCKS proxy cannot be reached: {error}") from error
    try:
        _log_in(connection, proxy)
        connection.sendall(bytes([VERSION, CONNECT, 0]) + _address(host) + struct.pack("!H", port))
        _, answer, _, kind = _exactly(connection, 4)
        if answer != 0:
            raise SocksRefused(UNREACHABLE, f"The SOCKS proxy cannot reach {host} (its reply is {answer})")
        length = _exactly(connection, 1)[0] if kind == NAME else ADDRESS_BYTES.get(kind, 0)
        _exactly(connection, length + 2)
    except OSError as error:
        connection.close()
        raise SocksRefused(UNREACHABLE, f"The SOCKS proxy broke off: {error}") from error
    except (SocksRefused, ValueError):
        connection.close()
        raise
    connection.settimeout(None)
    return connection


def _log_in(connection: socket.socket, proxy: SocksProxy) -> None:
    methods = bytes([NO_PASSWORD, PASSWORD] if proxy.user else [NO_PASSWORD])
    connection.sendall(bytes([VERSION, len(methods)]) + methods)
    version, method = _exactly(connection, 2)
    if version != VERSION:
        raise SocksRefused(UNREACHABLE, "What answers is no SOCKS 5 proxy")
    if method == PASSWORD:
        user, password = proxy.user.encode()[:255], proxy.password.encode()[:255]
        connection.sendall(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
        if _exactly(connection, 2)[1] != 0:
            raise SocksRefused(PASSWORD_WANTED, "Proxy Authentication Required")
    elif method != NO_PASSWORD:
        raise SocksRefused(PASSWORD_WANTED, "Proxy Authentication Required")


def _address(host: str) -> bytes:
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        return bytes([IPV4 if address.version == 4 else IPV6]) + address.packed
    name = host.encode("idna")[:255]
    return bytes([NAME, len(name)]) + name


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("the connection was closed")
        data += more
    return data


class _Bridge(socketserver.ThreadingTCPServer):
    """The HTTP proxy: one thread a connection."""

    daemon_threads = True

    def __init__(self, proxy: SocksProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.proxy = proxy
        self.secret = secrets.token_urlsafe(16)


class _Connection(socketserver.StreamRequestHandler):
    """One connection of a client: its first request says where to; from then on bytes go to and fro."""

    rbufsize = 0  # nothing of what follows the head may stay in a buffer
    server: _Bridge

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the client went away, or sent what is no request
            self._handle()

    def _handle(self) -> None:
        method, target, lines = self._head()
        login = base64.b64encode(f"astroloc:{self.server.secret}".encode()).decode()
        if f"Basic {login}" not in [line[len(LOGIN) :].strip() for line in lines if line.lower().startswith(LOGIN)]:
            self._answer(403, "Forbidden")
            return
        place = urlsplit(f"//{target}" if method == "CONNECT" else target)
        try:
            remote = connect(self.server.proxy, place.hostname or "", place.port or 80)
        except SocksRefused as refusal:
            self._answer(refusal.status, str(refusal))
            return
        with remote:
            if method == "CONNECT":
                self._answer(200, "Connection established")
            else:  # a plain request: as the host itself expects it, and one a connection
                path = target.partition("//")[2].partition("/")[2]
                kept = [line for line in lines if not line.lower().startswith(("proxy-", "connection:"))]
                head = [f"{method} /{path} HTTP/1.1", *kept, "Connection: close", "", ""]
                remote.sendall("\r\n".join(head).encode("latin-1"))
            _relay(self.connection, remote)

    def _head(self) -> tuple[str, str, list[str]]:
        """Read the request's method, target and header lines."""
        lines: list[str] = []
        while sum(map(len, lines)) < LONGEST_HEAD:
            line = self.rfile.readline(LONGEST_HEAD).decode("latin-1").rstrip("\r\n")
            if not line:
                break
            lines.append(line)
        method, target, _version = lines[0].split(" ") if lines else ("", "", "")
        return method, target, lines[1:]

    def _answer(self, status: int, reason: str) -> None:
        reason = " ".join(reason.split())
        self.wfile.write(f"HTTP/1.1 {status} {reason}\r\n".encode("latin-1", "replace"))
        self.wfile.write(b"\r\n" if status == 200 else b"Content-Length: 0\r\nConnection: close\r\n\r\n")


@contextlib.contextmanager
def _bridge(proxy: SocksProxy) -> Iterator[str]:
    with _Bridge(proxy) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://astroloc:{server.secret}@127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Hand on bytes both ways until a side closes or neither says anything for long."""
    to = {one: other, other: one}
    while readable := select.select([one, other], [], [], IDLE_S)[0]:
        for side in readable:
            data = side.recv(BLOCK)
            if not data:
                return
            to[side].sendall(data)
