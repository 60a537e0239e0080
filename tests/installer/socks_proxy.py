"""A SOCKS 5 proxy as an office has one: it asks for a name and a password, if it is told to, and hands on."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import struct
import threading


class Handler(socketserver.StreamRequestHandler):
    rbufsize = 0

    def handle(self):
        with contextlib.suppress(OSError):
            self._handle()

    def _handle(self):
        _, count = self.rfile.read(2)
        methods = self.rfile.read(count)
        wanted = 2 if self.server.login else 0
        if wanted not in methods:
            self.wfile.write(b"\x05\xff")
            return
        self.wfile.write(bytes([5, wanted]))
        if wanted:
            self.rfile.read(1)
            given = tuple(self.rfile.read(self.rfile.read(1)[0]).decode() for _ in range(2))
            self.wfile.write(bytes([1, given != self.server.login]))
            if given != self.server.login:
                return
        _, _, _, kind = self.rfile.read(4)
        if kind == 3:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        else:
            host = socket.inet_ntop(*((socket.AF_INET, self.rfile.read(4)) if kind == 1 else (10, self.rfile.read(16))))
        (port,) = struct.unpack("!H", self.rfile.read(2))
        self.server.asked.append((host, port))
        try:
            remote = socket.create_connection((self.server.names.get(host, host), port), timeout=10)
        except OSError:
            self.wfile.write(b"\x05\x05\x00\x01" + bytes(6))
            return
        with remote:
            self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
            to = {self.connection: remote, remote: self.connection}
            while True:
                for side in select.select(list(to), [], [])[0]:
                    data = side.recv(1 << 16)
                    if not data:
                        return
                    to[side].sendall(data)


class Server(socketserver.ThreadingTCPServer):
    """The proxy.

    Attributes:
        login: the name and the password that it wants; None if it wants none.
        names: the hosts that this proxy alone knows, and their addresses.
        asked: the hosts and ports that it was asked for.
    """

    daemon_threads = True

    def __init__(self, login=None, names=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.login, self.names, self.asked = login, names or {}, []
        self.place = f"127.0.0.1:{self.server_address[1]}"


@contextlib.contextmanager
def serve_socks(login=None, names=None):
    with Server(login, names) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
