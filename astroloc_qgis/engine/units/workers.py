"""Worker processes on this machine: each has one unit at a time, and one that dies is replaced.

Every process is started afresh (method "spawn"): torch and GDAL do not survive a fork. They map the same files of the
index into memory, which the system then holds once.
"""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from astroloc_qgis.engine.device import announce_threads
from astroloc_qgis.engine.errors import AstroLocError, InputError
from astroloc_qgis.engine.units.units import Done, Unit, Work, canonical, do_unit

log = logging.getLogger(__name__)

MOST_DEATHS = 2
"""A unit that has ended so many processes is not tried again."""
MOST_FALSE_STARTS = 3
"""So many processes in a row that end before they are ready stop the batch."""
_PATIENCE_S = 5.0
_BEAT_S = 1.0


@dataclass(eq=False)
class _Worker:
    """A process and what it does.

    Attributes:
        name: of its place in the team; the one that replaces it has the same.
        process: the process.
        connection: to it.
        ready: whether it has opened what the units need.
        unit: at work; None where it has none.
    """

    name: str
    process: SpawnProcess
    connection: Connection
    ready: bool = False
    unit: Unit | None = None

    def give(self, unit: Unit) -> None:
        """Send a unit; whether it arrived shows when the process answers or ends."""
        self.unit = unit
        with contextlib.suppress(OSError):
            self.connection.send_bytes(canonical(unit.task))

    def read(self) -> dict[str, Any] | None:
        """What the process says; None where it has ended."""
        try:
            return json.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            return None

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.connection.close()
        self.process.terminate()
        self.process.join(_PATIENCE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    @property
    def end(self) -> str:
        """How the process ended, in words."""
        self.process.join(_PATIENCE_S)
        code = self.process.exitcode
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return signal.Signals(-code).name
        return f"exit status {code}"


@dataclass(frozen=True)
class LocalWorkers:
    """A ``Scheduler`` of processes on this machine.

    Attributes:
        workers: how many.
        threads: of each.
        beat: called every second while the processes work; may raise ``Cancelled`` to end them.
    """

    workers: int = 1
    threads: int = 1
    beat: Callable[[], None] | None = None

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[Done]:
        """Do the work of every unit, see ``Scheduler``.

        Raises:
            InputError: what all units need cannot be opened.
            AstroLocError: the processes end before they begin.
        """
        team = _Team(work, self.threads, iter(units), self.beat)
        try:
            team.start(min(self.workers, len(units)))
            yield from team.work_off()
        finally:
            team.stop()


@dataclass
class _Team:
    """The workers, and the units that wait for them.

    Attributes:
        work: what the units have in common.
        threads: of each worker.
        units: that no worker had yet; each is made when one is free.
        beat: of ``LocalWorkers``.
        again: that a worker had when it ended.
    """

    work: Work
    threads: int
    units: Iterator[Unit]
    beat: Callable[[], None] | None = None
    again: deque[Unit] = field(default_factory=deque)
    workers: list[_Worker] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    false_starts: int = 0

    def start(self, count: int) -> None:
        self.workers = [self._begin(str(number + 1)) for number in range(count)]

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()

    def work_off(self) -> Iterator[Done]:
        following = self._next()
        while following or any(worker.unit for worker in self.workers):
            for worker in self.workers:
                if worker.ready and worker.unit is None and following:
                    worker.give(following)
                    following = self._next()
            heard = self._wait()
            for number, worker in enumerate(self.workers):
                if worker.connection in heard:
                    said = worker.read()
                    if said is None:
                        yield from self._mourn(worker)
                        self.workers[number] = self._begin(worker.name)
                    else:
                        yield from self._hear(worker, said)
            following = following or self._next()

    def _next(self) -> Unit | None:
        """The unit that comes next; None where none waits."""
        return next(self.units, None) or (self.again.popleft() if self.again else None)

    def _wait(self) -> list[Any]:
        """The connections of the workers that say something, or have ended."""
        connections = [worker.connection for worker in self.workers]
        if self.beat is None:
            return wait(connections)
        while not (heard := wait(connections, _BEAT_S)):
            self.beat()
        return heard

    def _hear(self, worker: _Worker, said: dict[str, Any]) -> Iterator[Done]:
        """Take a message of a worker."""
        if "refusal" in said:
            raise InputError(said["refusal"], said["details"])
        if worker.unit is None:
            worker.ready, self.false_starts = True, 0
            return
        unit, worker.unit = worker.unit, None
        yield Done(unit, worker=worker.name, **said)

    def _mourn(self, worker: _Worker) -> Iterator[Done]:
        """Of a worker that has ended: give up its unit, or let it wait again."""
        end, unit = worker.end, worker.unit
        worker.stop()
        if unit is None:
            self.false_starts += not worker.ready
            if self.false_starts >= MOST_FALSE_STARTS:
                raise AstroLocError(
                    f"The worker processes end before they begin ({end}): is there memory for as many workers?"
                )
            return
        self.deaths[unit.key] += 1
        log.warning("worker %s ended (%s) with a unit", worker.name, end)
        if self.deaths[unit.key] < MOST_DEATHS:
            self.again.append(unit)
            return
        failure = f"The work on it ended its process {MOST_DEATHS} times ({end}), so it was given up."
        yield Done(unit, None, failure, lost=True, worker=worker.name)

    def _begin(self, name: str) -> _Worker:
        here, there = multiprocessing.Pipe()
        arguments = (there, self.work.opener, canonical(self.work.settings), self.threads)
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=arguments, name=f"astroloc-worker-{name}", daemon=True
        )
        with _deaf_to_interrupts():
            process.start()
        there.close()  # so that the process's end is heard
        return _Worker(name, process, here)


def serve(connection: Connection, opener: str, settings: bytes, threads: int) -> None:
    """Be a worker: say that one is ready, then do units until the other side has no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the one that started us decides
    _end_with_parent()
    announce_threads(threads)
    try:
        do = Work(opener, json.loads(settings)).open()
    except InputError as error:
        connection.send_bytes(canonical({"refusal": str(error), "details": error.details}))
        return
    with contextlib.suppress(EOFError, OSError):  # the other side has gone
        connection.send_bytes(canonical({"ready": os.getpid()}))
        while True:
            connection.send_bytes(canonical(do_unit(do, json.loads(connection.recv_bytes()))))


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Within it Ctrl-C is ignored, and so it is by a process that starts meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end_with_parent() -> None:
    """End this process at once when the one that started it ends, in the middle of a unit too."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
