"""``serve``: one index as a small HTTP service that can only be searched."""

from __future__ import annotations

import hmac
import ipaddress
import json
import logging
from argparse import ArgumentParser, Namespace
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from astroloc_qgis.engine.errors import InputError

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Searches at a time; others wait."""
LEAST_TOKEN = 16
"""Fewest characters of a token."""
TIMEOUT_S = 30.0
"""A client that sends nothing for so long is dropped."""


def add_serve(commands: Any) -> None:
    """Add the grammar of ``serve`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser("serve", help="let other machines search an index, over HTTP")
    parser.add_argument("index", type=Path, metavar="DIR", help="the index")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at (default 127.0.0.1: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8765, help="port to listen at (default 8765; 0: any free one)")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file with the token that clients must know; or only this machine may ask",
    )


def run_serve(options: Namespace) -> None:
    """Serve until interrupted.

    Raises:
        InputError: the index, the token or the address cannot be used.
    """
    from astroloc_qgis.engine.index.sharded.opening import open_local

    token = "" if options.token_file is None else read_token(options.token_file)
    if not token and not _is_loopback(options.host):
        raise InputError(f"The address {options.host} can be reached by others: give a --token-file, or use 127.0.0.1.")
    index = open_local(options.index, thorough=True)
    with make_server(index, options.host, options.port, token) as server:
        print(f"Serving {options.index} at http://{options.host}:{server.server_port} (Ctrl-C ends it).", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Ended.")


def read_token(path: Path) -> str:
    """Read a token.

    Raises:
        InputError: it cannot be read, or is too short.
    """
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The token file {path} cannot be read: give a file with one line of letters.") from error
    if len(token) < LEAST_TOKEN or not token.isprintable() or " " in token:
        raise InputError(
            f"The token in {path} is too short or has spaces: use at least {LEAST_TOKEN} letters or digits."
        )
    return token


def make_server(index: Any, host: str, port: int, token: str = "") -> ThreadingHTTPServer:
    """Make the server; it listens, and answers once ``serve_forever`` runs.

    Args:
        index: an open ``Index``.
        host: address to listen at.
        port: 0 for any free one.
        token: that clients must know; empty for none.

    Raises:
        InputError: the address cannot be listened at.
    """
    handler = partial(_Handler, index, token, BoundedSemaphore(AT_ONCE))
    try:
        return _Server((host, port), handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"The service cannot listen at {host}:{port} ({reason}): choose another --port.") from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    """Answers the two requests there are: the index's description, and a search."""

    server_version, sys_version = "AstroLoc", ""
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_S

    def __init__(self, index: Any, token: str, slots: BoundedSemaphore, *request: Any) -> None:
        self._index, self._token, self._slots = index, token, slots
        super().__init__(*request)

    def do_GET(self) -> None:
        """Describe the index."""
        from astroloc_qgis.engine.retrieval.remote_index import INFO_PATH
        from astroloc_qgis.engine.retrieval.service import describe

        if self._admitted() and self._is_at(INFO_PATH):
            self._send(HTTPStatus.OK, describe(self._index))

    def do_POST(self) -> None:
        """Search the index."""
        from astroloc_qgis.engine.retrieval.limits import NoBlocksError
        from astroloc_qgis.engine.retrieval.remote_index import NO_BLOCKS, SEARCH_PATH
        from astroloc_qgis.engine.retrieval.service import answer

        self.close_connection = True  # what a refused client still sends is not taken for its next request
        if not (self._admitted() and self._is_at(SEARCH_PATH)):
            return
        body = self._body()
        if body is None:
            return
        try:
            with self._slots:
                found = answer(self._index, body)
        except NoBlocksError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), NO_BLOCKS)
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except Exception:
            log.exception("a search failed")
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "The search failed; the service's log says why.")
        else:
            self._send(HTTPStatus.OK, found)

    def log_message(self, format: str, *values: Any) -> None:
        """Log a request, without what it carries."""
        log.info("%s %s", self.address_string(), format % values)

    def _admitted(self) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self._token or hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode()):
            return True
        self._refuse(HTTPStatus.UNAUTHORIZED, "This service wants a token.")
        return False

    def _is_at(self, path: str) -> bool:
        if self.path == path:
            return True
        self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
        return False

    def _body(self) -> bytes | None:
        from astroloc_qgis.engine.retrieval.wire import MOST_BYTES

        told = self.headers.get("Content-Length", "")
        if not (told.isascii() and told.isdigit()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "Say how long the request is.")
        elif int(told) > MOST_BYTES:
            self.rfile.read(min(int(told), 4 * MOST_BYTES))  # a client that still sends would not read the answer
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request has at most {MOST_BYTES} bytes.")
        else:
            body = self.rfile.read(int(told))
            if len(body) == int(told):
                return body
        return None

    def _refuse(self, status: HTTPStatus, sentence: str, kind: str = "") -> None:
        self.close_connection = True
        self._send(status, json.dumps({"error": sentence, "kind": kind}).encode())

    def _send(self, status: HTTPStatus, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
