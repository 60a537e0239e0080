"""The loop of the engine process: it reads requests and writes progress, results and errors.

A reader thread reads the lines, so that a ``cancel`` is seen while the engine works. The main thread runs one request
after the other. When the pipe of the requests closes, because QGIS has ended in any way, the process ends too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from astroloc_qgis.engine.device import is_out_of_memory
from astroloc_qgis.engine.errors import AstroLocError, Cancelled
from astroloc_qgis.worker import protocol
from astroloc_qgis.worker.environment import NO_RUNTIME, lacks_runtime
from astroloc_qgis.worker.protocol import Event, Failure, Hello, ProgressEvent, ProtocolError, Request, Result

Handler = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]
"""Runs a method: ``handler(params, progress)`` returns the result or raises.

``progress(stage, fraction, text)`` is a ``Progress`` that also takes a line of a log."""

PROGRESS_INTERVAL_S = 0.05
"""The shortest time between two events of the same stage, so that progress does not flood the pipe."""
GRACE_S = 1.0
"""The time that work may go on after the pipe of the requests has closed."""
OUT_OF_MEMORY = "The computer ran out of memory: close other programs or use a smaller photo, then try again."

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Server:
    """Answers requests from ``source`` on ``sink``.

    Attributes:
        handlers: the handlers, by method.
        source: binary stream of requests, one a line.
        sink: binary stream of events.
        hard_exit: ends the process at once; called when the other side is gone and the work does not stop by itself.
        on_idle: called once when no request has come for ``idle_s`` seconds.
        idle_s: the time without a request, seconds.
    """

    handlers: Mapping[str, Handler]
    source: BinaryIO
    sink: BinaryIO
    hard_exit: Callable[[int], None] = os._exit
    on_idle: Callable[[], None] | None = None
    idle_s: float = 600.0
    _write_lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _requests: queue.Queue[Request | None] = field(default_factory=queue.Queue, init=False)
    _cancelled: set[int] = field(default_factory=set, init=False)
    _unfinished: set[int] = field(default_factory=set, init=False)
    _ending: threading.Event = field(default_factory=threading.Event, init=False)
    _done: threading.Event = field(default_factory=threading.Event, init=False)

    def serve(self, hello: Hello) -> None:
        """Send the hello, then answer requests until ``shutdown`` or until the source closes."""
        self._send(hello)
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        while (request := self._next()) is not None:
            self._answer(request)
            self._unfinished.discard(request.id)
            self._cancelled.discard(request.id)
        self._done.set()

    def _next(self) -> Request | None:
        """Wait for a request; None at the end."""
        if self.on_idle is not None:
            try:
                return self._requests.get(timeout=self.idle_s)
            except queue.Empty:
                self.on_idle()
        return self._requests.get()

    def _read(self) -> None:
        for line in self._lines():
            self._parse(line)
        self._end()
        if not self._done.wait(GRACE_S):
            self.hard_exit(0)

    def _lines(self) -> Iterator[bytes]:
        """Yield the lines that are not empty; of a line that is too long only its beginning, which is no message."""
        while line := self.source.readline(protocol.LONGEST_LINE):
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = self.source.readline(protocol.LONGEST_LINE)
            if line.strip():
                yield line

    def _parse(self, line: bytes) -> None:
        try:
            self._accept(protocol.parse_request(line))
        except ProtocolError as error:
            self._send(Failure(error.request_id, protocol.INPUT, str(error)))

    def _accept(self, request: Request) -> None:
        """Act on a request at once (cancel, shutdown) or put it in the queue."""
        if request.method == "cancel":
            target = request.params.get("id")
            known = isinstance(target, int) and target in self._unfinished
            if known and isinstance(target, int):
                self._cancelled.add(target)
            self._send(Result(request.id, {"cancelling": known}))
        elif request.method == "shutdown":
            self._send(Result(request.id, {}))
            self._end()
        elif request.id in self._unfinished:
            raise ProtocolError(f"Request {request.id} is already being worked on.", request.id)
        else:
            self._unfinished.add(request.id)
            self._requests.put(request)

    def _end(self) -> None:
        self._ending.set()
        self._requests.put(None)

    def _answer(self, request: Request) -> None:
        try:
            handler = self.handlers.get(request.method)
            if handler is None:
                known = ", ".join(sorted([*self.handlers, "cancel", "shutdown"]))
                sentence = f"There is no method {request.method!r}; there are {known}."
                self._send(Failure(request.id, protocol.INPUT, sentence))
                return
            progress = self._progress_of(request)
            self._raise_if_cancelled(request)
            self._send(Result(request.id, handler(request.params, progress)))
        except Cancelled as error:
            self._send(Failure(request.id, protocol.CANCELLED, str(error)))
        except AstroLocError as error:
            self._send(Failure(request.id, protocol.INPUT, str(error), error.details))
        except Exception as error:  # anything else is a defect: it becomes a message and is not lost
            logger.exception("request %s (%s) failed", request.id, request.method)
            self._send(Failure(request.id, *_kind_and_sentence(error), traceback.format_exc()))

    def _raise_if_cancelled(self, request: Request) -> None:
        if self._ending.is_set() or request.id in self._cancelled:
            raise Cancelled

    def _progress_of(self, request: Request) -> Callable[..., None]:
        last, last_time = ProgressEvent(request.id, "", 0.0), float("-inf")

        def progress(stage: str, fraction: float, text: str = "") -> None:
            nonlocal last, last_time
            self._raise_if_cancelled(request)
            event, now = ProgressEvent(request.id, stage, float(fraction), text), time.monotonic()
            if event == last:  # a sign of life, but no progress
                return
            if not text and stage == last.stage and fraction < 1.0 and now - last_time < PROGRESS_INTERVAL_S:
                return
            last, last_time = event, now
            self._send(event)

        return progress

    def _send(self, event: Event) -> None:
        line = event.to_line()
        with self._write_lock:
            try:
                self.sink.write(line)
                self.sink.flush()
            except OSError:  # nobody reads any more
                with contextlib.suppress(OSError):
                    logger.warning("the other side is gone")
                self.hard_exit(0)


def _kind_and_sentence(error: Exception) -> tuple[str, str]:
    """Return the kind of a failure and the sentence for the user."""
    if is_out_of_memory(error):
        return protocol.INPUT, OUT_OF_MEMORY
    if lacks_runtime(f"{type(error).__name__}: {error}"):
        return protocol.INPUT, NO_RUNTIME
    if isinstance(error, ImportError):
        lacks = error.name or "a part"
        return protocol.INPUT, f"The engine's environment lacks {lacks}: press “Set up the engine…” and there Repair."
    first_line = str(error).strip().split("\n", 1)[0]
    return protocol.DEFECT, f"The engine met a defect ({type(error).__name__}: {first_line})."
