"""The benchmark of speed: time and memory of describing a photo and searching, beside an exact search."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from astroloc_qgis.engine.benchmark.coregistration import peak_memory_mb
from astroloc_qgis.engine.device import limit_threads, resolve_device, torch_threads
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.retrieval.limits import allowed_blocks
from astroloc_qgis.engine.retrieval.nadir_prior import prior_penalty
from astroloc_qgis.engine.retrieval.query_picture import query_picture
from astroloc_qgis.engine.retrieval.query_rotation import describe_rotations
from astroloc_qgis.engine.retrieval.search import rank_blocks

Result = TypeVar("Result")
TOP = 100
_SEED = 3


def run(
    photo: Path,
    index: Path,
    *,
    nadir: Nadir | None = None,
    radius_km: float = 2500.0,
    repeat: int = 5,
    device: str = "auto",
) -> dict[str, Any]:
    """Measure the query of one photo, in a process of its own, so that the memory is the query's.

    Args:
        photo: image file.
        index: folder of the index.
        nadir: the sub-satellite point; None to measure only the search of the whole index.
        radius_km: radius about the nadir.
        repeat: number of repetitions of each step; the median counts.
        device: torch device, or "auto".

    Returns:
        ``index`` (model, kind, blocks), ``seconds`` by step ("open", which is done once: libraries, model and index;
        "read" the photo, "describe" it in four rotations, "search the world", "search about the nadir"), ``exact``
        (seconds of a search of as many vectors by a matrix product in float32), ``ratio`` (of the search of the world
        to that), ``peak_memory_mb`` (after the first query of all, and with the vectors of the exact search).

    Raises:
        InputError: the photo or the index cannot be used.
    """
    device = resolve_device(device)
    query = _apart(_query, photo, index, nadir, radius_km, repeat, device)
    exact = _apart(_exact, query["index"]["blocks"], query["index"]["dimensions"], repeat)
    return {
        **query,
        "exact": exact["seconds"],
        "ratio": round(query["seconds"]["search the world"] / exact["seconds"], 3),
        "peak_memory_mb": {"query": query["peak_memory_mb"], "exact": exact["peak_memory_mb"]},
    }


def describe(measured: dict[str, Any]) -> str:
    """The measurements as a Markdown table and a sentence."""
    about, memory = measured["index"], measured["peak_memory_mb"]
    lines = ["| step | seconds |", "| --- | ---: |"]
    lines += [f"| {step} | {seconds:.3f} |" for step, seconds in measured["seconds"].items()]
    lines += [
        "",
        f"{about['blocks']:,} blocks, {about['kind']}, {about['model']}: the search takes {measured['ratio']:.2f} of "
        f"the time of an exact one in float32 ({measured['exact']:.3f} s); the process holds {memory['query']} MB at "
        f"most, the exact one {memory['exact']} MB.",
    ]
    return "\n".join(lines)


def _apart(work: Callable[..., Result], *arguments: Any) -> Result:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), limit_threads, (torch_threads(),)) as process:
        return process.submit(work, *arguments).result()


def _query(path: Path, folder: Path, nadir: Nadir | None, radius_km: float, repeat: int, device: str) -> dict[str, Any]:
    started = time.perf_counter()
    index = Index.open(folder)
    descriptor = index.create_descriptor(device)
    seconds = {"open": time.perf_counter() - started}
    pixels, seconds["read"] = _timed(lambda: read_photo(path).rgb8(), 1)
    picture = query_picture(pixels, descriptor)
    vectors = describe_rotations(picture, descriptor)
    bonus = index.texture_bonus(picture)
    rank_blocks(vectors, index, None, top=TOP, bonus=bonus)
    peak = peak_memory_mb()
    _, seconds["describe"] = _timed(lambda: describe_rotations(query_picture(pixels, descriptor), descriptor), repeat)
    if index.texture is not None:
        _, seconds["texture"] = _timed(lambda: index.texture_bonus(picture), repeat)
    _, seconds["search the world"] = _timed(lambda: rank_blocks(vectors, index, None, top=TOP, bonus=bonus), repeat)
    if nadir is not None:

        def near() -> object:
            allowed = allowed_blocks(index, nadir=nadir, radius_km=radius_km)
            penalty = prior_penalty(index, nadir, radius_km)
            return rank_blocks(vectors, index, allowed, top=TOP, penalty=penalty, bonus=bonus)

        _, seconds["search about the nadir"] = _timed(near, repeat)
    info = index.info
    return {
        "index": {"model": info.model, "kind": info.kind, "blocks": len(index), "dimensions": info.dimensions},
        "seconds": {step: round(value, 4) for step, value in seconds.items()},
        "peak_memory_mb": peak,
    }


def _exact(count: int, dimensions: int, repeat: int) -> dict[str, Any]:
    """An exact search of the same number of random vectors, for four queries."""
    import torch

    rng = np.random.default_rng(_SEED)
    vectors = torch.from_numpy(rng.standard_normal((count, dimensions), dtype=np.float32))
    queries = torch.from_numpy(rng.standard_normal((4, dimensions), dtype=np.float32))
    top = min(1000, count)
    _, seconds = _timed(lambda: (queries @ vectors.T).topk(top, dim=1), repeat)
    return {"seconds": round(max(seconds, 1e-6), 5), "peak_memory_mb": peak_memory_mb()}


def _timed(work: Callable[[], Result], repeat: int) -> tuple[Result, float]:
    """The result of some work, and the median of its seconds."""
    taken = []
    for _ in range(repeat):
        started = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - started)
    return result, statistics.median(taken)
