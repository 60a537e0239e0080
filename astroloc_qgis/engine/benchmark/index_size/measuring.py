"""Making an index of synthetic descriptors in each storage, and measuring searches in it."""

from __future__ import annotations

import dataclasses
import json
import logging
import multiprocessing
import os
import shutil
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.benchmark.coregistration import peak_memory_mb
from astroloc_qgis.engine.benchmark.index_size.synthetic import Photo, SyntheticWorld
from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.device import THREAD_VARIABLES, limit_threads
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index import format as index_format
from astroloc_qgis.engine.index.faiss_store import make_store, trained_store, write_store
from astroloc_qgis.engine.index.format import IndexInfo
from astroloc_qgis.engine.index.plan import check_kind
from astroloc_qgis.engine.index.sharded import coarse as coarse_codes
from astroloc_qgis.engine.index.sharded.opening import open_local
from astroloc_qgis.engine.index.sharded.split import MOST_ROWS, TRAINED_ON
from astroloc_qgis.engine.index.sharded.table import cells
from astroloc_qgis.engine.index.sharded.writing import ShardWriter, in_one_step
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.retrieval.limits import Limits
from astroloc_qgis.engine.retrieval.query import Query
from astroloc_qgis.engine.retrieval.search import rank

log = logging.getLogger(__name__)

EXACT = "Flat"
STORAGES = (EXACT, "SQfp16", "SQ8", "SQ8+coarse", "PQ64np", "PQ128x7np")
"""What is measured unless the user chooses; "+coarse" adds coarse codes."""
TOP, RECALLED = 100, 10
_CHUNK = 50_000
_WARM = 2


