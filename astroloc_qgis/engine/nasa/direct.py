"""Requests of the command line: through the proxy, and with the certificates, that the environment names."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message

from astroloc_qgis.engine.nasa.client import LARGEST_ANSWER, Answer, Receive
from astroloc_qgis.engine.nasa.errors import BrokenOffError, TooSlowError, UnreachableError
from astroloc_qgis.engine.weights.connection import open_url

_PIECE = 1 << 16


def direct(url: str, headers: Mapping[str, str], timeout_s: float, receive: Receive | None) -> Answer:
    """Make one GET request (a ``Transport``)."""
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - of ``Addresses``: https, or this machine
    try:
        response = open_url(request, timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _named(error.headers), _start(error))
    except TimeoutError as error:
        raise TooSlowError from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise TooSlowError from error
        raise UnreachableError(_reason(error)) from error
    except (http.client.HTTPException, OSError) as error:
        raise BrokenOffError(repr(error)) from error
    with response:
        begun = Answer(response.status, _named(response.headers))
        try:
            if receive is None:
                body = response.read(LARGEST_ANSWER + 1)
                if response.length and len(body) <= LARGEST_ANSWER:
                    raise BrokenOffError(f"{response.length} bytes are missing")
                return Answer(begun.status, begun.headers, body)
            while piece := _read(response):
                receive(begun, piece)
        except TimeoutError as error:
            raise TooSlowError from error
        except http.client.HTTPException as error:
            raise BrokenOffError(repr(error)) from error
    return begun


def _read(response: http.client.HTTPResponse) -> bytes:
    """The next piece; an error of the connection is one of HTTP, to be told from those of what receives it."""
    try:
        return response.read(_PIECE)
    except TimeoutError:
        raise
    except OSError as error:
        raise http.client.HTTPException(repr(error)) from error


def _start(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(1000)
    except (OSError, http.client.HTTPException):
        return b""


def _named(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _reason(error: urllib.error.URLError) -> str:
    reason = error.reason
    return (reason.strerror or str(reason)) if isinstance(reason, OSError) else str(reason)
