"""Labelling whose photos take no time: what becomes of one is in its name, and work on one leaves a line in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.batch.label_command import finish_labels
from astroloc_qgis.engine.batch.photos import plan_units
from astroloc_qgis.engine.batch.runner import Batch
from astroloc_qgis.engine.labelling.weak_labels import weakly_labelled_photos
from astroloc_qgis.engine.units.units import Done, Scheduler, Unit, Work, do_unit
from astroloc_qgis.engine.units.workers import LocalWorkers
from tests.engine.batch.fast import located, open_fast

OPENER = "tests.engine.labelling.fast_labels:open_fast_labels"


def open_fast_labels(settings: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    do_fast = open_fast(settings)

    def do(task: Mapping[str, Any]) -> dict[str, Any]:
        entries = do_fast(task)["photos"]
        return {"photos": [_labelled(entry) for entry in entries]}

    return do


def _labelled(entry: dict[str, Any]) -> dict[str, Any]:
    path = Path(entry["photo"])
    label = {"footprint": located(path)["footprint"], "off_km": 12.5, "photo_id": path.stem, "centre": [8.0, 44.0]}
    return entry | {"outputs": {}, "label": label}


class Here:
    """A scheduler that does the work in this process."""

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[Done]:
        do = work.open()
        for unit in units:
            yield Done(unit, **do_unit(do, unit.task))


def label_fast(table: Path, out: Path, log: Path, scheduler: Scheduler, seconds: float = 0.0) -> bool:
    """Label, and write the files; whether all are done."""
    work = Work(OPENER, {"out": str(out), "log": str(log), "seconds": seconds})
    units = plan_units(weakly_labelled_photos(table), {}, source=table)
    batch = Batch(work, units, {}, out, "fast")
    complete = batch.run(scheduler).complete
    finish_labels(batch, "link")
    return complete


def main(table: str, out: str, log: str, seconds: str, workers: str) -> int:
    """Label as a process that can be killed."""
    return 0 if label_fast(Path(table), Path(out), Path(log), LocalWorkers(int(workers)), float(seconds)) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
