"""Registration measured on real photos of known footprints."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine import matchers, pipeline
from astroloc_qgis.engine.benchmark.cases import Case, read_cases
from astroloc_qgis.engine.cascade import Stage, stages_of
from astroloc_qgis.engine.device import resolve_device
from astroloc_qgis.engine.geometry import Array, geodesic_km
from astroloc_qgis.engine.imagery import Reference
from astroloc_qgis.engine.photo import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress, part_of
from astroloc_qgis.engine.views import PhotoViews

LEAST_TOLERANCE_PX = 15.0
"""A footprint is right when its worst corner is within this, or 5 times the spread of the truth, reference pixels."""


def run(
    folder: Path, matcher_names: Sequence[str], *, device: str = "auto", progress: Progress = no_progress
) -> list[dict[str, Any]]:
    """Register every case with every matcher, weights loaded beforehand.

    Returns:
        One entry a case and matcher: id, kind, matcher (as asked for), won_by (the one of ``auto`` that had the
        result), status, inliers, confidence, corner_error_px (of the worst corner, pixels of the reference; None where
        the photo was not localized, or its true corners are not known), tolerance_px, right, seconds, footprint,
        reason.

    Raises:
        InputError: bad cases, an unknown matcher or device.
    """
    stages = {name: stages_of(name) for name in matcher_names}
    device = resolve_device(device)
    cases = read_cases(folder)
    for stage in itertools.chain.from_iterable(stages.values()):
        matchers.create(stage.matcher, device)
    work = [(name, case) for name in stages for case in cases]
    results = []
    for number, (name, case) in enumerate(work):
        step = part_of(progress, number / len(work), (number + 1) / len(work))
        results.append(_run_case(case, name, stages[name], device, step))
        step("match", 1.0)
    return results


def _run_case(case: Case, name: str, stages: Sequence[Stage], device: str, progress: Progress) -> dict[str, Any]:
    photo = read_photo(case.photo)
    reference = Reference.open(case.reference)
    try:
        started = time.perf_counter()
        result = pipeline.register_block(
            photo.path,
            PhotoViews(photo.rgb8(), photo.alpha),
            reference,
            case.block,
            nadir=case.nadir,
            stages=stages,
            device=device,
            progress=progress,
        )
        seconds = time.perf_counter() - started
        footprint = result.footprint
        error = None if footprint is None else corner_error_px(footprint, case, reference)
    finally:
        reference.close()
    tolerance = max(LEAST_TOLERANCE_PX, 5 * case.spread_px)
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
    }


def corner_error_px(footprint: Array, case: Case, reference: Reference) -> float | None:
    """Distance on the ground of the worst corner from the truth, in pixels of the reference at that corner.

    Args:
        footprint: (4, 2) longitude, latitude in the photo's corner order.
        case: with the truth.
        reference: tells how large its pixels are.

    Returns:
        None where the true corners are not known, or the footprint has others (of a photo with a horizon).
    """
    if case.footprint is None or footprint.shape != case.footprint.shape:
        return None
    pixel_m = np.array([reference.native_gsd_m(float(lon), float(lat)) for lon, lat in case.footprint])
    return float((geodesic_km(footprint, case.footprint) * 1000 / pixel_m).max())


def is_right(footprint: Array | None, case: Case, error: float | None, tolerance: float) -> bool:
    """Whether the answer is what it should be.

    Args:
        footprint: (N, 2) longitude, latitude; None for "not localized".
        case: with the truth.
        error: of the worst corner, pixels of the reference, where it is known.
        tolerance: the greatest error of a right answer.
    """
    if case.kind == "negative":
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
    return np.stack([geodesic_km(place[None], b) for place in a])


def table(results: list[dict[str, Any]]) -> str:
    """The results as a Markdown table, with a line a matcher below it."""
    lines = [
        "| matcher | photo | kind | status | inliers | confidence | corner error (px) | right | seconds |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | --- | ---: |",
    ]
    for entry in results:
        error = "" if entry["corner_error_px"] is None else f"{entry['corner_error_px']:.1f}"
        name = entry["matcher"] + ("" if entry["won_by"] == entry["matcher"] else f" ({entry['won_by']})")
        lines.append(
            f"| {name} | {entry['id']} | {entry['kind']} | {entry['status'].replace('_', ' ')} | {entry['inliers']} "
            f"| {entry['confidence']:.2f} | {error} | {'yes' if entry['right'] else 'no'} | {entry['seconds']:.1f} |"
        )
    lines.append("")
    names = dict.fromkeys(entry["matcher"] for entry in results)
    summaries = [_summary(name, [entry for entry in results if entry["matcher"] == name]) for name in names]
    return "\n".join([*lines, *summaries])


def _summary(name: str, entries: list[dict[str, Any]]) -> str:
    positives = [entry for entry in entries if entry["kind"] != "negative"]
    located = sum(entry["right"] for entry in positives)
    wrong = sum(entry["status"] == "localized" and not entry["right"] for entry in entries)
    errors = [entry["corner_error_px"] for entry in entries if entry["corner_error_px"] is not None]
    corners = f", median corner error {np.median(errors):.2f} px" if errors else ""
    seconds = float(np.median([entry["seconds"] for entry in entries]))
    return (
        f"{name}: {located} of {len(positives)} positives right, {wrong} of all wrong{corners}, "
        f"median time {seconds:.1f} s."
    )
