"""Runs jobs in the engine process, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.qgis_adapters.engine.process import START, EngineProcess
from astroloc_qgis.worker.protocol import CANCELLED, Failure, Result


@dataclass(frozen=True)
class Job:
    """One request to the engine, with the functions that take its outcome.

    Attributes:
        title: the text that the user sees while it runs.
        method: the engine's method.
        params: the method's parameters.
        done: called with the result.
        failed: called with the failure; if the job never began, with a failure of kind ``cancelled``.
    """

    title: str
    method: str
    params: Mapping[str, Any]
    done: Callable[[Mapping[str, Any]], None]
    failed: Callable[[Failure], None]


class JobRunner(QObject):
    """Runs jobs in the engine process, in order.

    A job that fails does not stop the others, unless the engine cannot start at all; cancelling ends them all.
    """

    started = pyqtSignal(object, int, int)
    """A job begins: the job, its number (from 1) and the number of jobs."""
    progressed = pyqtSignal(object)
    """The job made progress (``ProgressEvent``)."""
    idle = pyqtSignal()
    """All jobs are over."""

    def __init__(self, engine: EngineProcess, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._waiting: deque[Job] = deque()
        self._current: Job | None = None
        self._number = self._total = 0
        engine.progressed.connect(self.progressed)
        engine.succeeded.connect(self._on_success)
        engine.failed.connect(self._on_failure)

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self._current is not None

    @property
    def methods(self) -> set[str]:
        """The engine's methods of the job that runs and of those that wait."""
        return {job.method for job in (self._current, *self._waiting) if job is not None}

    def run(self, jobs: Iterable[Job]) -> None:
        """Run ``jobs`` after those that already wait."""
        added = list(jobs)
        if not self.busy:
            self._number = self._total = 0
        self._total += len(added)
        self._waiting.extend(added)
        if not self.busy:
            self._next()

    def cancel(self) -> None:
        """Stop the running job and drop those that wait."""
        self._drop_waiting()
        self._engine.cancel()

    def _next(self) -> None:
        if not self._waiting:
            self._current = None
            self.idle.emit()
            return
        self._current = self._waiting.popleft()
        self._number += 1
        self.started.emit(self._current, self._number, self._total)
        self._engine.request(self._current.method, self._current.params)

    def _on_success(self, result: Result) -> None:
        if (job := self._current) is not None:
            try:
                job.done(result.result)
            finally:
                self._next()

    def _on_failure(self, failure: Failure) -> None:
        if (job := self._current) is not None:
            if failure.kind in (CANCELLED, START):
                self._drop_waiting()
            try:
                job.failed(failure)
            finally:
                self._next()

    def _drop_waiting(self) -> None:
        waiting = list(self._waiting)
        self._waiting.clear()
        for job in waiting:
            job.failed(Failure(None, CANCELLED, ""))
