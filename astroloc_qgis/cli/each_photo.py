"""The loop of ``localize`` and ``refine``: one photo after the other, and the report of all."""

from __future__ import annotations

import contextlib
import time
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import describe_entry, unfinished_entry, write_json
from astroloc_qgis.cli.status import BAD_INPUT, DEFECT, LOCALIZED, NOT_LOCALIZED
from astroloc_qgis.cli.terminal import complain, defect, tell
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.progress import Progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.pipeline import Localization

Work = Callable[[Path, Progress], "Localization"]
"""Localizes one photo."""
Begin = Callable[[Sequence[Path]], tuple[Work, Mapping[Path, InputError]]]
"""Looks at all photos before the work; returns the work, and what is wrong with each bad photo."""
Together = Callable[[Mapping[Path, "Localization"], Progress], Iterable["Localization"]]
"""Reviews and completes the results of all photos; gives those that are final."""


def _no_more(_photo: Path) -> dict[str, Any]:
    return {}


def each_photo(
    options: Namespace,
    begin: Begin,
    together: Together | None = None,
    more: Callable[[Path], dict[str, Any]] = _no_more,
) -> int:
    """Do the work on each photo, and report.

    Of several photos a bad one, or a defect in the work on one, does not stop the others; the report holds all of them,
    and is written again after each, so that nothing that ends the process takes it along.

    Args:
        options: ``photos`` and ``json``; ``started``, when the command began, for the seconds of the first photo.
        begin: called once, with all photos.
        together: called after the work on each, with the results of those that could be read.
        more: what the report says of a photo beside its result.

    Returns:
        The exit status: the worst of all photos.

    Raises:
        InputError: the only photo, or what is given with it, is bad; then there is no report.
    """
    batch = _Batch(list(dict.fromkeys(options.photos)), options.json, more)
    started = getattr(options, "started", time.perf_counter())
    try:
        with batch.refusing(batch.photos):
            work, bad = begin(batch.photos)
            for photo, error in bad.items():
                batch.refuse([photo], error)
        for photo in batch.left():
            started, before = time.perf_counter(), started
            with batch.refusing([photo]):
                entry = _worked_on(photo, work, batch)
                entry["seconds"] = {"start": round(started - before, 3)} | entry["seconds"]
                batch.add(photo, entry)
            started = time.perf_counter()
            if batch.several:
                batch.write(last=False)
        if together is not None and batch.several:
            _all_together(together, batch)
    except KeyboardInterrupt:
        complain("Interrupted.")
        batch.interrupt()
    batch.write()
    return batch.status


def _worked_on(photo: Path, work: Work, batch: _Batch) -> dict[str, Any]:
    """The report's entry of a photo after the work on it.

    Raises:
        InputError: the photo is bad.
    """
    try:
        with progress_bar(photo.name) as progress:
            result = work(photo, progress)
        batch.results[photo] = result
        return result.report()
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - it is shown with its traceback, and sets the exit status
        batch.broken = True
        complain(defect(error))
        with contextlib.suppress(OSError):
            traceback.print_exc()
        return unfinished_entry(photo, defect(error))


def _all_together(together: Together, batch: _Batch) -> None:
    """Review and complete the results of all photos; a defect in that leaves them as they are."""
    try:
        with progress_bar("sequence") as progress:
            for result in together(batch.results, progress):
                batch.complete(result.photo, result.report())
                batch.write(last=False)
    except InputError as error:
        batch.failed = True
        complain(error)
    except Exception as error:  # noqa: BLE001 - it is shown with its traceback, and sets the exit status
        batch.broken = True
        complain(defect(error))
        with contextlib.suppress(OSError):
            traceback.print_exc()


class _Batch:
    """The photos of one command, and their entries in the report so far.

    Args:
        photos: each once.
        report: the file for the report; None for none.
        more: what it says of a photo beside its result.

    Attributes:
        photos: each once.
        broken: whether the work met a defect, or was interrupted.
        failed: whether the results could not be completed for a bad input.
        results: of the photos on which the work was done.
    """

    def __init__(self, photos: list[Path], report: Path | None, more: Callable[[Path], dict[str, Any]]) -> None:
        self.photos, self.broken, self.failed = photos, False, False
        self.results: dict[Path, Localization] = {}
        self._report, self._more, self._unwritten = report, more, False
        self._entries: dict[Path, dict[str, Any]] = {}
        self._said: set[str] = set()

    @property
    def several(self) -> bool:
        """Whether a bad photo has others beside it."""
        return len(self.photos) > 1

    @property
    def status(self) -> int:
        """The exit status."""
        statuses = {entry["status"] for entry in self._entries.values()}
        if self.broken:
            return DEFECT
        if self._unwritten or self.failed or "error" in statuses:
            return BAD_INPUT
        return LOCALIZED if statuses == {"localized"} else NOT_LOCALIZED

    def left(self) -> list[Path]:
        """The photos without an entry."""
        return [photo for photo in self.photos if photo not in self._entries]

    def add(self, photo: Path, entry: dict[str, Any]) -> None:
        """Take a photo's entry, and print it."""
        self._entries[photo] = entry
        tell(describe_entry(entry))

    def complete(self, photo: Path, entry: dict[str, Any]) -> None:
        """Replace a photo's entry, and print it again where its place is another one."""
        before, self._entries[photo] = self._entries[photo], entry
        if any(before[name] != entry[name] for name in ("status", "reason", "footprint")):
            tell(describe_entry(entry))

    @contextlib.contextmanager
    def refusing(self, photos: Sequence[Path]) -> Iterator[None]:
        """Refuse photos for what the block raises; the only one of a command is refused by the exception itself."""
        try:
            yield
        except InputError as error:
            if not self.several:
                raise
            self.refuse(photos, error)

    def refuse(self, photos: Sequence[Path], error: InputError) -> None:
        """Say what is wrong, once, and enter it for each photo."""
        self._say(error)
        self._entries |= {photo: unfinished_entry(photo, str(error), "error") for photo in photos}

    def interrupt(self) -> None:
        """Enter that the work on the photos left was not done."""
        self.broken = True
        self._entries |= {photo: unfinished_entry(photo, "interrupted") for photo in self.left()}

    def write(self, *, last: bool = True) -> None:
        """Write the report as it is by now; where that fails, say so once and go on.

        Args:
            last: whether it is complete; only then it goes to what is no file (/dev/stdout, a pipe).
        """
        if self._report is None or not (last or self._report.is_file() or not self._report.exists()):
            return
        try:
            write_json(
                self._report,
                [self._entries[photo] | self._more(photo) for photo in self.photos if photo in self._entries],
            )
            self._unwritten = False
        except InputError as error:
            self._unwritten = True
            self._say(error)

    def _say(self, error: InputError) -> None:
        if str(error) not in self._said:
            self._said.add(str(error))
            complain(error)
