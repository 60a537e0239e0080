"""The report of ``benchmark aims``: what each matcher finds and wrongly accepts, and what makes photos hard."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from astroloc_qgis.engine.confidence.per_matcher_threshold import PRECISION, threshold_of

Row = dict[str, Any]

KINDS: tuple[tuple[str, str, tuple[float, ...], str], ...] = (
    ("focal length", "focal_mm", (0, 200, 500, 10_000), " mm"),
    ("tilt", "tilt_deg", (0, 15, 30, 90.1), "°"),
    ("cloud", "cloud_percent", (0, 10, 40, 100.1), " %"),
)
"""Title, field, limits of the groups, unit."""


def table(rows: list[Row]) -> str:
    """Tables of the matchers and of the groups of photos, in Markdown."""
    lines = [
        "| matcher | located, of those with a right candidate | wrong candidates accepted | wrong footprints "
        "| located at 99.9 % precision by inliers alone | from inliers | seconds a pair, median |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {entry['matcher']} | {entry['located']} of {entry['locatable']} "
        f"| {entry['wrong_accepts']} of {entry['wrong_pairs']} | {entry['wrong_footprints']} "
        f"| {entry['at_threshold']} of {entry['locatable']} | {entry['threshold']:.0f} "
        f"| {entry['seconds_median']:.1f} |"
        for entry in summaries(rows)
    ]
    return "\n".join([*lines, *_groups(rows), "", *_missed(rows)])


def summaries(rows: list[Row]) -> list[dict[str, Any]]:
    """One entry a matcher.

    Returns:
        matcher; locatable (photos that have a right candidate); located (of these, from a right candidate, rightly);
        wrong_pairs (candidates elsewhere) and wrong_accepts (of these, localized at a wrong place); wrong_footprints
        (localized from a right candidate, at a wrong place); threshold (EarthMatch's procedure: the least number of
        inliers from which 99.9 % of the pairs are right) and at_threshold (photos located at or above it);
        seconds_median.
    """
    return [
        _summary(name, [row for row in rows if row["matcher"] == name])
        for name in dict.fromkeys(row["matcher"] for row in rows)
    ]


def _summary(name: str, rows: list[Row]) -> dict[str, Any]:
    inliers = np.array([row["inliers"] for row in rows], dtype=np.float64)
    right = np.array([row["candidate_right"] and row["right"] is not False for row in rows])
    threshold = threshold_of(inliers, right, PRECISION, otherwise=np.inf)
    elsewhere = [row for row in rows if not row["candidate_right"]]
    return {
        "matcher": name,
        "locatable": len(_photos(rows, lambda row: row["candidate_right"])),
        "located": len(_photos(rows, is_located)),
        "wrong_pairs": len(elsewhere),
        "wrong_accepts": sum(row["right"] is False for row in elsewhere),
        "wrong_footprints": sum(row["candidate_right"] and row["right"] is False for row in rows),
        "threshold": threshold,
        "at_threshold": len(_photos(rows, lambda row: row["candidate_right"] and row["inliers"] >= threshold)),
        "seconds_median": float(np.median([row["seconds"] for row in rows])),
    }


def is_located(row: Row) -> bool:
    """Whether a pair places its photo rightly, from a candidate that shows it."""
    return bool(row["candidate_right"] and row["right"])


def _photos(rows: list[Row], chosen: Callable[[Row], bool]) -> list[str]:
    return list(dict.fromkeys(row["photo"] for row in rows if chosen(row)))


def _groups(rows: list[Row]) -> list[str]:
    """Located photos by focal length, tilt and cloud, a column a matcher."""
    names = list(dict.fromkeys(row["matcher"] for row in rows))
    lines = ["", "| photos | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for title, field, limits, unit in KINDS:
        for low, high in pairwise(limits):
            group = [row for row in rows if row[field] is not None and low <= row[field] < high]
            cells = []
            for name in names:
                own = [row for row in group if row["matcher"] == name]
                of = len(_photos(own, lambda row: row["candidate_right"]))
                cells.append(f"{len(_photos(own, is_located))} of {of}" if of else "–")
            if any(cell != "–" for cell in cells):
                lines.append(f"| {title} {low:g} to {int(high):g}{unit} | " + " | ".join(cells) + " |")
    return lines


def _missed(rows: list[Row]) -> list[str]:
    """For each matcher the photos that it does not locate though a candidate shows them, with the best reason."""
    lines = []
    for name in dict.fromkeys(row["matcher"] for row in rows):
        own = [row for row in rows if row["matcher"] == name]
        located = _photos(own, is_located)
        for photo in _photos(own, lambda row: row["candidate_right"]):
            if photo not in located:
                tried = [row for row in own if row["photo"] == photo and row["candidate_right"]]
                best = max(tried, key=lambda row: (row["confidence"], row["inliers"]))
                lines.append(f"{name} misses {photo}: {best['reason']}.")
    return lines
