"""The benchmark of labelling: photos of known place get centres that are off, and what ``label`` accepts is judged."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.benchmark.known.photos import KnownPhoto
from astroloc_qgis.engine.exports.files import atomic_path
from astroloc_qgis.engine.geometry.distances import wrap_lon

COLUMNS = ("photo", "centre lat", "centre lon", "nadir lat", "nadir lon")


def write_weak_labels(
    photos: Sequence[KnownPhoto],
    table: Path,
    *,
    off_deg: float,
    seed: int,
    use_nadir: bool = True,
    most: int | None = None,
) -> int:
    """Write the table for ``label``: the photos of each source in an order drawn by chance.

    So a part of a source, where the work is broken off, is a fair sample of it.

    Args:
        photos: those without a centre are left out.
        table: file to write; the same arguments give the same bytes.
        off_deg: how far off a centre is at most, degrees of a great circle; any point so near is as likely.
        seed: of order and centres.
        use_nadir: whether the table has the nadirs that are known.
        most: number of photos of each source, the first ones of that order; None for all.

    Returns:
        Number of photos in the table.
    """
    rng = np.random.default_rng(seed)
    rows: dict[str, list[list[Any]]] = {}
    for photo in photos:
        away, bearing = off_deg * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi)
        if photo.centre is None:
            continue
        lat = float(np.clip(photo.centre[1] + away * np.cos(bearing), -89.0, 89.0))
        lon = float(wrap_lon(photo.centre[0] + away * np.sin(bearing) / np.cos(np.radians(lat))))
        nadir = photo.nadir if use_nadir else None
        known: list[Any] = ["", ""] if nadir is None else [nadir.latitude, nadir.longitude]
        rows.setdefault(photo.source, []).append([str(photo.path.resolve()), round(lat, 4), round(lon, 4), *known])
    chosen = [group[number] for group in rows.values() for number in rng.permutation(len(group))[:most]]
    with atomic_path(table) as part, part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(chosen)
    return len(chosen)


def judged(photos: Iterable[KnownPhoto], entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Judge what was labelled.

    Args:
        photos: of which some were labelled.
        entries: of the report of ``label``.

    Returns:
        One row an entry: ``source``, ``photo``, ``shown``, ``status``, ``accepted``, ``right`` (of the footprint that
        was accepted, or else of the best solution; None where there is none, or nothing tells), ``confidence``,
        ``inliers``, ``matcher``, ``off_km``, ``seconds``, ``reason``.
    """
    of = {str(photo.path.resolve()): photo for photo in photos}
    return [_row(of[str(Path(entry["photo"]).resolve())], entry) for entry in entries]


def _row(photo: KnownPhoto, entry: Mapping[str, Any]) -> dict[str, Any]:
    label = entry.get("label") or {}
    found = entry["footprint"] or label.get("footprint")
    return {
        "source": photo.source,
        "photo": photo.name,
        "shown": photo.shown,
        "status": entry["status"],
        "accepted": entry["status"] == "localized",
        "right": None if found is None else photo.judge(np.array(found, dtype=np.float64)),
        "confidence": entry["confidence"],
        "inliers": entry["inliers"],
        "matcher": entry["matcher"],
        "off_km": label.get("off_km"),
        "seconds": round(sum(entry["seconds"].values()), 2),
        "reason": entry["reason"],
    }


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Count rows of ``judged``.

    Returns:
        ``photos``, ``shown``, ``accepted``; ``right``, ``wrong`` and ``untold`` of the accepted; ``doubtful_right``
        (right solutions that were not accepted), ``failed``; ``yield`` (accepted, of the shown) and ``precision``
        (right, of the accepted that can be told), shares, None of nothing; ``seconds``, the median.
    """
    accepted = [row for row in rows if row["accepted"]]
    shown = [row for row in rows if row["shown"]]
    right, wrong = (sum(row["right"] is value for row in accepted) for value in (True, False))
    return {
        "photos": len(rows),
        "shown": len(shown),
        "accepted": len(accepted),
        "right": right,
        "wrong": wrong,
        "untold": len(accepted) - right - wrong,
        "doubtful_right": sum(row["right"] is True and not row["accepted"] for row in rows),
        "failed": sum(row["status"] in ("error", "failed") for row in rows),
        "yield": sum(row["accepted"] for row in shown) / len(shown) if shown else None,
        "precision": right / (right + wrong) if right + wrong else None,
        "seconds": float(np.median([row["seconds"] for row in rows])) if rows else None,
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The counts by source, and of all, as a Markdown table; then the accepted that are wrong, by name."""
    lines = [
        "| photos of | done | with ground to recognise | accepted | right | wrong | yield | precision | right, but not "
        "accepted | seconds, median |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    sources = list(dict.fromkeys(str(row["source"]) for row in rows))
    groups = [(source, [row for row in rows if row["source"] == source]) for source in sorted(sources)]
    for name, group in [*groups, ("all", list(rows))] if len(groups) > 1 else groups:
        found = summary(group)
        share, precision = (_percent(found[key]) for key in ("yield", "precision"))
        seconds = "–" if found["seconds"] is None else f"{found['seconds']:.1f}"
        counts = " | ".join(str(found[key]) for key in ("photos", "shown", "accepted", "right", "wrong"))
        lines.append(f"| {name} | {counts} | {share} | {precision} | {found['doubtful_right']} | {seconds} |")
    wrong = [f"{row['source']}/{row['photo']}" for row in rows if row["accepted"] and row["right"] is False]
    return "\n".join([*lines, *(["", f"Accepted at a wrong place: {', '.join(wrong)}."] if wrong else [])])


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}".replace("%", " %")