def run(
    world: Path,
    work: Path,
    rows: Sequence[int],
    storages: Sequence[str] = STORAGES,
    *,
    photos: int = 20,
    seed: int = 1,
    threads: Sequence[int] = (1,),
    most_rows: int = MOST_ROWS,
    keep: bool = False,
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Measure each storage at each number of blocks. What was measured before, with the same settings, is read again.

    Args:
        world: folder of the world index, which descriptors are drawn from.
        work: folder for the indexes, which are deleted when they are measured, and for the measurements.
        rows: numbers of blocks.
        storages: kinds of vector store, "+coarse" for coarse codes beside them. All are in shards, but inverted files.
        photos: searches of each sort.
        seed: draws blocks, descriptors and photos.
        threads: numbers of threads; memory and recall are measured with the first.
        most_rows: blocks in a shard.
        keep: do not delete the indexes.
        progress: told the stage "describe"; may raise ``Cancelled``.

    Returns:
        For each: ``rows``, ``storage``, ``shards``, ``mb`` on disk, ``open_ms``, ``recall`` (share of the first ten
        of the exact search among its own; by "world" and "nadir"), ``resident_mb`` (peak of the process, after
        each; ``resident_start_mb`` before the index is opened), and by number of threads ``seconds`` and
        ``cpu_seconds`` a photo (medians).

    Raises:
        InputError: a storage is none, or the work folder cannot be used.
        Cancelled: by ``progress``.
    """
    for storage in storages:
        check_kind(storage.removesuffix("+coarse"))
    work.mkdir(parents=True, exist_ok=True)
    found, drawn = [], None
    wanted = [(count, storage) for count in rows for storage in dict.fromkeys((EXACT, *storages))]
    for number, (count, storage) in enumerate(wanted):
        progress("describe", number / len(wanted))
        name = f"{count}-{storage.replace(',', '-')}-{seed}-{photos}-{most_rows}"
        path = work / f"{name}.json"
        if not path.is_file():
            drawn = drawn or SyntheticWorld(world, seed)
            started = time.perf_counter()
            folder = work / name
            if not folder.is_dir():
                _make(drawn, drawn.blocks(count), folder, storage, most_rows)
            made = time.perf_counter() - started
            measured = _measured(drawn, folder, count, photos, threads)
            measured |= {"rows": count, "storage": storage, "made_s": round(made, 1)}
            path.write_text(json.dumps(measured), encoding="utf-8")
            if not keep:
                shutil.rmtree(folder)
        measured = json.loads(path.read_text(encoding="utf-8"))
        if storage == EXACT:
            exact = measured["first"]
        measured["recall"] = {which: _recall(exact[which], measured["first"][which]) for which in exact}
        found.append({key: value for key, value in measured.items() if key != "first"})
        log.info("%s", found[-1])
    return [each for each in found if each["storage"] in storages]


def _make(world: SyntheticWorld, table: Table, folder: Path, storage: str, most_rows: int) -> None:
    kind, with_coarse = storage.removesuffix("+coarse"), storage.endswith("+coarse")
    zooms, counts = np.unique(table[:, 0], return_counts=True)
    info = dataclasses.replace(
        world.info, title=f"{len(table):,} synthetic blocks", zooms=tuple(zooms.tolist()),
        counts=dict(zip(zooms.tolist(), counts.tolist(), strict=True)), stride=2, kind=kind, texture_zooms=(),
        texture_sha256="", northern_limits={}, files={}, format_version=index_format.FORMAT_VERSION,
    )  # fmt: skip
    sample = table[np.sort(np.random.default_rng(0).permutation(len(table))[:TRAINED_ON])]

    def read_sample() -> Iterator[np.ndarray]:
        yield np.concatenate(list(_described(world, sample)))

    if kind.startswith("IVF"):
        _make_in_one_piece(world, table, folder, info)
        return
    store = trained_store(kind, world.info.dimensions, len(sample), read_sample, lambda: None)
    coarse = coarse_codes.trained_codes(next(read_sample())) if with_coarse else None
    with in_one_step(folder, ".making") as work:
        writer = ShardWriter(work, info, store, coarse)
        for numbers in cells(table, most_rows):
            writer.add(table[numbers], vectors=np.concatenate(list(_described(world, table[numbers]))))
        writer.finish()


def _make_in_one_piece(world: SyntheticWorld, table: Table, folder: Path, info: IndexInfo) -> None:
    with in_one_step(folder, ".making") as work:
        store = make_store(info.kind, info.dimensions, len(table), lambda: _described(world, table), lambda: None)
        write_store(store, work / index_format.VECTORS)
        index_format.pack_blocks(table, work / index_format.BLOCKS)
        index_format.write_info(work, info)


def _described(world: SyntheticWorld, table: Table) -> Iterator[np.ndarray]:
    """The descriptors of blocks, coarse zooms first, in parts of one zoom."""
    for zoom in np.unique(table[:, 0]).tolist():
        own = table[table[:, 0] == zoom]
        for start in range(0, len(own), _CHUNK):
            yield world.vectors(own[start : start + _CHUNK])


def _measured(world: SyntheticWorld, folder: Path, count: int, photos: int, threads: Sequence[int]) -> dict[str, Any]:
    drawn = world.photos(world.blocks(count), photos)
    measured: dict[str, Any] = {}
    for number in threads:
        one = _apart(number, folder, drawn, bool(measured))
        by_threads = {name: {str(number): one.pop(name)} for name in ("seconds", "cpu_seconds")}
        if not measured:
            measured = {**one, **by_threads}
        for name, value in by_threads.items():
            measured[name] |= value
    files = [path for path in folder.rglob("*") if path.is_file()]
    measured["mb"] = round(sum(path.stat().st_size for path in files) / 1e6, 1)
    return measured


def _apart(threads: int, folder: Path, photos: list[Photo], only_times: bool) -> dict[str, Any]:
    """Search in a process of its own with a number of threads, so that the memory is the search's."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), limit_threads, (threads,)) as process:
            return process.submit(_search, folder, photos, only_times).result()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _search(folder: Path, photos: list[Photo], only_times: bool) -> dict[str, Any]:
    start = _peak_mb()
    opening = time.perf_counter()
    index = open_local(folder)
    opened = time.perf_counter() - opening
    seconds: dict[str, float] = {}
    cpu: dict[str, float] = {}
    peaks: dict[str, float | None] = {}
    first: dict[str, list[list[list[int]]]] = {}
    for which in ("nadir", "world"):
        taken, used = [], []
        for photo in [*photos[:_WARM], *photos]:
            limits = Limits(photo.nadir) if which == "nadir" else Limits()
            began, busy = time.perf_counter(), time.process_time()
            allowed = limits.allowed(index) if isinstance(index, Index) else None
            rank(Query(photo.vectors), index, limits, top=TOP, allowed=allowed)
            taken.append(time.perf_counter() - began)
            used.append(time.process_time() - busy)
        seconds[which] = round(statistics.median(taken[_WARM:]), 4)
        seconds[f"{which}, first"] = round(taken[0], 4)
        cpu[which] = round(statistics.median(used[_WARM:]), 4)
        peaks[which] = _peak_mb()
        if not only_times:
            first[which] = [_best(index, photo, which) for photo in photos]
    return {
        "open_ms": round(1000 * opened, 1),
        "shards": 1 if isinstance(index, Index) else len(index.shards),
        "resident_start_mb": start,
        "resident_mb": peaks,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "first": first,
    }


def _peak_mb() -> float | None:
    """Peak of this process's memory in MB; Linux's own count, since the other goes on from the parent's."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024, 1)
    except (OSError, StopIteration):
        return peak_memory_mb()


def _best(index: Any, photo: Photo, which: str) -> list[list[int]]:
    limits = Limits(photo.nadir) if which == "nadir" else Limits()
    allowed = limits.allowed(index) if isinstance(index, Index) else None
    found = rank(Query(photo.vectors), index, limits, top=RECALLED, diversify=False, allowed=allowed)
    return [[one.block.zoom, one.block.row, one.block.column] for one in found]


def _recall(exact: Sequence[Any], found: Sequence[Any]) -> float:
    """Share of the exact search's first blocks that are among those found."""
    hits = [sum(block in there for block in those) / len(those) for those, there in zip(exact, found, strict=True)]
    return round(statistics.mean(hits), 4)


def describe(measured: Sequence[Mapping[str, Any]]) -> str:
    """The measurements as a Markdown table; times as wall clock, and time of the processor in parentheses."""
    threads = list(measured[0]["seconds"]) if measured else []
    heads = [f"{which}, {n} thread{'s' * (n != '1')}" for n in threads for which in ("about a nadir", "the world")]
    lines = [
        "| blocks | storage | MB | ms to open | " + " | ".join(heads) + " | recall@10 nadir / world | MB resident |",
        "| ---: | --- | ---: | ---: | " + "---: | " * len(heads) + "---: | ---: |",
    ]
    for one in measured:
        times = [
            f"{one['seconds'][n][which]:.2f} ({one['cpu_seconds'][n][which]:.2f})"
            for n in threads
            for which in ("nadir", "world")
        ]
        lines.append(
            f"| {one['rows']:,} | {one['storage']} | {one['mb']:,.0f} | {one['open_ms']:.0f} | {' | '.join(times)} | "
            f"{one['recall']['nadir']:.3f} / {one['recall']['world']:.3f} | "
            f"{one['resident_mb']['nadir']:.0f} / {one['resident_mb']['world']:.0f} |"
        )
    return "\n".join(lines)


def check_work_folder(work: Path) -> None:
    """Refuse a work folder that is a file.

    Raises:
        InputError: it is one.
    """
    if work.exists() and not work.is_dir():
        raise InputError(f"The work folder {work} is a file: choose another.")
