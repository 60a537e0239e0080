"""The benchmark of a finer index: photos too narrow for the world's index are localized with one of finer references.

The references of all folders become one imagery: a folder of rasters, as ``index build`` and ``localize`` take it.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from osgeo import gdal

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.benchmark.aims import distinct, place_candidate, read_aims
from astroloc_qgis.engine.benchmark.cases import read_cases
from astroloc_qgis.engine.benchmark.known.photos import AIMS, CASES, KnownPhoto
from astroloc_qgis.engine.benchmark.rows import append_row, rows_so_far
from astroloc_qgis.engine.coregistration.effort import NARROW_PX
from astroloc_qgis.engine.device import limit_threads, torch_threads
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.plan import usual_texture_zooms
from astroloc_qgis.engine.progress import Progress, no_progress, part_of

REFERENCES, INDEX, ROWS = "references", "index", "rows.jsonl"
BLUE_MARBLE_KM = 0.611
"""A pixel of Blue Marble at the equator."""

Key = tuple[str, str, str]
"""Source and name of a photo, and the way in which it is localized."""
Task = tuple[Path, Path, "Nadir | None", dict[str, Any]]
"""A photo, the index, the nadir, options of ``pipeline.Options``."""


def is_narrow(photo: KnownPhoto) -> bool:
    """Whether a photo is too narrow for Blue Marble, and so for the world's index."""
    return photo.width_km is not None and photo.width_km < NARROW_PX * BLUE_MARBLE_KM


def write_references(folders: Sequence[Path], out: Path) -> int:
    """Write a virtual raster for each reference of folders of cases, and for each candidate's picture of AIMS.

    Args:
        folders: with cases.json or outlines.csv.
        out: folder to write to; what is there already stays.

    Returns:
        Number of rasters.

    Raises:
        InputError: a folder has other photos, or cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    sources = {name: source for folder in folders for name, source in _sources(folder)}
    for name, (picture, options) in sources.items():
        path = out / f"{name}.vrt"
        if not path.exists():
            gdal.Translate(str(path), str(picture.resolve()), format="VRT", **options)
    return len(sources)


def _sources(folder: Path) -> Iterator[tuple[str, tuple[Path, dict[str, Any]]]]:
    """Name, file and place (where the file does not say it) of each reference; a block's own name is taken once."""
    if (folder / CASES).is_file():
        yield from ((case.name, (case.reference, {})) for case in read_cases(folder))
    elif (folder / AIMS).is_file():
        for photo in read_aims(folder):
            for candidate in distinct(photo.candidates):
                block = candidate.block
                name = f"{block.zoom}-{block.row}-{block.column}"
                yield name, (candidate.picture, place_candidate(candidate))
    else:
        raise InputError(f"The folder {folder} has neither {CASES} nor {AIMS}: it comes without references.")


def build(
    out: Path,
    zooms: Sequence[int],
    model: str,
    *,
    device: str = "cpu",
    workers: int = 1,
    progress: Progress = no_progress,
) -> int:
    """Build the index of the references in ``out``, or go on with it.

    Returns:
        Number of its blocks.

    Raises:
        InputError: see ``builder.build_index``.
    """
    reference = Reference.open(out / REFERENCES)
    try:
        texture = usual_texture_zooms(model, zooms)
        index = build_index(
            reference, zooms, None, model, out / INDEX, device=device, workers=workers, texture_zooms=texture,
            progress=progress,
        )  # fmt: skip
    finally:
        reference.close()
    return len(index)


