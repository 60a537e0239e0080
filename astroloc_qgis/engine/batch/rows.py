"""The rows of a batch: what became of each photo, as a table has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.photo.number import nasa_photo_number

STATUSES = {
    "localized": "localized",
    "not_localized": "not localized",
    "error": "could not be read",
    "failed": "failed",
}
"""What can become of a photo, in words: failed is a defect, or a process that ended again and again."""
KINDS = ("geotiff", "footprint_gpkg", "footprint_geojson", "preview", "tie_points", "uncertainty")
"""Kinds of files that may be kept of a photo."""
STAGES = ("read", "contents", "search", "match", "georeference", "other")

FIELDS: dict[str, type] = {
    "photo": str, "name": str, "nasa_id": str, "status": str, "confidence": float, "error_m": float, "rmse_m": float,
    "inliers": int, "matcher": str, "candidate": str, "candidate_rank": int, "placed_by": str, "nadir_lat": float,
    "nadir_lon": float, "nadir_source": str, "tilt": str, "high_oblique": bool, "focal_mm": float, "taken": datetime,
    "seconds": float,
    **{f"seconds_{stage}": float for stage in STAGES}, "message": str, "geotiff": str, "corners": str,
}  # fmt: skip
"""The columns of a row, and their types."""
BELOW_HORIZON = "the horizon is in view: the part below it is georeferenced"
HIGH_OBLIQUE = "high oblique: the horizon is probably in view"


def row_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a photo.

    Args:
        entry: of the journal.

    Returns:
        A value for each of ``FIELDS``: ``error_m`` is the radius that holds the truth in 95 % of cases at the worst
        corner, metres; ``candidate`` the block's zoom/row/column; None where there is none.
    """
    located = entry["status"] == "localized"
    candidate, nadir, seconds = entry["candidate"] or {}, entry["nadir"], entry["seconds"]
    uncertainty = entry.get("uncertainty") or {}
    path, taken = Path(entry["photo"]), entry.get("taken")
    horizon = bool(entry.get("horizon_in_view"))
    oblique = BELOW_HORIZON if horizon else HIGH_OBLIQUE if entry.get("high_oblique") else ""
    return {
        "photo": entry["photo"],
        "name": path.name,
        "nasa_id": nasa_photo_number(path.name) or entry.get("number"),
        "status": entry["status"],
        "confidence": entry["confidence"],
        "error_m": uncertainty.get("worst_corner_95_m"),
        "rmse_m": entry["rmse_m"],
        "inliers": entry["inliers"],
        "matcher": entry["matcher"],
        "candidate": "{zoom}/{row}/{column}".format(**candidate) if candidate else None,
        "candidate_rank": candidate.get("rank"),
        "placed_by": entry.get("placed_by") or ("reference" if located else None),
        "nadir_lat": nadir["latitude"],
        "nadir_lon": nadir["longitude"],
        "nadir_source": nadir["source"],
        "tilt": entry.get("tilt"),
        "high_oblique": bool(oblique),
        "focal_mm": entry.get("focal_mm"),
        "taken": None if taken is None else datetime.fromisoformat(taken),
        "seconds": round(sum(seconds.values()), 3),
        **{f"seconds_{stage}": seconds.get(stage) for stage in STAGES},
        "message": "; ".join(part for part in (entry["reason"], oblique, entry.get("note")) if part),
        "geotiff": entry["outputs"].get("geotiff"),
        "corners": entry["footprint"],
    }


def as_text(value: Any) -> Any:
    """A value whose text can be written anywhere: bytes of a file's name that are no text are shown as such."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else value
