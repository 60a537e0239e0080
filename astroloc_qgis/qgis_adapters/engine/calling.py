"""The engine process for code that waits for each answer: an algorithm of Processing, in whichever thread it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.PyQt.QtCore import QEventLoop, QTimer

from astroloc_qgis.engine.errors import AstroLocError, Cancelled, InputError
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_command
from astroloc_qgis.qgis_adapters.engine.process import START, EngineProcess
from astroloc_qgis.qgis_adapters.settings import Settings
from astroloc_qgis.worker.protocol import CANCELLED, INPUT, Failure, ProgressEvent, Result

ASK_MS = 100
"""Time between two questions whether the user has cancelled."""
ANSWER_MS = 2000
"""The time that a cancelled request may take before its process is killed."""

Tell = Callable[[ProgressEvent], None]


class EngineUnavailableError(AstroLocError):
    """The engine cannot be started at all: another request would fail in the same way."""


class WaitingEngine:
    """An engine process of its own, which ends with the block: ``with WaitingEngine(...) as engine: engine.ask(...)``.

    The process starts at the first request and serves all that follow; where it dies, the next request starts another.

    Args:
        cancelled: whether the user wants to stop; asked ten times a second while the engine works.
        settings: the plugin's.
        patience_ms: the time that a cancelled request may take before its process is killed.
    """

    def __init__(
        self, cancelled: Callable[[], bool], settings: Settings | None = None, *, patience_ms: int = ANSWER_MS
    ) -> None:
        own = settings or Settings()
        self._cancelled = cancelled
        self._process = EngineProcess(lambda: engine_command(own), cancel_timeout_ms=patience_ms)
        if own.timeout.isdigit():
            self._process.set_silence_timeout(float(own.timeout))

    def __enter__(self) -> WaitingEngine:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.stop()

    def ask(self, method: str, params: Mapping[str, Any], tell: Tell | None = None) -> Mapping[str, Any]:
        """Send a request and wait for its answer; events of this thread are handled meanwhile.

        Args:
            method: of the engine process.
            params: its parameters.
            tell: is told the progress.

        Returns:
            The result.

        Raises:
            InputError: the request is wrong; the sentence says how.
            Cancelled: the user has cancelled.
            EngineUnavailableError: the engine cannot be started.
            AstroLocError: the engine met a defect, or died.
        """
        if self._cancelled():
            raise Cancelled
        loop, process = QEventLoop(), self._process
        answers: list[Result | Failure] = []

        def end(answer: Result | Failure) -> None:
            answers.append(answer)
            loop.quit()

        timer = QTimer()
        timer.timeout.connect(lambda: process.cancel() if self._cancelled() else None)
        connections: list[tuple[Any, Callable[..., None]]] = [(process.succeeded, end), (process.failed, end)]
        if tell is not None:
            connections.append((process.progressed, tell))
        for signal, slot in connections:
            signal.connect(slot)
        try:
            timer.start(ASK_MS)
            process.request(method, params)
            while not answers:
                loop.exec()
        finally:
            timer.stop()
            for signal, slot in connections:
                signal.disconnect(slot)
        return _result(answers[0])


def _result(answer: Result | Failure) -> Mapping[str, Any]:
    if isinstance(answer, Result):
        return answer.result
    if answer.kind == CANCELLED:
        raise Cancelled
    errors = {INPUT: InputError, START: EngineUnavailableError}
    raise errors.get(answer.kind, AstroLocError)(answer.message, answer.details)
