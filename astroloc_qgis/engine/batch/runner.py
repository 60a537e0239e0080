"""A batch: its units go to a scheduler, what comes back to the journal, and from there into the files of the batch."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.batch.entries import unfinished_entry
from astroloc_qgis.engine.batch.geopackage import GEOPACKAGE, write_footprints
from astroloc_qgis.engine.batch.interrupts import held
from astroloc_qgis.engine.batch.journal import Journal
from astroloc_qgis.engine.batch.photos import alone
from astroloc_qgis.engine.batch.rate import Rate
from astroloc_qgis.engine.batch.report.html_report import write_report
from astroloc_qgis.engine.batch.working import remove_leftovers
from astroloc_qgis.engine.errors import Cancelled
from astroloc_qgis.engine.units.units import Done, Scheduler, Unit, Work

REPORT = "report.html"
_SPLIT = "split"
_NOT_REPORTED = ("thumbnail", "outline", "number", "details")

Entry = dict[str, Any]


@dataclass
class Crew:
    """What the processes of a batch did.

    Attributes:
        photos: done by each, by its name.
        seconds: that each worked.
        peak_memory: of each, bytes.
    """

    photos: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    peak_memory: dict[str, int] = field(default_factory=dict)

    def add(self, record: Mapping[str, Any]) -> None:
        """Count what a record of the journal says."""
        name = record["worker"]
        self.photos[name] += len(record["photos"])
        self.seconds[name] += record["seconds"]
        self.peak_memory[name] = max(self.peak_memory.get(name, 0), record["peak_memory"])


@dataclass
class Progressed:
    """How far a batch is.

    Attributes:
        rate: its pace.
        statuses: how many photos of each status are done, those of earlier runs too.
        entries: of the photos that were done last.
    """

    rate: Rate
    statuses: Counter[str]
    entries: Sequence[Entry] = ()


@dataclass(frozen=True)
class Summary:
    """What a batch leaves behind.

    Attributes:
        photos: of the batch.
        statuses: how many photos of each status are done.
        done_now: photos of this run.
        seconds: of this run.
        crew: its processes, those of earlier runs too.
        complete: whether all photos are done.
        files: written: "footprints" and "report".
    """

    photos: int
    statuses: Counter[str]
    done_now: int
    seconds: float
    crew: Crew
    complete: bool
    files: Mapping[str, Path]


Tell = Callable[[Progressed], None]


@dataclass
class Batch:
    """A batch of photos in a folder; running it again goes on where it ended.

    Attributes:
        work: of its units.
        units: each once.
        settings: all that changes a result (for photos of a unit that become units of their own).
        out: folder of the results.
        title: of the report.
    """

    work: Work
    units: Sequence[Unit]
    settings: Mapping[str, Any]
    out: Path
    title: str = ""

    def run(self, scheduler: Scheduler, *, tell: Tell = lambda _: None, again: bool = False) -> Summary:
        """Do what is not done, and write the footprints and the report, of what is done after an interruption too.

        Args:
            scheduler: of the units.
            tell: called after each unit; may raise ``Cancelled`` (or the user press Ctrl-C) to end the batch.
            again: whether photos that failed are tried again.

        Returns:
            The summary; after an interruption it is not complete.

        Raises:
            InputError: another batch runs in the folder, it cannot be written, or no unit can be done.
        """
        with Journal(self.out) as journal:
            remove_leftovers(self.out)
            run = _Run(self, journal, again=again)
            with suppress(KeyboardInterrupt, Cancelled):
                run.work_off(scheduler, tell)
            return run.finish()

    def entries(self, *, outlines: bool = False) -> Iterator[Entry]:
        """Those of the photos that are done, as the report of ``localize`` has them, in the order of the units.

        Args:
            outlines: whether they have ``outline`` too, the ring that sees ground (of a photo with the horizon in view
                more than four corners).
        """
        left_out = [name for name in _NOT_REPORTED if not (outlines and name == "outline")]
        with Journal(self.out) as journal:
            for entry in _Run(self, journal, again=False).entries():
                yield {name: value for name, value in entry.items() if name not in left_out}


class _Run:
    """One run of a batch.

    Args:
        batch: the batch.
        journal: of its folder.
        again: whether photos that failed are tried again.
    """

    def __init__(self, batch: Batch, journal: Journal, *, again: bool) -> None:
        self._batch, self._journal = batch, journal
        self._started = time.monotonic()
        self._statuses: Counter[str] = Counter()
        self._left: list[Unit] = []
        for unit in self._planned():
            if self._is_done(unit, again):
                self._count(journal.record(unit.key)["photos"])
            else:
                self._left.append(unit)
        total = sum(len(unit.task["photos"]) for unit in batch.units)
        self._rate = Rate(total, self._statuses.total(), self._started)

    def work_off(self, scheduler: Scheduler, tell: Tell) -> None:
        """Do the units that are left; the photos of one that ends its processes, each by itself."""
        tell(Progressed(self._rate, self._statuses))
        left = self._left
        while left:
            lost: list[Unit] = []
            with closing(_closable(scheduler.run(self._batch.work, left))) as ended:
                for done in ended:
                    if done.lost and len(done.unit.task["photos"]) > 1:
                        with held():
                            self._journal.write(done.unit.key, {_SPLIT: True})
                        lost += alone(done.unit, self._batch.settings)
                        continue
                    self._write(done, tell)
            left = lost

    def _write(self, done: Done, tell: Tell) -> None:
        entries = _entries_of(done)
        record = {
            "photos": entries,
            "worker": done.worker,
            "seconds": done.seconds,
            "peak_memory": done.peak_memory,
            "ended": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        with held():
            self._journal.write(done.unit.key, record)
            self._count(entries)
            self._rate.add(len(entries), time.monotonic())
        tell(Progressed(self._rate, self._statuses, entries))

    def finish(self) -> Summary:
        """Write the files of the batch from the journal."""
        out, crew = self._batch.out, Crew()
        for record in self._records():
            crew.add(record)
        seconds = time.monotonic() - self._started
        write_footprints(out / GEOPACKAGE, self.entries())
        write_report(
            out / REPORT, self.entries(), title=self._batch.title, total=self._rate.total, crew=_table_of(crew),
            seconds=seconds, done_now=self._rate.done,
        )  # fmt: skip
        return Summary(
            self._rate.total, self._statuses, self._rate.done, seconds, crew, self._rate.left == 0,
            {"footprints": out / GEOPACKAGE, "report": out / REPORT},
        )  # fmt: skip

    def entries(self) -> Iterator[Entry]:
        """Those of the photos that are done."""
        for record in self._records():
            yield from record["photos"]

    def _planned(self) -> Iterator[Unit]:
        """The units; the photos of those that ended their processes alone."""
        for unit in self._batch.units:
            if unit.key in self._journal and _SPLIT in self._journal.record(unit.key):
                yield from alone(unit, self._batch.settings)
            else:
                yield unit

    def _is_done(self, unit: Unit, again: bool) -> bool:
        """Whether the journal has a unit, and its files are there."""
        if unit.key not in self._journal:
            return False
        entries = self._journal.record(unit.key)["photos"]
        if again and any(entry["status"] == "failed" for entry in entries):
            return False
        return all((self._batch.out / path).is_file() for entry in entries for path in entry["outputs"].values())

    def _records(self) -> Iterator[dict[str, Any]]:
        for unit in self._planned():
            if unit.key in self._journal:
                yield self._journal.record(unit.key)

    def _count(self, entries: Iterable[Entry]) -> None:
        self._statuses.update(entry["status"] for entry in entries)


def _entries_of(done: Done) -> list[Entry]:
    """The entries of a unit's photos; of a unit that failed they say so."""
    if done.result is not None:
        return list(done.result["photos"])
    paths = [photo["path"] for photo in done.unit.task["photos"]]
    return [unfinished_entry(Path(path), done.failure, "failed") | {"details": done.details} for path in paths]


def _closable(iterator: Iterator[Done]) -> Any:
    """An iterator that can be closed, of whichever scheduler."""
    return iterator if hasattr(iterator, "close") else (done for done in iterator)


def _table_of(crew: Crew) -> list[dict[str, Any]]:
    return [
        {
            "name": name or "?",
            "photos": crew.photos[name],
            "seconds": crew.seconds[name],
            "peak_memory": crew.peak_memory[name],
        }
        for name in sorted(crew.photos, key=lambda name: (len(name), name))
    ]
