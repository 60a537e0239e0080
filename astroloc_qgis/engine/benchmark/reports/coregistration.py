"""The report of ``benchmark coregistration``: tables of cases and matchers, and a plot."""

from __future__ import annotations

import math
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from astroloc_qgis.engine.confidence.per_matcher_threshold import threshold_999
from astroloc_qgis.engine.coregistration.cascade import AUTO
from astroloc_qgis.engine.matchers import registry as matchers

Entry = dict[str, Any]
RIVAL = "aliked-lightglue"
"""The published matcher that the times of the others are compared with."""


def table(results: list[Entry]) -> str:
    """The cases as a Markdown table, with a table of the matchers and a line for each below it."""
    lines = [
        "| matcher | photo | kind | status | inliers | confidence | corner error (px) | right | seconds |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | --- | ---: |",
    ]
    for entry in results:
        if entry["kind"] == "false" and entry["right"]:
            continue
        error = "" if entry["corner_error_px"] is None else f"{entry['corner_error_px']:.1f}"
        name = entry["matcher"] + ("" if entry["won_by"] == entry["matcher"] else f" ({entry['won_by']})")
        lines.append(
            f"| {name} | {entry['id']} | {entry['kind']} | {entry['status'].replace('_', ' ')} | {entry['inliers']} "
            f"| {entry['confidence']:.2f} | {error} | {'yes' if entry['right'] else 'no'} | {entry['seconds']:.1f} |"
        )
    return "\n".join([*lines, "", *_matchers_table(results), "", *(_sentence(entry) for entry in summaries(results))])


def summaries(results: list[Entry]) -> list[dict[str, Any]]:
    """One entry a matcher.

    Returns:
        matcher, licence, located and positives, at_999 (right ones above the matcher's own threshold of 99.9 %
        precision; None where it is not calibrated), wrong, of (all pairs), false_accepts and false_pairs (negatives and
        other photos' references), corner_error_px (median), seconds (median and worst of photos with their own
        reference), memory_mb, times_aliked (median over the positives of the ratio to ALIKED; None without it).
    """
    return [_summary(name, results) for name in dict.fromkeys(entry["matcher"] for entry in results)]


def _summary(name: str, results: list[Entry]) -> dict[str, Any]:
    entries = [entry for entry in results if entry["matcher"] == name]
    own = [entry for entry in entries if entry["kind"] != "false"]
    positives = [entry for entry in own if entry["kind"] != "negative"]
    false = [entry for entry in entries if entry["kind"] in ("negative", "false")]
    errors = [entry["corner_error_px"] for entry in own if entry["corner_error_px"] is not None]
    threshold = threshold_999(name)
    seconds = [entry["seconds"] for entry in own]
    rival = {entry["id"]: entry["seconds"] for entry in results if entry["matcher"] == RIVAL}
    ratios = [entry["seconds"] / rival[entry["id"]] for entry in positives if rival.get(entry["id"])]
    memory = [entry["peak_memory_mb"] for entry in entries if entry.get("peak_memory_mb") is not None]
    return {
        "matcher": name,
        "licence": _licence(name),
        "located": sum(entry["right"] for entry in positives),
        "positives": len(positives),
        "at_999": None
        if threshold is None
        else sum(entry["right"] and entry["confidence"] >= threshold for entry in positives),
        "wrong": sum(entry["status"] == "localized" and not entry["right"] for entry in entries),
        "of": len(entries),
        "false_accepts": sum(not entry["right"] for entry in false),
        "false_pairs": len(false),
        "corner_error_px": round(float(np.median(errors)), 2) if errors else None,
        "seconds_median": round(float(np.median(seconds)), 2),
        "seconds_worst": round(max(seconds), 2),
        "memory_mb": max(memory, default=None),
        "times_aliked": round(float(np.median(ratios)), 2) if ratios else None,
    }


def _licence(name: str) -> str:
    if name == "auto":
        return ", ".join(dict.fromkeys(matchers.known(stage.matcher).licence for stage in AUTO))
    return matchers.known(name).licence


def _matchers_table(results: list[Entry]) -> list[str]:
    lines = [
        "| matcher | right | at 99.9 % precision | false accepts | corner error, median (px) | seconds, median | "
        "seconds, worst | of ALIKED's time | memory (MB) | licence |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for entry in summaries(results):
        cells = (
            entry["matcher"],
            f"{entry['located']} of {entry['positives']}",
            "" if entry["at_999"] is None else f"{entry['at_999']} of {entry['positives']}",
            f"{entry['false_accepts']} of {entry['false_pairs']}",
            "" if entry["corner_error_px"] is None else f"{entry['corner_error_px']:.1f}",
            f"{entry['seconds_median']:.1f}",
            f"{entry['seconds_worst']:.1f}",
            "" if entry["times_aliked"] is None else f"{entry['times_aliked']:.2f}",
            "" if entry["memory_mb"] is None else f"{entry['memory_mb']:.0f}",
            entry["licence"],
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _sentence(entry: dict[str, Any]) -> str:
    error = entry["corner_error_px"]
    corners = "" if error is None else f", median corner error {error:.2f} px"
    return (
        f"{entry['matcher']}: {entry['located']} of {entry['positives']} positives right, {entry['wrong']} of all "
        f"wrong{corners}, median time {entry['seconds_median']:.1f} s."
    )


def plot(results: list[Entry]) -> str:
    """Photos found against the seconds they take, a dot a matcher, as an SVG."""
    found = summaries(results)
    width, height, left, top, span_x, span_y = 640, 300, 60, 20, 460, 220
    most = max(entry["positives"] for entry in found) or 1
    slowest = math.log10(max(2.0, *(entry["seconds_median"] for entry in found)) * 1.3)
    fastest = math.log10(min(1.0, *(entry["seconds_median"] for entry in found)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12" fill="#333">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<rect x="{left}" y="{top}" width="{span_x}" height="{span_y}" fill="#f7f7f7"/>',
        f'<text x="{left + span_x / 2:g}" y="{height - 12}" text-anchor="middle">seconds a photo, median</text>',
        f'<text transform="translate(16 {top + span_y / 2:g}) rotate(-90)" text-anchor="middle">photos right</text>',
    ]
    for seconds in (1, 2, 5, 10, 20, 50, 100):
        share = (math.log10(seconds) - fastest) / (slowest - fastest)
        if 0 <= share <= 1:
            x = left + span_x * share
            parts.append(f'<text x="{x:.1f}" y="{top + span_y + 16}" text-anchor="middle">{seconds}</text>')
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + span_y}" stroke="#ddd"/>')
    for count in range(most + 1):
        y = top + span_y * (1 - count / (most + 0.5))
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{count}</text>')
    for entry in found:
        x = left + span_x * (math.log10(entry["seconds_median"]) - fastest) / (slowest - fastest)
        y = top + span_y * (1 - entry["located"] / (most + 0.5))
        colour = "#c0392b" if entry["wrong"] else "#1f6fb2"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{x + 9:.1f}" y="{y + 4:.1f}">{escape(entry["matcher"])}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
