"""``batch``: localize a folder or a table of photos unattended, and go on after any end."""

from __future__ import annotations

import argparse
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.localize_command import check_inputs
from astroloc_qgis.cli.report import describe_entry, prepare, write_json
from astroloc_qgis.cli.shared_arguments import (
    add_index,
    add_proposed_nadir,
    add_registration,
    add_search_limits,
    proposed_nadir,
    registration,
    search_limits,
)
from astroloc_qgis.cli.status import DEFECT, LOCALIZED
from astroloc_qgis.cli.terminal import complain, tell
from astroloc_qgis.cli.values import positive
from astroloc_qgis.engine.batch.rate import duration
from astroloc_qgis.engine.batch.rows import KINDS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from astroloc_qgis.engine.batch.runner import Progressed, Summary
    from astroloc_qgis.engine.units.units import Scheduler

UNUSED = "none"


def add_batch(commands: Any) -> None:
    """Add the grammar of ``batch`` to the subparsers of the command line."""
    parser: ArgumentParser = commands.add_parser(
        "batch", help="localize a folder or a table of photos unattended; the same command goes on after any end"
    )
    parser.add_argument("source", type=Path, metavar="FOLDER|TABLE.csv", help="photos, or a table that names them")
    add_index(parser, "index to search")
    parser.add_argument("--imagery", metavar="URI", help="reference to register to (default: the index's own)")
    add_search_limits(parser, "search only as far from the nadir; 0: no limit (2500, then the whole index)")
    add_proposed_nadir(parser)
    parser.add_argument(
        "--sequence", action="store_true", help="photos that follow each other help each other, and are done together"
    )
    add_registration(parser)
    parser.add_argument(
        "--keep", type=kinds, default=("geotiff",), metavar="KIND,...",
        help=f"files to keep of each photo: {', '.join(KINDS)}; or {UNUSED} (geotiff)",
    )  # fmt: skip
    add_running(parser)


def add_running(parser: ArgumentParser) -> None:
    """How the work of many photos runs, and the title of its report."""
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="processes, each on one core (default: as many as the cores)"
    )
    parser.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="of Dask, whose workers do the work instead")
    parser.add_argument("--again", action="store_true", help="try photos again that failed (not those that are bad)")
    parser.add_argument("--title", default="", help="of the report (default: the name of the folder or table)")


def kinds(text: str) -> tuple[str, ...]:
    """Kinds of files, separated by commas; "none" for none."""
    if text.strip() == UNUSED:
        return ()
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    unknown = [kind for kind in found if kind not in KINDS]
    if unknown:
        raise argparse.ArgumentTypeError(f"'{unknown[0]}' is no kind of file: choose from {', '.join(KINDS)}, {UNUSED}")
    return found


def run_batch(options: Namespace) -> int:
    """Localize the photos that are not done yet.

    Returns:
        0: all are done, whatever was found; 1: interrupted, or a photo failed by a defect.

    Raises:
        InputError: an input that all photos share is wrong, or there are no photos.
    """
    prepare(options)
    from astroloc_qgis.engine import pipeline
    from astroloc_qgis.engine.batch.localizing import localizing
    from astroloc_qgis.engine.batch.planning import plan_batch
    from astroloc_qgis.engine.batch.sources import photos_of

    scheduler = scheduler_of(options)
    photos = photos_of(options.source, options.out)
    check_inputs(options)
    common = registration(options)
    pipeline.check_options(options.out, **common)
    limits = {**search_limits(options), **proposed_nadir(options)}
    work = localizing(
        options.index, options.out, imagery=options.imagery, limits=limits, options=common, kinds=options.keep
    )
    batch = plan_batch(work, photos, options.source, options.out, title=options.title, sequence=options.sequence)
    with shown_progress() as show:
        summary = batch.run(scheduler, tell=show, again=options.again)
    if options.json:
        write_json(options.json, list(batch.entries()))
    tell(describe_summary(summary))
    return ended(summary)


