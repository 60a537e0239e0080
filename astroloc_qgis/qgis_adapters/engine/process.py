"""QGIS's side of the engine process: starts it, sends requests, takes events, cancels, and replaces it when it dies."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from qgis.PyQt.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, pyqtSignal

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.qgis_adapters.engine.bounded_log import BoundedLog
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_environment
from astroloc_qgis.qgis_adapters.files import user_data_folder
from astroloc_qgis.qgis_adapters.log import log_line
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker import protocol
from astroloc_qgis.worker.protocol import Event, Failure, Hello, ProgressEvent, ProtocolError, Request, Result

START = "start"
"""Kind of failure: the engine process did not start; another request would fail in the same way."""
SIGNS_OF_MEMORY = ("out of memory", "bad_alloc", "can't allocate memory", "Cannot allocate memory", "MemoryError")


class EngineProcess(QObject):
    """One engine process, started at the first request, or ahead of it by ``preload``; one request at a time.

    Every request ends with exactly one ``succeeded`` or ``failed``, even if the process dies. The next request
    replaces a process that has died or was killed.

    Args:
        command: returns the program and its arguments; called at each start; may raise ``AstroLocError``.
        environment: returns the process's environment variables.
        log: takes its stderr.
        hello_timeout_ms: the time that the process may take to send its hello.
        cancel_timeout_ms: the time that a cancelled request may take to end before the process is killed.
        silence_timeout_ms: the time without progress after which the process is killed; an event that only repeats the
            one before is no progress.
    """

    ready = pyqtSignal(object)
    """The process is ready (``Hello``)."""
    progressed = pyqtSignal(object)
    """The request made progress (``ProgressEvent``)."""
    succeeded = pyqtSignal(object)
    """The request is done (``Result``)."""
    failed = pyqtSignal(object)
    """The request ended without a result (``Failure``)."""

    def __init__(
        self,
        command: Callable[[], list[str]],
        parent: QObject | None = None,
        *,
        environment: Callable[[], QProcessEnvironment] = engine_environment,
        log: BoundedLog | None = None,
        hello_timeout_ms: int = 60_000,
        cancel_timeout_ms: int = 800,
        silence_timeout_ms: int = 600_000,
    ) -> None:
        super().__init__(parent)
        self._command = command
        self._environment = environment
        self._process: QProcess | None = None
        self._started_as: list[str] = []
        self._dying: list[QProcess] = []
        self._said_hello = False
        self._buffer = bytearray()
        self._log = log or BoundedLog(user_data_folder() / "logs" / "engine.log")
        self._last_id = 0
        self._active: Request | None = None
        self._ahead: Request | None = None
        self._loaded: dict[str, Any] | None = None
        self._may_preload = True
        self._cancelling = False
        self._last_progress: ProgressEvent | None = None
        self._hello_timer = self._timer(hello_timeout_ms, self._on_hello_timeout)
        self._cancel_timer = self._timer(cancel_timeout_ms, self._on_cancel_timeout)
        self._silence_timer = self._timer(silence_timeout_ms, self._on_silence)

    @property
    def busy(self) -> bool:
        """Whether a request runs."""
        return self._active is not None

    @property
    def process_id(self) -> int:
        """The id of the process; 0 when there is none."""
        return int(self._process.processId()) if self._process else 0

    def request(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a request; the answer comes as a signal, never before this method returns."""
        if self._active is not None:
            raise RuntimeError(f"the engine is busy with {self._active.method}")
        if self._process is not None and self._settings_changed():
            self._end_process()
        self._give_up_preloading()
        self._active = self._numbered(method, params)
        self._cancelling = False
        if self._process is None:
            QTimer.singleShot(0, self._start)
        elif self._said_hello:
            self._send(self._active)

    def preload(self, params: Mapping[str, Any]) -> None:
        """Start the process, if there is none, and have it load what a request will need.

        No signal tells how that goes, and the next request supersedes it. Nothing is done while a request runs, where
        the same was asked before, and once a process has died of it.

        Args:
            params: of the engine's method "preload".
        """
        if self.busy or not self._may_preload or dict(params) == self._loaded:
            return
        if self._process is not None and self._settings_changed():
            return  # the next request replaces the process
        self._give_up_preloading()
        self._ahead, self._loaded = self._numbered("preload", params), dict(params)
        if self._process is None:
            QTimer.singleShot(0, self._start)
        elif self._said_hello:
            self._write(self._ahead)

    def cancel(self) -> None:
        """Ask the engine to stop; kill it if it does not stop in time."""
        if self._active is None or self._cancelling:
            return
        self._cancelling = True
        if self._said_hello:
            self._write(self._numbered("cancel", {"id": self._active.id}))
            self._cancel_timer.start()
        else:  # still starting: ending it loses nothing
            QTimer.singleShot(0, self._on_cancel_timeout)

    def set_silence_timeout(self, seconds: float) -> None:
        """Set the time that a request may go on without progress."""
        self._silence_timer.setInterval(max(1, round(seconds * 1000)))

    def stop(self) -> None:
        """End the process now. A running request gets no answer."""
        active = self._finish()
        if active is not None and self._process is not None:
            self._process.kill()
        self._end_process()

    def _numbered(self, method: str, params: Mapping[str, Any]) -> Request:
        self._last_id += 1
        return Request(self._last_id, method, params)

    def _give_up_preloading(self) -> None:
        """Have the process leave what it loads ahead, where it does so; what is loaded stays."""
        if self._ahead is not None and self._said_hello:
            self._write(self._numbered("cancel", {"id": self._ahead.id}))
        self._ahead = None

    def _end_process(self) -> None:
        """Let the process end, and make sure that it and those before it have ended."""
        if self._process is not None and self._ahead is not None:
            self._process.kill()
        elif self._process is not None:
            self._process.closeWriteChannel()  # an idle engine ends by itself then
        self._drop_process()
        for process in list(self._dying):
            if not process.waitForFinished(500):
                process.kill()
                process.waitForFinished(2000)

    def _settings_changed(self) -> bool:
        """Whether the running process was started with other settings than the present ones."""
        try:
            return [*self._command(), *self._environment().toStringList()] != self._started_as
        except AstroLocError:
            return False

    def _start(self) -> None:
        if self._process is not None or (self._active is None and self._ahead is None):
            return
        try:
            program, *arguments = self._command()
        except AstroLocError as error:
            self._ahead = self._loaded = None
            self._fail(START, str(error), error.details)
            return
        self._buffer, self._said_hello = bytearray(), False
        environment = self._environment()
        self._started_as = [program, *arguments, *environment.toStringList()]
        self._log.begin()
        process = QProcess(self)
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_log)
        process.errorOccurred.connect(self._on_error)
        process.finished.connect(self._on_finished)
        self._process = process
        self._hello_timer.start()
        process.start(program, arguments)

    def _send(self, request: Request) -> None:
        """Send the request; from now on the process must report progress."""
        self._silence_timer.start()
        self._write(request)

    def _write(self, request: Request) -> None:
        if self._process is not None:
            self._process.write(request.to_line())

    def _on_output(self) -> None:
        if self._process is None:
            return
        *lines, rest = bytes(self._process.readAllStandardOutput()).split(b"\n")
        for line in lines:
            self._buffer += line
            whole, self._buffer = bytes(self._buffer), bytearray()
            self._on_line(whole)
        self._buffer += rest
        if len(self._buffer) > protocol.LONGEST_LINE:
            sentence = tr("The engine sent what nobody can read, and was ended. Just try again.")
            self._abandon(protocol.DEFECT, sentence, self._with_log(repr(bytes(self._buffer[:200]))))

    def _on_line(self, line: bytes) -> None:
        try:
            event = protocol.parse_event(line)
        except ProtocolError as error:
            log_line(f"The engine sent something else than a message. {error}")
        else:
            self._on_event(event)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Hello):
            self._on_hello(event)
        elif self._ahead is not None and event.id == self._ahead.id:
            if not isinstance(event, ProgressEvent):
                self._ahead = None
            if isinstance(event, Failure):
                log_line(f"The engine could not load ahead. {event.message}\n{event.details}".strip())
        elif self._active is None or event.id != self._active.id:
            return  # the answer to a cancel, or to a request that has ended
        elif isinstance(event, ProgressEvent):
            if not self._cancelling and event != self._last_progress:
                self._last_progress = event
                self._silence_timer.start()
                self.progressed.emit(event)
        elif isinstance(event, Result):
            self._finish()
            self.succeeded.emit(event)
        elif event.kind == protocol.DEFECT:
            self._fail(protocol.DEFECT, event.message, self._with_log(event.details))
        else:
            self._fail(event.kind, event.message, event.details)

    def _on_hello(self, hello: Hello) -> None:
        if self._said_hello:
            return
        self._hello_timer.stop()
        if hello.protocol != protocol.PROTOCOL_VERSION:
            sentence = tr("The engine is of another version than the plugin (protocol {theirs} instead of {ours}).")
            self._abandon(START, sentence.format(theirs=hello.protocol, ours=protocol.PROTOCOL_VERSION))
            return
        self._said_hello = True
        self.ready.emit(hello)
        if self._active is not None:
            self._send(self._active)
        elif self._ahead is not None:
            self._write(self._ahead)

    def _on_log(self) -> None:
        if self._process is not None:
            self._log.write(bytes(self._process.readAllStandardError()))

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            sentence = tr("The engine's Python, {program}, cannot be started: press “Set up the engine…”.")
            self._abandon(START, sentence.format(program=self._process.program()), self._process.errorString())

    def _on_finished(self) -> None:
        self._on_output()
        self._on_log()
        if self._process is None:  # its output has already ended it
            return
        if self._cancelling:
            self._abandon(protocol.CANCELLED, tr("Cancelled."))
        elif self._said_hello:
            status = self._process.exitCode()
            crashed = self._process.exitStatus() == QProcess.ExitStatus.CrashExit
            ending = tr("It ended with status {status}{crash}.").format(status=status, crash=", crashed" * crashed)
            self._abandon(protocol.DEFECT, self._unexpected_end(), self._with_log(ending))
        else:
            sentence = tr("The engine could not start: press “Set up the engine…” and there Repair.")
            self._abandon(START, sentence, self._with_log(""))

    def _on_hello_timeout(self) -> None:
        sentence = tr("The engine did not start within {seconds} seconds: try again.")
        self._abandon(START, sentence.format(seconds=self._hello_timer.interval() // 1000), self._with_log(""))

    def _on_silence(self) -> None:
        sentence = tr("The engine gave no sign of progress for {seconds} seconds and was ended. Just try again.")
        seconds = self._silence_timer.interval() // 1000
        self._abandon(protocol.DEFECT, sentence.format(seconds=seconds), self._with_log(""))

    def _unexpected_end(self) -> str:
        if any(sign in self._log.tail for sign in SIGNS_OF_MEMORY):
            return tr("The engine ran out of memory and stopped: close other programs, then try again.")
        return tr("The engine stopped unexpectedly. Nothing of the project is lost: just try again.")

    def _on_cancel_timeout(self) -> None:
        self._abandon(protocol.CANCELLED, tr("Cancelled."))

    def _abandon(self, kind: str, message: str, details: str = "") -> None:
        """Kill the process, and end the request if there is one."""
        process = self._process
        if self._ahead is not None:
            self._may_preload = False
        self._drop_process()
        if process is not None:
            process.kill()
        self._fail(kind, message, details)

    def _drop_process(self) -> None:
        """Stop listening to the process; it is deleted once it has ended."""
        process, self._process = self._process, None
        self._said_hello = False
        self._ahead = self._loaded = None
        self._hello_timer.stop()
        if process is None:
            return
        for signal in (
            process.readyReadStandardOutput,
            process.readyReadStandardError,
            process.errorOccurred,
            process.finished,
        ):
            signal.disconnect()
        if process.state() == QProcess.ProcessState.NotRunning:
            process.deleteLater()
        else:
            self._dying.append(process)
            process.finished.connect(functools.partial(self._delete, process))

    def _delete(self, process: QProcess, *_status: object) -> None:
        """Delete a dropped process that has ended."""
        if process in self._dying:
            self._dying.remove(process)
        process.deleteLater()

    def _finish(self) -> Request | None:
        self._cancel_timer.stop()
        self._silence_timer.stop()
        active, self._active = self._active, None
        self._cancelling = False
        return active

    def _fail(self, kind: str, message: str, details: str = "") -> None:
        if active := self._finish():
            kind = kind if kind in (protocol.INPUT, protocol.CANCELLED, START) else protocol.DEFECT
            self.failed.emit(Failure(active.id, kind, message, details))

    def _with_log(self, details: str) -> str:
        return "\n\n".join(part for part in (details, self._log.tail) if part)

    def _timer(self, milliseconds: int, action: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(action)
        return timer
