"""Blue Marble kept on this computer: what is there of it, and the job that fetches it, for dock and set-up alike."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from astroloc_qgis.engine.imagery.catalogue import BLUE_MARBLE
from astroloc_qgis.engine.imagery.kept.places import KEPT_BYTES, bytes_kept, imagery_folder, kept_file
from astroloc_qgis.qgis_adapters.engine.jobs import Job, JobRunner
from astroloc_qgis.qgis_adapters.text import tr
from astroloc_qgis.worker.protocol import CANCELLED, Failure, ProgressEvent

EXPECTED = KEPT_BYTES[BLUE_MARBLE.key]
METHOD = "imagery_keep"
"""The engine's method that fetches imagery."""
ROOM = 1.1
"""Free room that it needs, as a share of its size."""


def megabytes(size: int) -> str:
    """A size for the user."""
    return f"{size / 1e6:.0f} MB"


class BlueMarble(QObject):
    """Blue Marble on this computer.

    Args:
        jobs: the queue of jobs for the engine.
        run: puts jobs into it.
        parent: owns this.
    """

    changed = pyqtSignal()
    """More of it is there, or it is fetched no longer."""
    progressed = pyqtSignal(float)
    """The part that is there, 0 to 1, while it is fetched."""
    ended = pyqtSignal(bool, str)
    """A fetch is over: whether all of it is there, and a sentence."""
    failed = pyqtSignal(object)
    """A fetch has failed (``Failure``)."""

    def __init__(self, jobs: JobRunner, run: Callable[[list[Job]], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._run = jobs, run
        self.busy = False
        """Whether it is fetched, or waits to be."""
        self._runs = False
        jobs.started.connect(self._on_started)
        jobs.progressed.connect(self._on_progress)

    @property
    def is_whole(self) -> bool:
        """Whether all of it is there."""
        return kept_file(BLUE_MARBLE).is_file()

    @property
    def bytes(self) -> int:
        """The size of what is there, whole or in part."""
        return bytes_kept(BLUE_MARBLE)

    def has_room(self, beside: int = 0) -> bool:
        """Whether the disk has room for what is missing of it.

        Args:
            beside: bytes that something else is going to take of the same disk.
        """
        place = imagery_folder()
        while not place.exists() and place != place.parent:
            place = place.parent
        return shutil.disk_usage(place).free > beside + ROOM * max(0, EXPECTED - self.bytes)

    def keep(self, file: Path | None = None) -> None:
        """Have the engine fetch it, or take it from a file; it goes on where it was."""
        params = {"service": BLUE_MARBLE.key, "file": None if file is None else str(file)}
        title = tr("Blue Marble, about {size}").format(size=megabytes(EXPECTED))
        self.busy = True
        self._run([Job(title, METHOD, params, self._done, self._failed)])

    def cancel(self) -> None:
        """Stop the fetch, and all that waits behind it; what has arrived is kept."""
        self._jobs.cancel()

    def _done(self, result: Mapping[str, Any]) -> None:
        self.busy = self._runs = False
        sentence = tr("Blue Marble is on this computer now ({size}).").format(size=megabytes(int(result["bytes"])))
        self.changed.emit()
        self.ended.emit(True, sentence)

    def _failed(self, failure: Failure) -> None:
        self.busy = self._runs = False
        self.failed.emit(failure)
        self.changed.emit()
        self.ended.emit(False, tr("Cancelled.") if failure.kind == CANCELLED else failure.message)

    def _on_started(self, job: Job, _number: int, _total: int) -> None:
        self._runs = job.method == METHOD

    def _on_progress(self, event: ProgressEvent) -> None:
        if self._runs:
            self.progressed.emit(event.fraction)