def ended(summary: Summary) -> int:
    """The exit status of a batch that has run; says so where it was interrupted."""
    if not summary.complete:
        complain("Interrupted: run the same command again to go on.")
    return LOCALIZED if summary.complete and not summary.statuses["failed"] else DEFECT


def scheduler_of(options: Namespace) -> Scheduler:
    """The scheduler that the options name.

    Raises:
        InputError: Dask's package is not installed.
    """
    if options.scheduler is not None:
        from astroloc_qgis.engine.units.dask_scheduler import DaskScheduler, import_distributed

        import_distributed()
        return DaskScheduler(options.scheduler)
    from astroloc_qgis.engine.device import default_threads, default_workers, resolve_device
    from astroloc_qgis.engine.units.workers import LocalWorkers

    device = resolve_device(options.device)
    return LocalWorkers(options.workers or default_workers(device), 1 if device == "cpu" else default_threads())


@contextmanager
def shown_progress(
    describe: Callable[[Progressed, float, datetime], str] | None = None,
) -> Iterator[Callable[[Progressed], None]]:
    """Shows how far a batch is: a line on a terminal that stays up to date, and a line for each photo elsewhere.

    Args:
        describe: that line, see ``describe_progress``, which is the default; one that is given follows the lines of
            photos too.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield partial(_tell_entries, describe)
        return
    from tqdm import tqdm

    with tqdm(bar_format="{desc}", leave=False) as bar:

        def show(progressed: Progressed) -> None:
            for entry in progressed.entries:
                if entry["status"] in ("error", "failed"):
                    bar.write(_first_line(entry), file=sys.stderr)
            bar.set_description_str((describe or describe_progress)(progressed, time.monotonic(), datetime.now()))

        yield show


def _tell_entries(describe: Callable[[Progressed, float, datetime], str] | None, progressed: Progressed) -> None:
    for entry in progressed.entries:
        tell(_first_line(entry))
    if describe is not None and progressed.entries:
        tell(f"  {describe(progressed, time.monotonic(), datetime.now())}")


def _first_line(entry: dict[str, Any]) -> str:
    return describe_entry(entry).splitlines()[0]


def describe_progress(progressed: Progressed, now: float, clock: datetime) -> str:
    """How far a batch is, its pace and its expected end, in a line.

    Args:
        progressed: of the batch.
        now: seconds, of the clock that its rate was counted with.
        clock: the time of day.
    """
    rate, statuses = progressed.rate, progressed.statuses
    parts = [f"{statuses.total()} of {rate.total} photos ({statuses['localized']} localized)"]
    pace, left = rate.per_minute(now), rate.seconds_left(now)
    if pace is not None:
        parts.append(f"{pace:.1f} a minute")
    if left is not None and rate.left:
        end = clock + timedelta(seconds=left)
        day = "" if end.date() == clock.date() else f"{end:%a %d %b} "
        parts.append(f"ends about {day}{end:%H:%M} (in {duration(left)})")
    return ", ".join(parts)


def describe_summary(summary: Summary) -> str:
    """What a batch leaves behind, in words."""
    counts = [f"{summary.statuses[status]} {words}" for status, words in STATUSES.items() if summary.statuses[status]]
    lines = [f"{summary.statuses.total()} of {summary.photos} photos are done: {', '.join(counts) or 'none'}."]
    if summary.done_now:
        pace = 60 * summary.done_now / max(summary.seconds, 1e-9)
        lines.append(f"  this run    {summary.done_now} photos in {duration(summary.seconds)}, {pace:.1f} a minute")
    peaks = _peaks(summary.crew.peak_memory)
    if peaks:
        lines.append(f"  memory      {peaks} at most")
    return "\n".join([*lines, *(f"  {kind:<11} {path}" for kind, path in summary.files.items())])


def _peaks(memory: dict[str, int]) -> str:
    known: Sequence[tuple[str, int]] = sorted((name, peak) for name, peak in memory.items() if peak)
    return ", ".join(f"worker {name}: {peak / 1e6:.0f} MB" for name, peak in known)
