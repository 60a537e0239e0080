"""The messages between QGIS and the engine process: one JSON object a line.

To the engine::

    {"id": 1, "method": "localize", "params": {...}}      the methods: README.md
    {"id": 2, "method": "cancel", "params": {"id": 1}}

From the engine::

    {"event": "hello", "protocol": 2, "versions": {...}, "devices": [...]}
    {"id": 1, "event": "progress", "stage": "match", "fraction": 0.4, "text": "..."}
    {"id": 1, "event": "result", "result": {...}}
    {"id": 1, "event": "error", "kind": "input", "message": "one sentence", "details": "for the developer"}

Both sides import this module; it imports nothing but the standard library.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, TypeGuard

PROTOCOL_VERSION = 2
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes. What is larger (pictures, rasters) goes by file, with its path in the message."""

INPUT = "input"
"""Kind of error: the user can correct it; the message says how."""
CANCELLED = "cancelled"
"""Kind of error: the user asked to stop."""
DEFECT = "defect"
"""Kind of error: a fault of the program; the details hold the traceback."""
KINDS = (INPUT, CANCELLED, DEFECT)


class ProtocolError(ValueError):
    """A line is not a message; ``request_id`` is the request that it names, if any."""

    def __init__(self, message: str, request_id: int | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


@dataclass(frozen=True)
class Request:
    """A method that QGIS asks the engine to run, with its parameters."""

    id: int
    method: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_line(self) -> bytes:
        """Return the request as one line of JSON."""
        return _line({"id": self.id, "method": self.method, "params": dict(self.params)})


@dataclass(frozen=True)
class Hello:
    """The engine process is up. ``devices`` are those known without importing torch; ``ping`` tells all."""

    protocol: int
    versions: Mapping[str, str]
    devices: tuple[str, ...]

    def to_line(self) -> bytes:
        """Return the event as one line of JSON."""
        return _line(
            {
                "event": "hello",
                "protocol": self.protocol,
                "versions": dict(self.versions),
                "devices": list(self.devices),
            }
        )


@dataclass(frozen=True)
class ProgressEvent:
    """The progress of a request: ``fraction`` (0 to 1) of ``stage``."""

    id: int
    stage: str
    fraction: float
    text: str = ""

    def to_line(self) -> bytes:
        """Return the event as one line of JSON."""
        return _line(
            {"id": self.id, "event": "progress", "stage": self.stage, "fraction": self.fraction, "text": self.text}
        )


@dataclass(frozen=True)
class Result:
    """A request is done."""

    id: int
    result: Mapping[str, Any]

    def to_line(self) -> bytes:
        """Return the event as one line of JSON."""
        return _line({"id": self.id, "event": "result", "result": dict(self.result)})


@dataclass(frozen=True)
class Failure:
    """A request ended without a result (or, with ``id`` None, a line could not be understood)."""

    id: int | None
    kind: str
    message: str
    details: str = ""

    def to_line(self) -> bytes:
        """Return the event as one line of JSON."""
        return _line(
            {
                "id": self.id,
                "event": "error",
                "kind": self.kind,
                "message": self.message,
                "details": self.details,
            }
        )


Event = Hello | ProgressEvent | Result | Failure


def parse_request(line: bytes) -> Request:
    """Read a request from a line.

    Raises:
        ProtocolError: the line is not a request; its text says why.
    """
    message = _object(line)
    request_id = message.get("id")
    if not _is_id(request_id):
        raise ProtocolError("A request needs an integer 'id'.")
    method, params = message.get("method"), message.get("params", {})
    if not isinstance(method, str):
        raise ProtocolError(f"Request {request_id} needs a 'method', a string.", request_id)
    if not isinstance(params, dict):
        raise ProtocolError(f"The 'params' of request {request_id} are not a JSON object.", request_id)
    return Request(request_id, method, params)


def parse_event(line: bytes) -> Event:
    """Read an event of the engine from a line.

    Raises:
        ProtocolError: the line is not an event; its text says why.
    """
    message = _object(line)
    kind, request_id = message.get("event"), message.get("id")
    try:
        if kind == "hello":
            versions = {str(name): str(version) for name, version in dict(message["versions"]).items()}
            return Hello(int(message["protocol"]), versions, tuple(str(device) for device in message["devices"]))
        if kind == "error" and (request_id is None or _is_id(request_id)):
            details = str(message.get("details", ""))
            return Failure(request_id, str(message["kind"]), str(message["message"]), details)
        if not _is_id(request_id):
            raise ProtocolError(f"The event {kind!r} names no request.")
        if kind == "progress":
            fraction = min(max(float(message["fraction"]), 0.0), 1.0)
            if math.isnan(fraction):
                raise ValueError("the fraction is no number")
            return ProgressEvent(request_id, str(message["stage"]), fraction, str(message.get("text", "")))
        if kind == "result":
            if not isinstance(message["result"], dict):
                raise TypeError("the result is no object")
            return Result(request_id, message["result"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, ProtocolError):
            raise
        raise ProtocolError(f"The event {kind!r} is malformed: {error!r}.", _id_or_none(request_id)) from error
    raise ProtocolError(f"There is no event {kind!r}.", _id_or_none(request_id))


def _object(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"Not a line of JSON: {_shorten(line)}.") from error
    if not isinstance(message, dict):
        raise ProtocolError(f"Not a JSON object: {_shorten(line)}.")
    return message


def _is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _id_or_none(value: Any) -> int | None:
    return value if _is_id(value) else None


def _shorten(line: bytes) -> str:
    text = repr(line[:60])[1:]
    return text if len(line) <= 60 else f"{text}… ({len(line)} bytes)"


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, default=_plain, separators=(",", ":")).encode("ascii") + b"\n"


def _plain(value: Any) -> Any:
    """Convert paths, numpy scalars and arrays to values that JSON has."""
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
