"""The entries of a report for photos on which the work was not done."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def unfinished_entry(photo: Path, reason: str, status: str = "not_localized") -> dict[str, Any]:
    """The report's entry of a photo that cannot be read or whose work was interrupted, with the fields of the others.

    Args:
        photo: the photo.
        reason: a sentence.
        status: "error" for bad input, "failed" for a defect.
    """
    return {
        "photo": str(photo),
        "photo_size": None,
        "status": status,
        "reason": reason,
        "contents": None,
        "confidence": 0.0,
        "inliers": 0,
        "matcher": None,
        "iterations": 0,
        "footprint": None,
        "homography": None,
        "working_plane": None,
        "rmse_px": None,
        "rmse_m": None,
        "uncertainty": None,
        "correction": None,
        "candidate": None,
        "candidates": [],
        "outputs": {},
        "effort": {},
        "seconds": {},
        "nadir": {"latitude": None, "longitude": None, "source": "none", "used": False, "distance_km": None},
        "camera": None,
        "reference": None,
        "finer": None,
        "searched": [],
    }
