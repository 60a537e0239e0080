"""A batch whose photos take no time: what becomes of one is in its name, and work on one leaves a line in a log."""

from __future__ import annotations

import os
import signal
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.batch.entries import unfinished_entry
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.units.units import Work

FAST = "tests.engine.batch.fast:open_fast"
CORNER = (8.0, 44.0)


def fast_work(out: Path, log: Path, *, seconds: float = 0.0, **more: Any) -> Work:
    """The work of a fast batch; ``seconds`` are what each photo takes."""
    return Work(FAST, {"out": str(out), "log": str(log), "seconds": seconds, **more})


def open_fast(settings: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    if settings.get("refuse"):
        raise InputError("The index is missing: build it.", "details")
    if settings.get("die"):
        os._exit(7)

    def do(task: Mapping[str, Any]) -> dict[str, Any]:
        return {"photos": [_entry(photo, settings) for photo in task["photos"]]}

    return do


def wait_for(what: Callable[[], object], seconds: float = 90.0) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(process: int) -> bool:
    """Whether a process has ended, or waits for its parent to notice."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{process}/stat").exists() and " Z " in Path(f"/proc/{process}/stat").read_text()


def open_numbers(settings: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Units that are no photos: each has a number, and gives its square."""

    def do(task: Mapping[str, Any]) -> dict[str, Any]:
        number = task["number"]
        if number in settings.get("deadly", []):
            os.kill(os.getpid(), signal.SIGKILL)
        if number in settings.get("wrong", []):
            raise ZeroDivisionError("one")
        time.sleep(settings.get("seconds", 0.0))
        return {"square": number * number, "process": os.getpid()}

    return do


def _entry(photo: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    path = Path(photo["path"])
    with Path(settings["log"]).open("a", encoding="utf-8") as log:
        log.write(f"{os.getpid()} {path.name}\n")
    time.sleep(settings["seconds"])
    if path.name.startswith("deadly"):
        os.kill(os.getpid(), signal.SIGKILL)
    if path.name.startswith("bad"):
        return unfinished_entry(path, f"The photo {path} is empty (0 bytes): copy or download it again.", "error")
    if path.name.startswith("cloud"):
        return unfinished_entry(path, "only 7 tie points agree on the best solution") | {"confidence": 0.12}
    return located(path) | {"outputs": _outputs(photo, settings)}


def located(path: Path) -> dict[str, Any]:
    """The entry of a localized photo, at a place that follows from its name."""
    at = zlib.crc32(path.name.encode("utf-8", "surrogateescape"))
    lon, lat = CORNER[0] + at % 97 / 20, CORNER[1] + at % 89 / 30
    ring = [[lon, lat], [lon + 0.6, lat + 0.1], [lon + 0.5, lat - 0.3], [lon - 0.1, lat - 0.4]]
    return unfinished_entry(path, "converged", "localized") | {
        "confidence": 0.9 + at % 10 / 100,
        "inliers": 40 + at % 200,
        "matcher": "sift",
        "footprint": ring,
        "rmse_px": 0.8,
        "rmse_m": 95.0,
        "uncertainty": {"worst_corner_95_m": 310.0},
        "candidate": {"zoom": 10, "row": 365, "column": 540, "size": 4, "rank": 2, "score": 0.8},
        "seconds": {"read": 0.1, "search": 0.5, "match": 2.0 + at % 7},
    }


def _outputs(photo: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, str]:
    name = f"{photo['out']}/{Path(photo['path']).stem}_georeferenced.tif"
    target = Path(settings["out"]) / name
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    draft.write_bytes(b"whole")
    draft.replace(target)
    return {"geotiff": name}


def main(photos: str, out: str, log: str, seconds: str, workers: str) -> int:
    """Run a batch of a folder, as a process that can be killed; its status is that of the command."""
    from astroloc_qgis.engine.batch.photos import plan_units
    from astroloc_qgis.engine.batch.runner import Batch
    from astroloc_qgis.engine.batch.sources import photos_of
    from astroloc_qgis.engine.units.workers import LocalWorkers

    source, work = Path(photos), fast_work(Path(out), Path(log), seconds=float(seconds))
    units = plan_units(photos_of(source, Path(out)), {"of": "fast"}, source=source)
    summary = Batch(work, units, {"of": "fast"}, Path(out), "fast").run(LocalWorkers(int(workers)))
    return 0 if summary.complete else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
