"""Registration measured on real photos of known footprints."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine import matchers, pipeline
from astroloc_qgis.engine.device import resolve_device
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry import Array, transform_points
from astroloc_qgis.engine.imagery import Reference
from astroloc_qgis.engine.photo import read_photo
from astroloc_qgis.engine.progress import Progress, no_progress, part_of
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.engine.views import PhotoViews

LEAST_TOLERANCE_PX = 15.0
"""A footprint is right when its worst corner is within this, or 5 times the spread of the truth, reference pixels."""


def read_cases(folder: Path) -> list[dict[str, Any]]:
    """The cases of a folder.

    Raises:
        InputError: there is no ``cases.json`` in it, or that is no list of cases.
    """
    path = folder / "cases.json"
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The folder {folder} has no readable cases.json: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"The file {path} is not JSON: {error}.") from error
    needed = {"id", "kind", "photo", "reference", "tile_block"}
    if not isinstance(cases, list) or not cases or not all(isinstance(c, dict) and needed <= set(c) for c in cases):
        raise InputError(f"The file {path} is no list of cases: each needs {', '.join(sorted(needed))}.")
    return cases


def run(
    folder: Path, matcher_names: Sequence[str], *, device: str = "auto", progress: Progress = no_progress
) -> list[dict[str, Any]]:
    """Register every case with every matcher, weights loaded beforehand.

    Returns:
        One entry a case and matcher: id, kind, matcher, status, inliers, confidence, corner_error_px (pixels of the
        reference; None without truth or footprint), tolerance_px, right (None where only a rough outline is known),
        seconds, reason.

    Raises:
        InputError: bad cases or an unknown matcher.
    """
    cases = read_cases(folder)
    device = resolve_device(device)
    stages = {name: pipeline.registration_stages(name) for name in matcher_names}
    for stage in stages.values():
        for name, _ in stage:
            matchers.create(name, device)
    work = [(name, case) for name in matcher_names for case in cases]
    results = []
    for number, (name, case) in enumerate(work):
        step = part_of(progress, number / len(work), (number + 1) / len(work))
        results.append(_run_case(folder, case, name, stages[name], device, step))
    return results


def _run_case(
    folder: Path, case: dict[str, Any], name: str, stages: list[tuple[str, int]], device: str, progress: Progress
) -> dict[str, Any]:
    photo = read_photo(folder / case["photo"])
    reference = Reference.open(folder / case["reference"])
    block = Block(**case["tile_block"])
    nadir = (case["nadir_lat"], case["nadir_lon"]) if "nadir_lat" in case else None
    started = time.perf_counter()
    result = pipeline.register_block(
        photo.path,
        PhotoViews(photo.rgb8(), photo.alpha),
        reference,
        block,
        nadir=nadir,
        stages=stages,
        device=device,
        progress=progress,
    )
    seconds = time.perf_counter() - started
    footprint = result.footprint
    reference.close()
    error = None if footprint is None else _corner_error_px(footprint, case)
    tolerance = max(LEAST_TOLERANCE_PX, 5 * case.get("corner_spread_px", 0.0))
    return {
        "id": case["id"],
        "kind": case["kind"],
        "matcher": name,
        "won_by": result.registration.matcher,
        "status": "localized" if result.located else "not_localized",
        "inliers": result.registration.inliers,
        "confidence": round(result.verdict.confidence, 4),
        "corner_error_px": None if error is None else round(error, 2),
        "tolerance_px": round(tolerance, 2),
        "right": _is_right(case, footprint, error, tolerance),
        "seconds": round(seconds, 2),
        "footprint": None if footprint is None else footprint.round(6).tolist(),
        "reason": result.verdict.reason,
    }


def _corner_error_px(footprint: Array, case: dict[str, Any]) -> float | None:
    """Distance of the worst corner from the truth, pixels of the reference; None where there is no exact truth."""
    if "footprint_lonlat" not in case:
        return None
    truth = np.array(case["footprint_lonlat"], dtype=np.float64)
    left, bottom, right, top = case["reference_bounds_3857"]
    pixel = (right - left) / 1024  # the references are 1,024 pixels wide
    ground = transform_points(footprint, "EPSG:4326", "EPSG:3857") - transform_points(truth, "EPSG:4326", "EPSG:3857")
    return float(np.linalg.norm(ground, axis=1).max() / pixel)


def _is_right(case: dict[str, Any], footprint: Array | None, error: float | None, tolerance: float) -> bool:
    """Whether the answer is what it should be."""
    if case["kind"] == "negative":
        return footprint is None
    if footprint is None:
        return False
    if error is not None:
        return error <= tolerance
    # Only a rough outline is known, its corners in no order: good to a tenth of its diagonal.
    outline = np.array(case["published_outline_lonlat"], dtype=np.float64)
    here, there = (transform_points(corners, "EPSG:4326", "EPSG:3857") for corners in (footprint, outline))
    diagonal = max(np.linalg.norm(there - corner, axis=1).max() for corner in there)
    distances = np.linalg.norm(here[:, None] - there[None], axis=2)
    return bool(max(distances.min(axis=0).max(), distances.min(axis=1).max()) <= 0.1 * diagonal)


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
    for name in dict.fromkeys(entry["matcher"] for entry in results):
        lines.append(_summary(name, [entry for entry in results if entry["matcher"] == name]))
    return "\n".join(lines)


def _summary(name: str, entries: list[dict[str, Any]]) -> str:
    positives = [entry for entry in entries if entry["kind"] != "negative"]
    located = sum(entry["right"] for entry in positives)
    wrong = sum(entry["status"] == "localized" and not entry["right"] for entry in entries)
    errors = [entry["corner_error_px"] for entry in entries if entry["corner_error_px"] is not None]
    median = float(np.median(errors)) if errors else math.nan
    seconds = float(np.median([entry["seconds"] for entry in entries]))
    return (
        f"{name}: {located} of {len(positives)} right, {wrong} wrong, median corner error {median:.2f} px, "
        f"median {seconds:.1f} s."
    )
