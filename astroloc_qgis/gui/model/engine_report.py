"""What the engine reports of a photo, as work on the desk."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.gui.model.placement import Placement
from astroloc_qgis.gui.model.tie_points import TiePoint
from astroloc_qgis.gui.model.work import Candidate, PhotoState, Work
from astroloc_qgis.qgis_adapters.text import tr

REVIEW_BELOW = 0.8
"""A photo found with less confidence than this needs review by an analyst."""
KEPT_FACTS = (
    "confidence",
    "inliers",
    "matcher",
    "iterations",
    "rmse_px",
    "rmse_m",
    "uncertainty",
    "candidate",
    "reason",
    "placed_by",
    "neighbours",
    "uncertainty_m",
    "reference",
    "finer",
)
MOST_TIE_POINTS = 1000


def work_from_report(work: Work, report: Mapping[str, Any], size: tuple[int, int]) -> Work:
    """The work after the engine was done with a photo.

    Args:
        work: what it was before.
        report: the engine's entry.
        size: width and height of the photo, pixels.
    """
    candidates = _candidates(work, report)
    if report["status"] != "localized":
        reason = str(report.get("reason") or "")
        facts = {"reason": reason} if work.placement is None else work.facts
        state = PhotoState.NOT_LOCALIZED if work.placement is None else work.state
        return replace(work, state=state, note="", candidates=candidates, facts=facts)
    outputs = {str(kind): str(path) for kind, path in dict(report.get("outputs") or {}).items()}
    facts = {name: report[name] for name in KEPT_FACTS if name in report}
    confidence = float(report["confidence"])
    note = tr("confidence {confidence:.2f}").format(confidence=confidence)
    placement = work.placement
    if report.get("homography") and report.get("working_plane"):
        matrix = np.array(report["homography"], dtype=np.float64)
        placement = Placement.of(matrix, str(report["working_plane"]), size, "machine")
    own = tuple(point for point in work.tie_points if point.by_hand)
    return replace(
        work,
        state=PhotoState.LOCALIZED if confidence >= REVIEW_BELOW else PhotoState.NEEDS_REVIEW,
        note=", ".join(part for part in (note, by_neighbours(report), on_finer_imagery(report)) if part),
        placement=placement,
        tie_points=(*read_tie_points(Path(outputs["tie_points"])), *own) if "tie_points" in outputs else own,
        candidates=candidates,
        facts=facts,
        outputs={**work.outputs, **outputs},
        written=placement,
    )


def by_neighbours(facts: Mapping[str, Any]) -> str:
    """That a photo was placed by its neighbours, and how well; "" for any other.

    Args:
        facts: the engine's entry, or what is kept of it.
    """
    if facts.get("placed_by") != "neighbours":
        return ""
    radius_m = facts.get("uncertainty_m")
    if radius_m is None:
        return tr("placed by its neighbours")
    return tr("placed by its neighbours to within {km} km").format(km=f"{radius_m / 1000:.3g}")


def on_finer_imagery(facts: Mapping[str, Any]) -> str:
    """What became of the second stage, on finer imagery; "" where there was none.

    Args:
        facts: the engine's entry, or what is kept of it.
    """
    finer = facts.get("finer")
    if not finer:
        return ""
    name = Path(str(finer["imagery"])).name if "://" not in str(finer["imagery"]) else str(finer["imagery"])
    return (tr("refined on {imagery}") if finer["used"] else tr("not refined on {imagery}")).format(imagery=name)


def read_tie_points(path: Path) -> tuple[TiePoint, ...]:
    """Read the inliers of a table of tie points that the engine wrote; none where there is no such file."""
    if not path.is_file():
        return ()
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["inlier"] == "1" and row["lon"] and row["lat"]]
        step = max(1, -(-len(rows) // MOST_TIE_POINTS))
        return tuple(
            TiePoint(float(row["photo_x"]), float(row["photo_y"]), float(row["lon"]), float(row["lat"]), by_hand=False)
            for row in rows[::step]
        )
    except (OSError, KeyError, ValueError) as error:
        raise InputError(tr("The tie points in {file} cannot be read.").format(file=path), repr(error)) from error


def _candidates(work: Work, report: Mapping[str, Any]) -> tuple[Candidate, ...]:
    """The candidates that the engine ranked; the earlier ones where it ranked none (a refinement does not search)."""
    entries = list(report.get("candidates") or [])
    tried = report.get("candidate")
    if len(entries) > 1 or not work.candidates:
        found = [
            Candidate(entry["zoom"], entry["row"], entry["column"], entry["size"], entry["rank"], entry["score"])
            for entry in entries
        ]
    else:
        found = list(work.candidates)
    if not tried:
        return tuple(found)
    located = report["status"] == "localized"
    verdict = "localized" if located else "not localized"
    place = (tried["zoom"], tried["row"], tried["column"])
    return tuple(
        replace(one, verdict=verdict, inliers=int(report["inliers"]), confidence=float(report["confidence"]))
        if (one.zoom, one.row, one.column) == place
        else one
        for one in found
    )
