"""The benchmark of coregistration: real photos of known footprints, registered to their references."""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.benchmark.cases import Case, read_cases
from astroloc_qgis.engine.benchmark.trials import trials_of
from astroloc_qgis.engine.coregistration.cascade import Stage, stages_of
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.device import limit_threads, resolve_device, torch_threads
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.photo.reading import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress

ELSEWHERE = ("negative", "false")
"""Kinds of the cases whose reference does not show the photo."""

LEAST_TOLERANCE_PX = 15.0
"""A footprint is right when its worst corner is within this, or 5 times the spread of the truth, reference pixels."""


def run(
    folder: Path,
    matcher_names: Sequence[str],
    *,
    cross: bool = False,
    device: str = "auto",
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Register every case with every matcher, with its weights loaded beforehand.

    Each matcher runs in a process of its own, so that its memory can be measured.

    Args:
        folder: folder with cases.json.
        matcher_names: names of the registry, or "auto".
        cross: whether each photo is also registered to the references of all others, which do not show it.
        device: torch device, or "auto".
        progress: called with the stage "match".

    Returns:
        One entry a case and matcher: id, kind (of the case; "false" where the reference is another's), reference (id of
        its case), matcher (as asked for), won_by (the one of ``auto`` that had the result), status, inliers,
        confidence, corner_error_px (of the worst corner, pixels of the reference; None where the photo was not
        localized, or its true corners are not known), tolerance_px, right, seconds, peak_memory_mb (of the process so
        far; None where the system does not report it), footprint, reason; and for the calibration set, shows (whether
        the reference shows the photo) and trials (see ``trials.trials_of``).

    Raises:
        InputError: bad cases, an unknown matcher or device.
    """
    names = list(dict.fromkeys(matcher_names))
    for stage in itertools.chain.from_iterable(stages_of(name) for name in names):
        if not matchers.ready(stage.matcher):
            matchers.create(stage.matcher)  # raises what is missing
    device = resolve_device(device)
    cases = read_cases(folder)
    pairs = [(case, case) for case in cases]
    if cross:
        pairs += [(case, other) for case in cases for other in cases if case is not other]
    results = []
    for number, name in enumerate(names):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), limit_threads, (torch_threads(),)) as process:
            process.submit(_prepare, name, device).result()
            for count, (case, other) in enumerate(pairs):
                results.append(process.submit(_run_pair, case, other, name, device).result())
                progress("match", (number + (count + 1) / len(pairs)) / len(names))
    return results


def _prepare(name: str, device: str) -> None:
    for stage in stages_of(name):
        matchers.create(stage.matcher, device)


def _run_pair(case: Case, other: Case, name: str, device: str) -> dict[str, Any]:
    """One photo against its own reference, or another's."""
    if case.name != other.name:
        case = replace(case, kind="false", reference=other.reference, block=other.block, nadir=None)
    entry = _run_case(case, name, stages_of(name), device)
    return {**entry, "reference": other.name, "peak_memory_mb": peak_memory_mb()}


def peak_memory_mb() -> float | None:
    """Peak memory of this process in MB; None where the system does not report it."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _run_case(case: Case, name: str, stages: Sequence[Stage], device: str) -> dict[str, Any]:
    photo = read_photo(case.photo)
    reference = Reference.open(case.reference)
    try:
        started = time.perf_counter()
        result = pipeline.register_block(
            photo.path,
            PhotoPyramid(photo.rgb8(), photo.alpha),
            reference,
            case.block,
            nadir=case.nadir,
            stages=stages,
            device=device,
        )
        seconds = time.perf_counter() - started
        footprint = result.footprint
        error = None if footprint is None else corner_error_px(footprint, case, reference)
        tolerance = max(LEAST_TOLERANCE_PX, 5 * case.spread_px)
        trials = trials_of(result, partial(_judged, case, reference, tolerance))
    finally:
        reference.close()
    return {
        "id": case.name,
        "kind": case.kind,
        "matcher": name,
        "won_by": result.registration.matcher,
        "status": "localized" if result.located else "not_localized",
        "inliers": result.registration.inliers,
        "confidence": round(result.verdict.confidence, 4),
        "corner_error_px": None if error is None else round(error, 2),
        "tolerance_px": round(tolerance, 2),
        "right": is_right(footprint, case, error, tolerance),
        "seconds": round(seconds, 2),
        "footprint": None if footprint is None else footprint.round(6).tolist(),
        "reason": result.verdict.reason,
        "set": "cases",
        "shows": case.kind not in ELSEWHERE,
        "trials": trials,
    }


def _judged(case: Case, reference: Reference, tolerance: float, footprint: Array, located: bool) -> bool | None:
    """Whether a solution is right; None where it was rejected and only a rough outline agrees."""
    if case.kind in ELSEWHERE:
        return False
    error = corner_error_px(footprint, case, reference)
    right = is_right(footprint, case, error, tolerance)
    return right if located or error is not None or not right else None


def corner_error_px(footprint: Array, case: Case, reference: Reference) -> float | None:
    """Distance on the ground of the worst corner from the truth, in pixels of the reference at that corner.

    Args:
        footprint: (4, 2) longitude, latitude in the photo's corner order.
        case: the case, with the truth.
        reference: the reference, for the size of its pixels.

    Returns:
        None where the true corners are not known, or the footprint has others (of a photo with a horizon).
    """
    if case.footprint is None or footprint.shape != case.footprint.shape:
        return None
    pixel_m = np.array([reference.native_gsd_m(float(lon), float(lat)) for lon, lat in case.footprint])
    return float((great_circle_km(footprint, case.footprint) * 1000 / pixel_m).max())


def is_right(footprint: Array | None, case: Case, error: float | None, tolerance: float) -> bool:
    """Whether the answer is what it should be.

    Args:
        footprint: (N, 2) longitude, latitude; None for "not localized".
        case: the case, with the truth.
        error: of the worst corner, pixels of the reference, where it is known.
        tolerance: the greatest error of a right answer.
    """
    if case.kind in ELSEWHERE:
        return footprint is None
    if footprint is None:
        return False
    if error is not None:
        return error <= tolerance
    if case.outline is None:
        return False
    # Only a rough outline is known, its corners in no order: good to a tenth of its diagonal.
    apart, diagonal = _distances_km(footprint, case.outline), _distances_km(case.outline, case.outline).max()
    return bool(max(apart.min(axis=0).max(), apart.min(axis=1).max()) <= 0.1 * diagonal)


def _distances_km(a: Array, b: Array) -> Array:
    """(N, M) distances of N from M places."""
    return np.stack([great_circle_km(place[None], b) for place in a])
