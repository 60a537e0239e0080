"""The whole cascade on simulated photos of known camera and weather, and on hard false pairs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.benchmark.pairs import RIGHT_WITHIN, Pair, make_pairs, worth_it
from astroloc_qgis.engine.benchmark.rows import append_row, rows_so_far
from astroloc_qgis.engine.benchmark.simulated_photos import SIZE, Listed, Scene, scenes
from astroloc_qgis.engine.confidence.evidence import evidence_from, evidence_row
from astroloc_qgis.engine.confidence.model import confidence_of
from astroloc_qgis.engine.confidence.real_pairs import accepted_from
from astroloc_qgis.engine.coregistration.cascade import stages_of
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.progress import Progress, no_progress

FALSE_KINDS = ("elsewhere", "neighbour", "scale", "mirrored")


def run_simulated(
    footprints: Sequence[Listed],
    reference: Reference,
    out: Path,
    *,
    count: int = 300,
    false_pairs: int = 3,
    matcher: str = "auto",
    seed: int = 7,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Run the whole cascade on each photo with a block that shows it, and with blocks that do not.

    Args:
        footprints: the result of ``simulated_photos.read_footprints``.
        reference: imagery.
        out: file of JSON lines, written or continued. A pair in it is not run again, unless the weights of confidence
            have changed so much that the cascade takes another course.
        count: number of photos.
        false_pairs: false pairs a photo, their kinds in rotation.
        matcher: name, or "auto".
        seed: seed of everything random.
        device: torch device.
        progress: called with the stage "match".

    Returns:
        One row a pair: photo, kind, block, status, right (and localized), truly_right (localized or not), confidence,
        plausible (whether there was any solution), matcher, error (worst corner, part of the
        diagonal), tilt_deg, turn_deg, cover, diagonal_km, seconds.
    """
    kept = {(row["photo"], row["kind"]): row for row in rows_so_far(out) if rejudge(row)}
    stages = stages_of(matcher)
    out.parent.mkdir(parents=True, exist_ok=True)
    names: dict[str, int] = {}
    for name, _ in kept:
        names[name] = names.get(name, 0) + 1
    whole = {name for name, number in names.items() if number >= 1 + false_pairs}
    rows: list[dict[str, Any]] = []
    with out.open("a", encoding="utf-8") as stream:
        for number, (name, scene) in enumerate(scenes(footprints, reference, count, seed, whole)):
            progress("match", number / count)
            for kind in ["true", *(FALSE_KINDS[(number + at) % len(FALSE_KINDS)] for at in range(false_pairs))]:
                row = kept.get((name, kind))
                if row is None and scene is not None:
                    pair = _pair(scene, kind, seed + number, reference)
                    row = _run(scene, pair, reference, stages, device)
                    append_row(stream, row)
                if row is not None:
                    rows.append(row)
    return rows


def rejudge(row: dict[str, Any]) -> bool:
    """Compute the confidence of a row again, with the present weights.

    Returns:
        False where the cascade now takes another course, so that the pair must be run again.
    """
    best = 0.0
    for trial in row["trials"]:
        confidence = 0.0
        if trial["evidence"] is not None:
            confidence = confidence_of(evidence_from(trial["evidence"]), trial["matcher"])
        if (confidence >= accepted_from(trial["matcher"])) != trial["located"]:
            return False
        best = max(best, confidence)
    row["confidence"] = round(best, 5)
    return True


def _pair(scene: Scene, kind: str, seed: int, reference: Reference) -> Pair:
    """A pair of a kind whose place the reference shows: neither sea nor empty imagery."""
    for attempt in range(20):
        (pair,) = make_pairs([scene.photo], kind, seed + 1000 * attempt)
        if kind in ("true", "mirrored", "scale") or worth_it(reference, pair.block):
            return pair
    return pair


def _run(scene: Scene, pair: Pair, reference: Reference, stages: Any, device: str) -> dict[str, Any]:
    pixels = np.ascontiguousarray(scene.pixels[:, ::-1]) if pair.kind == "mirrored" else scene.pixels
    pyramid = PhotoPyramid(pixels)
    started = time.perf_counter()
    result = pipeline.register_block(
        pair.photo.path, pyramid, reference, pair.block, nadir=pair.photo.nadir, stages=stages, device=device
    )
    seconds = time.perf_counter() - started
    truth, error = pair.photo.footprint, None
    diagonal = float(great_circle_km(truth[:2], truth[2:]).max())
    registration = result.registration
    if registration.homography is not None:
        found = footprint_lonlat(registration.homography, registration.plane, *SIZE)
        gap = float(great_circle_km(found, truth).max() / diagonal)
        error = gap if math.isfinite(gap) else 99.0
    truly = error is not None and error < RIGHT_WITHIN and pair.kind != "mirrored"
    return {
        "photo": scene.name,
        "kind": pair.kind,
        "block": str(pair.block),
        "status": "localized" if result.located else "not_localized",
        "right": truly and result.located,
        "truly_right": truly,
        "confidence": round(result.verdict.confidence, 5),
        "plausible": registration.homography is not None,
        "matcher": registration.matcher,
        "inliers": registration.inliers,
        "trials": [
            {
                "matcher": trial.matcher,
                "evidence": None if trial.evidence is None else evidence_row(trial.evidence),
                "located": trial.located,
            }
            for trial in result.outcome.runs
        ],
        "error": None if error is None else round(error, 5),
        "covered_68": _covered(result, scene, 0.68),
        "covered_95": _covered(result, scene, 0.95),
        "tilt_deg": round(scene.camera.tilt_deg, 1),
        "turn_deg": round(scene.camera.roll_deg, 1),
        "cover": round(scene.cover, 3),
        "diagonal_km": round(diagonal, 1),
        "seconds": round(seconds, 3),
    }


def _covered(result: Any, scene: Scene, probability: float) -> float | None:
    """Share of a grid of photo points whose true place lies within the stated radius; None where none is stated."""
    if not result.located or result.uncertainty is None or result.registration.homography is None:
        return None
    points = scene.camera.grid(5, 5)
    stated = result.registration.plane.to_lonlat(apply_homography(result.registration.homography, points))
    true = scene.camera.to_lonlat(points)
    radius = result.uncertainty.radius_m(points, probability)
    known = np.isfinite(true).all(axis=1) & np.isfinite(stated).all(axis=1) & np.isfinite(radius)
    if not known.any():
        return None
    return round(float((great_circle_km(stated[known], true[known]) * 1000 <= radius[known]).mean()), 4)
