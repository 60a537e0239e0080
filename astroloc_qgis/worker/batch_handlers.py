"""The engine process's methods for whole archives: batches and labels, done by processes of their own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.worker.memory import choose_device
from astroloc_qgis.worker.requests import Batch, BatchWork, Label

if TYPE_CHECKING:
    from astroloc_qgis.engine.batch import runner

LEAST_SHOWN = ("photo", "status", "confidence", "inliers", "reason")
"""Of a photo that is done, what the progress tells."""


def batching(usual: str, threads: int) -> Callable[[Batch, Any], Mapping[str, Any]]:
    """Return the method "batch".

    Args:
        usual: the device of requests that name none.
        threads: of the process; at most as many processes work on the CPU.
    """

    def batch(request: Batch, progress: Callable[..., None]) -> Mapping[str, Any]:
        """Localize the photos of a folder or a table that are not done; returns what ``_run`` does."""
        progress("read", 0.0)
        from astroloc_qgis.engine.batch.localizing import localizing
        from astroloc_qgis.engine.batch.planning import plan_batch
        from astroloc_qgis.engine.batch.sources import photos_of

        source = request.folder or request.table
        if source is None:
            raise InputError("The request names no photos: it needs a folder or a table.")
        photos = photos_of(source, request.out, recursive=request.recursive is not False)
        if request.folder is not None and request.table is not None:
            from astroloc_qgis.engine.batch.table import with_table

            photos = with_table(photos, request.table)
        limits = request.given("nadir", "radius_km", "centre", "centre_km", "extent", "exif_nadir")
        options = _checked(request, "matcher", "thorough", "seconds", "crs", "finer", device=usual)
        work = localizing(
            request.index, request.out, imagery=request.imagery, limits=_with_nadir(limits), options=options,
            kinds=request.keep or (),
        )  # fmt: skip
        planned = plan_batch(
            work, photos, source, request.out, title=request.title or "", sequence=bool(request.sequence)
        )
        return _run(planned, request, progress, options["device"], threads)

    return batch


def labelling(usual: str, threads: int) -> Callable[[Label, Any], Mapping[str, Any]]:
    """Return the method "label"; see ``batching``."""

    def label(request: Label, progress: Callable[..., None]) -> Mapping[str, Any]:
        """Make footprints of the photos of a table that are not done; returns what ``_run`` does, and the labels."""
        progress("read", 0.0)
        from astroloc_qgis.engine.batch.planning import plan_batch
        from astroloc_qgis.engine.labelling import labeller
        from astroloc_qgis.engine.labelling.deciding import apply_to_footprints
        from astroloc_qgis.engine.labelling.label_files import write_labels
        from astroloc_qgis.engine.labelling.weak_labels import weakly_labelled_photos

        photos = weakly_labelled_photos(request.table)
        options = _checked(request, "matcher", "thorough", "seconds", device=usual)
        work = labeller.labelling(
            request.index, request.out, imagery=request.imagery, options=options,
            limits={"centre_km": request.centre_km, **request.given("exif_nadir")}, **request.given("least"),
        )  # fmt: skip
        title = request.title or request.table.resolve().stem
        planned = plan_batch(work, photos, request.table, request.out, title=title)
        done = _run(planned, request, progress, options["device"], threads)
        written = write_labels(request.out, planned.entries())
        apply_to_footprints(request.out)
        counts = {"labels": written.labels, "doubtful": written.doubtful, "left_out": written.left_out}
        return {**done, **counts, "files": {**done["files"], **_texts(written.files)}}

    return label


def _checked(request: BatchWork, *names: str, device: str) -> dict[str, Any]:
    """The options of the pipeline, with the device.

    Raises:
        InputError: one of them, the index or the imagery is wrong.
    """
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.retrieval.remote_index import imagery_of, open_index

    Reference.open(imagery_of(open_index(request.index), request.imagery)).close()
    options = request.given(*names) | {"device": choose_device(request.device or device)[0]}
    pipeline.check_options(request.out, **options)
    return options


def _with_nadir(limits: dict[str, Any]) -> dict[str, Any]:
    from astroloc_qgis.engine.geometry.nadir import Nadir

    return limits | ({"nadir": Nadir.of(limits["nadir"])} if "nadir" in limits else {})


def _run(
    planned: runner.Batch, request: BatchWork, progress: Callable[..., None], device: str, threads: int
) -> dict[str, Any]:
    """Do what is not done.

    Returns:
        ``photos`` of the batch, ``counts`` by status, ``complete`` (whether all are done: not after cancelling),
        ``done_now``, ``seconds`` and ``files``. The entries of the report, of all photos that are done, are lines of
        JSON in the file ``entries`` of the request.
    """
    from astroloc_qgis.engine.device import default_threads, default_workers
    from astroloc_qgis.engine.units.workers import LocalWorkers

    shown = _Shown(progress)
    workers = request.workers or min(default_workers(device), max(1, threads))
    scheduler = LocalWorkers(workers, 1 if device == "cpu" else default_threads(), shown.beat)
    with _found_by_children():
        summary = planned.run(scheduler, tell=shown, again=bool(request.again))
    with request.entries.open("w", encoding="ascii") as file:
        for entry in planned.entries(outlines=True):
            file.write(json.dumps(entry) + "\n")
    return {
        "photos": summary.photos, "counts": dict(summary.statuses), "complete": summary.complete,
        "done_now": summary.done_now, "seconds": round(summary.seconds, 1), "files": _texts(summary.files),
    }  # fmt: skip


class _Shown:
    """Tells QGIS each photo that is done, and once a second the pace.

    Args:
        progress: of the request; raises ``Cancelled`` where the user has cancelled.
    """

    def __init__(self, progress: Callable[..., None]) -> None:
        self._progress = progress
        self._last: runner.Progressed | None = None

    def __call__(self, progressed: runner.Progressed) -> None:
        """Tell what was done last."""
        self._last = progressed
        for entry in progressed.entries:
            said = json.dumps({name: entry[name] for name in LEAST_SHOWN})
            self._progress("photo", self._fraction, said)
        self.beat()

    def beat(self) -> None:
        """Tell the pace."""
        if self._last is None:
            return
        rate, now = self._last.rate, time.monotonic()
        said = {
            "done": rate.total - rate.left, "total": rate.total, "localized": self._last.statuses["localized"],
            "per_minute": rate.per_minute(now), "seconds_left": rate.seconds_left(now),
            "seconds": int(now - rate.started),
        }  # fmt: skip
        self._progress("pace", self._fraction, json.dumps(said))

    @property
    def _fraction(self) -> float:
        if self._last is None or not self._last.rate.total:
            return 0.0
        return 1 - self._last.rate.left / self._last.rate.total


@contextmanager
def _found_by_children() -> Iterator[None]:
    """Within it processes that start find this package: behind all libraries, see ``launch``."""
    folder = str(Path(__file__).resolve().parents[2])
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.pop()


def _texts(files: Mapping[str, Path]) -> dict[str, str]:
    return {name: str(path) for name, path in files.items()}
