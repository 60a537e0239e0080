"""The report of ``benchmark photos-real``: what became of real photos, by kind, and what is missed and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from astroloc_qgis.engine.benchmark.photos_real import LAND, NEGATIVE, RealPhoto, diagonal_of_km, off_km, verdict

Report = dict[str, Any]

VERDICTS = ("right", "wrong", "missed", "refused", "unknown", "error")

KINDS = {
    "day-land": "land by day",
    "day-coast": "coast by day",
    "nir": "near infrared",
    "cloud": "cloud",
    "ocean": "sea",
    "night": "night",
    "oblique": "towards the horizon",
    "window-frame": "window, dark or lit",
}
"""Kinds in words."""


def report(photos: Sequence[RealPhoto], rows: Sequence[dict[str, Any]]) -> Report:
    """The content of the JSON.

    Returns:
        ``kinds`` (one entry an expectation and kind: expect, kind, photos, and a number for each of ``VERDICTS``);
        ``land`` and ``negative`` (the same, summed); ``seconds`` (``localized`` and ``not_localized``: median;
        ``worst``; None where there are none); ``photos`` (name, expect, kind, verdict, off_km, diagonal_km,
        confidence, inliers, matcher, seconds, reason).
    """
    entries = [_entry(photo, row) for photo, row in zip(photos, rows, strict=True)]
    kinds = sorted({(entry["expect"], entry["kind"]) for entry in entries}, key=lambda pair: (pair[0], _place(pair[1])))
    return {
        "kinds": [{"expect": expect, "kind": kind, **_counts(entries, expect, kind)} for expect, kind in kinds],
        "land": _counts(entries, LAND),
        "negative": _counts(entries, NEGATIVE),
        "seconds": {
            "localized": _median([row["seconds"] for row in rows if row["status"] == "localized"]),
            "not_localized": _median([row["seconds"] for row in rows if row["status"] == "not_localized"]),
            "worst": max((row["seconds"] for row in rows), default=None),
        },
        "photos": entries,
    }


def _entry(photo: RealPhoto, row: dict[str, Any]) -> dict[str, Any]:
    footprint = None if row.get("footprint") is None else np.array(row["footprint"], dtype=np.float64)
    off = None if footprint is None else off_km(photo, footprint)
    return {
        "photo": photo.name,
        "expect": photo.expect,
        "kind": photo.kind,
        "verdict": verdict(photo, row),
        "off_km": None if off is None else round(off),
        "diagonal_km": None if footprint is None else round(diagonal_of_km(footprint)),
        **{key: row.get(key) for key in ("confidence", "inliers", "matcher", "seconds", "reason")},
    }


def _place(kind: str) -> tuple[int, str]:
    return list(KINDS).index(kind) if kind in KINDS else len(KINDS), kind


def _counts(entries: Sequence[dict[str, Any]], expect: str, kind: str | None = None) -> dict[str, int]:
    own = [entry for entry in entries if entry["expect"] == expect and kind in (None, entry["kind"])]
    counts = Counter(entry["verdict"] for entry in own)
    return {"photos": len(own), **{each: counts[each] for each in VERDICTS}}


def _median(seconds: list[float]) -> float | None:
    return round(float(np.median(seconds)), 1) if seconds else None


def table(content: Report) -> str:
    """The results by kind, what is wrong and what is missed, in Markdown.

    Args:
        content: of ``report``.
    """
    shown = [each for each in VERDICTS if each in VERDICTS[:4] or content[LAND][each] + content[NEGATIVE][each]]
    lines = ["| expected | kind | photos | " + " | ".join(shown) + " |", "| --- | --- |" + " ---: |" * (len(shown) + 1)]
    for expect in (LAND, NEGATIVE):
        own = [entry for entry in content["kinds"] if entry["expect"] == expect]
        for entry in [*own, *([{**content[expect], "expect": expect, "kind": "all"}] if own else [])]:
            numbers = " | ".join(str(entry[each]) for each in ("photos", *shown))
            lines.append(f"| {entry['expect']} | {entry['kind']} | {numbers} |")
    seconds, land = content["seconds"], content[LAND]
    share = f" ({land['right'] / land['photos']:.0%})" if land["photos"] else ""
    wrong = land["wrong"] + content[NEGATIVE]["wrong"]
    lines += [
        "",
        f"{land['right']} of {land['photos']} land photos right{share}, {wrong} wrong; {content[NEGATIVE]['refused']} "
        f"of {content[NEGATIVE]['photos']} negatives refused. Seconds: {_number(seconds['localized'])} in the median "
        f"of the localized, {_number(seconds['not_localized'])} of the others, {_number(seconds['worst'])} at most.",
    ]
    for each in ("wrong", "error", "unknown", "missed"):
        named = [entry for entry in content["photos"] if entry["verdict"] == each]
        lines += [f"{each}: {_named(entry)}" for entry in named]
    return "\n".join(lines)


def _named(entry: dict[str, Any]) -> str:
    """A photo in a line: name, kind, and where it was put or why it was not."""
    name = f"{entry['photo']} ({entry['kind']})"
    if entry["verdict"] in ("missed", "error"):
        return f"{name}: {entry['reason']}"
    place = f"{entry['off_km']} km off, diagonal {entry['diagonal_km']} km, {entry['matcher']}"
    return f"{name}: {place}, confidence {entry['confidence']}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def kinds_table(variants: Mapping[str, Report]) -> str:
    """Runs over the same photos beside each other, by kind, in Markdown: located rightly / at a wrong place / neither.

    Args:
        variants: reports by the heading of their column.
    """
    lines = ["| real photos | photos | " + " | ".join(variants) + " |", "| --- | ---: |" + " ---: |" * len(variants)]
    first = next(iter(variants.values()))
    for expect, title in ((LAND, "all with ground to recognise"), (NEGATIVE, "all that should be refused")):
        own = [entry for entry in first["kinds"] if entry["expect"] == expect]
        if own:
            cells = [f"**{_cell(each[expect])}**" for each in variants.values()]
            lines.append(f"| **{title}** | **{first[expect]['photos']}** | " + " | ".join(cells) + " |")
        for entry in own:
            cells = [_cell(_of_kind(each, expect, entry["kind"])) for each in variants.values()]
            words = KINDS.get(entry["kind"], entry["kind"])
            lines.append(f"| {words} | {entry['photos']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of_kind(content: Report, expect: str, kind: str) -> dict[str, int] | None:
    found = [entry for entry in content["kinds"] if (entry["expect"], entry["kind"]) == (expect, kind)]
    return found[0] if found else None


def _cell(counts: dict[str, int] | None) -> str:
    """What a reader has to know: an error counts as not localized, a place that cannot be judged is said apart."""
    if counts is None:
        return "–"
    neither = counts["missed"] + counts["refused"] + counts["error"]
    unknown = f" ({counts['unknown']} not known)" if counts["unknown"] else ""
    return f"{counts['right']} / {counts['wrong']} / {neither}{unknown}"


def missed_table(content: Report) -> str:
    """The land photos that are not located, with their kind and the reason, in Markdown."""
    lines = ["| missed | kind | reason |", "| --- | --- | --- |"]
    for entry in content["photos"]:
        if entry["expect"] == LAND and entry["verdict"] != "right":
            name = PurePosixPath(entry["photo"]).stem
            reason = _named(entry).partition(": ")[2]
            lines.append(f"| {name} | {KINDS.get(entry['kind'], entry['kind'])} | {reason} |")
    return "\n".join(lines) if len(lines) > 2 else "No land photo is missed."
