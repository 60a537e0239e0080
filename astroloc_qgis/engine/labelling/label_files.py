"""The files of labels: the table that training reads, and the list of what a person should look at."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import ogr

from astroloc_qgis.engine.batch.rows import as_text
from astroloc_qgis.engine.exports.files import atomic_path
from astroloc_qgis.engine.exports.vector import Feature, write_features
from astroloc_qgis.engine.geometry.distances import unwrap_lons
from astroloc_qgis.engine.geometry.ogr_polygons import polygon_geometry
from astroloc_qgis.engine.labelling.decisions import BY_ANALYST, BY_MACHINE, Decision, read_decisions

LABELS, REVIEW, REVIEW_MAP = "photos.csv", "review.csv", "review.gpkg"
CORNERS = tuple(f"{axis}_{corner}" for corner in ("tl", "tr", "br", "bl") for axis in ("lon", "lat"))
KNOWN = (
    "photo_id", "confidence", "error_m", "inliers", "matcher", "nadir_lat", "nadir_lon", "taken", "centre_lat",
    "centre_lon", "off_km", "by",
)  # fmt: skip
FIELDS: dict[str, type] = {
    "file": str, "photo_id": str, "confidence": float, "inliers": int, "matcher": str, "off_km": float, "why": str,
    "decision": str,
}  # fmt: skip
"""Of the layer ``review``."""

TRAINABLE = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
"""Endings of the photos that training reads (``training.data.datasets.read_picture``), which knows no raw files."""

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """What was written of labels.

    Attributes:
        labels: number of rows of ``photos.csv``.
        doubtful: number of rows of the review list that have a footprint.
        left_out: number of accepted photos that are no rows, since training does not read their format.
        files: what they are -> path.
    """

    labels: int
    doubtful: int
    left_out: int
    files: Mapping[str, Path]


def write_labels(out: Path, entries: Iterable[Entry]) -> Written:
    """Write ``photos.csv``, ``review.csv`` and ``review.gpkg`` into the folder of a batch, each whole or not at all.

    Files of photos are named as seen from that folder. The review list begins with the most confident; a photo in which
    nothing was found comes last, without corners. What an analyst decided of earlier lists (``decisions``) is kept: the
    accepted are labels.

    Args:
        out: the folder.
        entries: of the report, of all photos that are done.

    Raises:
        InputError: the folder is protected or full, or the decisions in it are damaged.
    """
    decisions = read_decisions(out)
    doubtful: list[dict[str, Any]] = []
    left_out: list[str] = []

    def labels() -> Iterator[dict[str, Any]]:
        for entry in entries:
            row = _row(entry, out)
            decision = None
            if entry["status"] == "not_localized":
                decision = decisions.get(row["file"])
                verdict = "" if decision is None else decision.verdict
                doubtful.append(row | {"why": entry["reason"], "decision": verdict})
            if entry["status"] == "localized" or (decision is not None and decision.footprint):
                if Path(entry["photo"]).suffix.lower() in TRAINABLE:
                    yield row if decision is None else decided_row(row, decision)
                else:
                    left_out.append(row["file"])

    files = {"labels": out / LABELS, "review": out / REVIEW, "on a map": out / REVIEW_MAP}
    count = _write(files["labels"], ("file", *CORNERS, *KNOWN), labels())
    doubtful.sort(key=lambda row: (not _has_corners(row), -row["confidence"], row["file"]))
    _write(files["review"], ("file", *CORNERS, *KNOWN, "why", "decision"), doubtful)
    write_features(files["on a map"], "review", ogr.wkbPolygon, map(_feature, filter(_has_corners, doubtful)), FIELDS)
    return Written(count, sum(map(_has_corners, doubtful)), len(left_out), files)


def _row(entry: Entry, out: Path) -> dict[str, Any]:
    label, nadir = entry.get("label") or {}, entry["nadir"]
    footprint = entry["footprint"] or label.get("footprint")
    lon, lat = label.get("centre") or (None, None)
    corners = {} if footprint is None else dict(zip(CORNERS, np.array(footprint).ravel().tolist(), strict=True))
    return {
        "file": as_text(seen_from(out, Path(entry["photo"]))),
        **corners,
        "photo_id": as_text(label.get("photo_id")),
        "confidence": entry["confidence"],
        "error_m": (entry.get("uncertainty") or {}).get("worst_corner_95_m"),
        "inliers": entry["inliers"],
        "matcher": entry["matcher"],
        "nadir_lat": nadir["latitude"],
        "nadir_lon": nadir["longitude"],
        "taken": entry.get("taken"),
        "centre_lat": lat,
        "centre_lon": lon,
        "off_km": label.get("off_km"),
        "by": BY_MACHINE,
    }


def decided_row(row: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    """The row of ``photos.csv`` of a photo that an analyst accepted.

    Args:
        row: of the review list.
        decision: its acceptance.
    """
    kept = {name: value for name, value in row.items() if name not in ("why", "decision")}
    corners = np.array(decision.footprint).ravel().tolist()
    return kept | dict(zip(CORNERS, corners, strict=True)) | {"by": BY_ANALYST}


def seen_from(out: Path, photo: Path) -> str:
    """A photo's path as seen from a folder; the whole path where there is none, as between Windows's drives."""
    try:
        return Path(os.path.relpath(photo.absolute(), out.absolute())).as_posix()
    except ValueError:
        return photo.absolute().as_posix()


def _has_corners(row: Mapping[str, Any]) -> bool:
    return CORNERS[0] in row


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def _feature(row: Mapping[str, Any]) -> Feature:
    ring = np.array([row[name] for name in CORNERS]).reshape(4, 2)
    polygon = polygon_geometry(np.column_stack([unwrap_lons(ring[:, 0]), ring[:, 1]]))
    return polygon, {name: row[name] for name in FIELDS}