def run(
    photos: Sequence[KnownPhoto],
    out: Path,
    *,
    use_nadir: bool = True,
    workers: int = 1,
    progress: Progress = no_progress,
    **options: Any,
) -> list[dict[str, Any]]:
    """Localize photos with the index of ``out``, as the command line does.

    Args:
        photos: the photos.
        out: folder with the index; ``rows.jsonl`` in it takes a line a photo, and those in it are not done again.
        use_nadir: whether nadirs are given that are known.
        workers: processes that localize.
        progress: told the stages.
        **options: of ``pipeline.Options``.

    Returns:
        One row a photo: ``source``, ``photo``, ``mode``, ``shown``, ``narrow``, ``width_km``, ``right`` (of the
        footprint; None where not localized), ``localized``, ``reason``, ``confidence``, ``inliers``, ``matcher``,
        ``rank``, ``candidates`` (blocks, by rank), ``footprint``, ``seconds``.

    Raises:
        InputError: the index or a photo cannot be read.
        Cancelled: by ``progress``.
    """
    mode = "nadir" if use_nadir else "no nadir"
    rows = {(row["source"], row["photo"], row["mode"]): row for row in rows_so_far(out / ROWS)}
    keys = {(photo.source, photo.name, mode): photo for photo in photos}
    left = {key: photo for key, photo in keys.items() if key not in rows}
    tasks = {key: (photo.path, out / INDEX, photo.nadir if use_nadir else None, options) for key, photo in left.items()}
    for key, found in _each(tasks, workers, progress):
        footprint = found["footprint"]
        photo = left[key]
        rows[key] = {
            **dict(zip(("source", "photo", "mode"), key, strict=True)),
            "shown": photo.shown,
            "narrow": is_narrow(photo),
            "width_km": None if photo.width_km is None else round(photo.width_km, 1),
            "right": None if footprint is None else photo.judge(np.array(footprint, dtype=np.float64)),
            **found,
        }
        with (out / ROWS).open("a", encoding="utf-8") as stream:
            append_row(stream, rows[key])
    return [rows[key] for key in keys]


def _each(tasks: Mapping[Key, Task], workers: int, progress: Progress) -> Iterator[tuple[Key, dict[str, Any]]]:
    """What is found of each photo, as it comes; several in processes of their own."""
    if workers == 1 or len(tasks) < 2:
        for number, (key, task) in enumerate(tasks.items()):
            yield key, _localized(*task, part_of(progress, number / len(tasks), (number + 1) / len(tasks)))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, limit_threads, (torch_threads(),)) as pool:
        waiting = {pool.submit(_localized, *task): key for key, task in tasks.items()}
        for number, done in enumerate(as_completed(waiting), start=1):
            yield waiting[done], done.result()
            progress("match", number / len(tasks))


def _localized(
    path: Path, index: Path, nadir: Nadir | None, options: Mapping[str, Any], progress: Progress = no_progress
) -> dict[str, Any]:
    """Localize a photo; the part of its row that tells what was found."""
    started = time.perf_counter()
    with TemporaryDirectory() as out:
        found = pipeline.localize(path, index, Path(out), nadir=nadir, progress=progress, **options)
    footprint = found.footprint
    return {
        "localized": found.located,
        "reason": found.reason,
        "confidence": round(found.verdict.confidence, 4),
        "inliers": found.registration.inliers,
        "matcher": found.registration.matcher,
        "rank": None if found.candidate is None else found.candidate.rank,
        "candidates": [str(candidate.block) for candidate in found.candidates],
        "footprint": None if footprint is None else footprint.round(6).tolist(),
        "seconds": round(time.perf_counter() - started, 2),
    }


def counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """``photos``, and of these ``right``, ``wrong`` and ``not_localized``; a place that nothing tells is wrong."""
    localized = [row for row in rows if row["localized"]]
    right = sum(row["right"] is True for row in localized)
    return {
        "photos": len(rows),
        "right": right,
        "wrong": len(localized) - right,
        "not_localized": len(rows) - len(localized),
    }


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Counts of the photos that the references show, narrow and others, and of those that they do not show."""
    return {
        "too narrow for Blue Marble": counts([row for row in rows if row["shown"] and row["narrow"]]),
        "wider": counts([row for row in rows if row["shown"] and not row["narrow"]]),
        "not in the references": counts([row for row in rows if not row["shown"]]),
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The summary and each photo as Markdown tables."""
    lines = ["| photos | number | right | wrong | not localized |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, found in summary(rows).items():
        if found["photos"]:
            lines.append(f"| {name} | {' | '.join(str(count) for count in found.values())} |")
    lines += [
        "",
        "| photo | km wide | answer | candidate | inliers | confidence | matcher | seconds |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- | ---: |",
    ]
    for row in rows:
        answer = ("right" if row["right"] else "WRONG") if row["localized"] else f"not localized: {row['reason']}"
        if not row["shown"]:
            answer += " (not in the references)"
        width, rank = row["width_km"] or "?", row["rank"] or "–"
        lines.append(
            f"| {row['source']} {row['photo']} | {width} | {answer} | {rank} | {row['inliers']} | "
            f"{row['confidence']:.3f} | {row['matcher'] or '–'} | {row['seconds']:.1f} |"
        )
    return "\n".join(lines)
