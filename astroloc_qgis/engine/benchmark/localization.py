"""The benchmark of localization, from photo to footprint: photos of known place, and the share that is found."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.benchmark.pairs import RIGHT_WITHIN
from astroloc_qgis.engine.benchmark.retrieval import Query
from astroloc_qgis.engine.benchmark.rows import append_row, rows_so_far
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.progress import Progress, no_progress, part_of


def run(
    queries: Sequence[Query],
    index: Path,
    work: Path,
    *,
    imagery: str | None = None,
    radius_km: float = 2500.0,
    matcher: str = "auto",
    device: str = "auto",
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Localize every photo as the command line does, with all outputs (into a temporary folder).

    Args:
        queries: the photos.
        index: folder of the index to search.
        work: file of JSON lines, one a photo; photos in it are not localized again.
        imagery: imagery to register to; None for the index's own.
        radius_km: search radius about each photo's nadir; 0 for a search everywhere, without the nadir.
        matcher: name of a matcher, or "auto".
        device: torch device.
        progress: called with the stages.

    Returns:
        One entry a photo: ``photo``, ``region``, ``localized``, ``right`` (None where not localized), ``error`` (of the
        worst corner, as a part of the footprint's diagonal), ``inliers``, ``confidence``, ``matcher``, ``rank`` (of the
        candidate that was registered), ``seconds``, and ``stages`` (seconds by stage).

    Raises:
        InputError: the index or the imagery cannot be used.
    """
    entries = rows_so_far(work)
    done = {entry["photo"] for entry in entries}
    work.parent.mkdir(parents=True, exist_ok=True)
    for number, query in enumerate(queries):
        name = f"{query.path.parent.name}/{query.path.name}"
        if name in done:
            continue
        step = part_of(progress, number / len(queries), (number + 1) / len(queries))
        with tempfile.TemporaryDirectory() as out:
            started = time.perf_counter()
            found = pipeline.localize(
                query.path,
                index,
                Path(out),
                imagery=imagery,
                nadir=query.nadir if radius_km else None,
                radius_km=radius_km,
                matcher=matcher,
                device=device,
                progress=step,
            )
            seconds = time.perf_counter() - started
        entries.append({"photo": name, "region": query.region, **_entry(found, query), "seconds": round(seconds, 2)})
        with work.open("a", encoding="utf-8") as stream:
            append_row(stream, entries[-1])
    return entries


def summary(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """``n``, ``localized`` and ``wrong`` (photos), ``right`` (per cent of all), ``seconds`` (median and 95 %)."""
    seconds = [entry["seconds"] for entry in entries]
    return {
        "n": len(entries),
        "localized": sum(entry["localized"] for entry in entries),
        "wrong": sum(entry["localized"] and not entry["right"] for entry in entries),
        "right": round(100 * sum(bool(entry["right"]) for entry in entries) / len(entries), 1),
        "seconds": {"median": float(np.median(seconds)), "95 %": round(float(np.percentile(seconds, 95)), 2)},
    }


def describe(entries: Sequence[dict[str, Any]]) -> str:
    """A summary in words, with the names of the photos at wrong places."""
    total = summary(entries)
    wrong = [entry["photo"] for entry in entries if entry["localized"] and not entry["right"]]
    return (
        f"{total['n']} photos: {total['right']:.1f} % located rightly, {total['wrong']} wrongly"
        f"{' (' + ', '.join(wrong) + ')' if wrong else ''}; {total['seconds']['median']:.1f} s in the median, "
        f"{total['seconds']['95 %']:.1f} s in the 95th percentile."
    )


def corner_error(footprint: Array, truth: Array) -> float:
    """Distance of the worst corner, as a part of the true footprint's diagonal; both (4, 2) lon,lat."""
    gaps = [great_circle_km(found[None], true)[0] for found, true in zip(footprint, truth, strict=True)]
    diagonal = max(great_circle_km(truth[one][None], truth[one + 2])[0] for one in (0, 1))
    return float(max(gaps) / diagonal)


def _entry(found: pipeline.Localization, query: Query) -> dict[str, Any]:
    footprint = found.footprint
    error = None if footprint is None else corner_error(footprint, query.footprint)
    return {
        "localized": found.located,
        "right": None if error is None else error < RIGHT_WITHIN,
        "error": None if error is None else round(error, 5),
        "inliers": found.registration.inliers,
        "confidence": round(found.verdict.confidence, 4),
        "matcher": found.registration.matcher,
        "rank": None if found.candidate is None else found.candidate.rank,
        "stages": {stage: round(value, 2) for stage, value in found.seconds.items()},
    }
