"""The report of ``benchmark simulated``: rates by difficulty, and the reliability of the confidence."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from astroloc_qgis.engine.confidence.reliability import calibration_error, reliability

Rows = Sequence[dict[str, Any]]

GROUPS: tuple[tuple[str, str, tuple[float, ...], str], ...] = (
    ("tilt", "tilt_deg", (0, 15, 30, 45, 90), "°"),
    ("turn against north", "turn_deg", (0, 90, 180, 270, 360.1), "°"),
    ("under clouds", "cover", (0, 0.02, 0.15, 0.35, 1.01), ""),
    ("diagonal", "diagonal_km", (0, 150, 250, 400, 5000), " km"),
)
"""Title, field, bounds and unit of the groups that rates are given for."""


def summary(rows: Rows) -> dict[str, Any]:
    """The rates as plain JSON.

    Returns:
        true, located, wrong, false, false_accepted, off_scale (the right place at a quarter or four times the scale),
        off_scale_right, off_scale_wrong, error_median and error_p95 (parts of the diagonal),
        seconds_median and seconds_p95 of true pairs, seconds_false_median, calibration_error,
        covered_68 and covered_95 (mean shares of the points within the stated radii), won_by (counts).
    """
    true = [row for row in rows if row["kind"] == "true"]
    off_scale = [row for row in rows if row["kind"] == "scale"]
    false = [row for row in rows if row["kind"] not in ("true", "scale")]
    located = [row for row in true if row["right"]]
    stated, right = evidence(rows)
    won: dict[str, int] = {}
    for row in located:
        won[row["matcher"]] = won.get(row["matcher"], 0) + 1
    return {
        "true": len(true),
        "located": len(located),
        "wrong": sum(row["status"] == "localized" and not row["right"] for row in true),
        "false": len(false),
        "false_accepted": sum(row["status"] == "localized" and not row["right"] for row in false),
        "off_scale": len(off_scale),
        "off_scale_right": sum(row["right"] for row in off_scale),
        "off_scale_wrong": sum(row["status"] == "localized" and not row["right"] for row in off_scale),
        "error_median": _quantile([row["error"] for row in located], 0.5),
        "error_p95": _quantile([row["error"] for row in located], 0.95),
        "seconds_median": _quantile([row["seconds"] for row in true], 0.5),
        "seconds_p95": _quantile([row["seconds"] for row in true], 0.95),
        "seconds_false_median": _quantile([row["seconds"] for row in false], 0.5),
        "calibration_error": round(calibration_error(stated, right), 4) if len(stated) else None,
        "covered_68": _mean([row["covered_68"] for row in located]),
        "covered_95": _mean([row["covered_95"] for row in located]),
        "won_by": won,
    }


def evidence(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Stated confidence and whether it was right, (N,) each, of all pairs for which any solution was found."""
    known = [row for row in rows if row["plausible"]]
    stated = np.array([row["confidence"] for row in known], dtype=np.float64)
    right = np.array([row["truly_right"] for row in known], dtype=np.float64)
    return stated, right


def tables(rows: Rows) -> str:
    """The summary and the rates as Markdown."""
    found = summary(rows)
    lines = [
        f"{found['located']} of {found['true']} photos located, {found['wrong']} of them at a wrong place; "
        f"{found['false_accepted']} of {found['false']} false pairs accepted; of {found['off_scale']} right places far "
        f"off scale {found['off_scale_right']} found right, {found['off_scale_wrong']} wrong.",
        f"Worst corner: median {_percent(found['error_median'])}, 95th percentile {_percent(found['error_p95'])} "
        "of the diagonal.",
        f"Seconds: median {_number(found['seconds_median'])}, 95th percentile {_number(found['seconds_p95'])}; of a "
        f"false pair {_number(found['seconds_false_median'])}.",
        f"Stated radii hold the truth: 68 % in {_percent(found['covered_68'])}, 95 % in "
        f"{_percent(found['covered_95'])} of the points.",
        f"Expected calibration error: {_number(found['calibration_error'], 3)}.",
        "Located by: " + (", ".join(f"{name} {count}" for name, count in found["won_by"].items()) or "none") + ".",
        "",
    ]
    for title, field, bounds, unit in GROUPS:
        lines += _by(rows, title, unit, bounds, lambda row, field=field: float(row[field]))  # type: ignore[misc]
    return "\n".join(lines)


def _by(
    rows: Rows, title: str, unit: str, bounds: Sequence[float], value: Callable[[dict[str, Any]], float]
) -> list[str]:
    lines = [f"| {title} | photos | located | worst corner, median |", "| --- | ---: | ---: | ---: |"]
    for low, high in itertools.pairwise(bounds):
        these = [row for row in rows if row["kind"] == "true" and low <= value(row) < high]
        right = [row for row in these if row["right"]]
        share = f"{100 * len(right) / len(these):.0f} %" if these else ""
        error = _percent(_quantile([row["error"] for row in right], 0.5))
        lines.append(f"| {_range(low, high, unit)} | {len(these)} | {share} | {error} |")
    return [*lines, ""]


def _range(low: float, high: float, unit: str) -> str:
    if not unit:
        return f"{100 * low:.0f} to {min(100, 100 * high):.0f} %"
    return f"{low:g} to {high:.0f}{unit}"


def _quantile(values: Sequence[float | None], share: float) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.quantile(known, share)), 5) if known else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f} %" if value < 0.1 else f"{100 * value:.0f} %"


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def reliability_plot(stated: np.ndarray, right: np.ndarray, title: str) -> str:
    """A reliability diagram: observed frequency against stated confidence, areas as counts, as an SVG."""
    side, left, top = 260, 52, 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side + 80} {side + 84}" width="{side + 80}" '
        f'height="{side + 84}" font-family="sans-serif" font-size="12" fill="#333">',
        f'<rect width="{side + 80}" height="{side + 84}" fill="#fff"/>',
        f'<text x="{left}" y="20" font-weight="bold">{escape(title)}</text>',
        f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="#f7f7f7"/>',
        f'<line x1="{left}" y1="{top + side}" x2="{left + side}" y2="{top}" stroke="#888" stroke-dasharray="4 3"/>',
        f'<text x="{left + side / 2:g}" y="{top + side + 36}" text-anchor="middle">stated confidence</text>',
        f'<text transform="translate(14 {top + side / 2:g}) rotate(-90)" text-anchor="middle">right</text>',
    ]
    for tick in (0.0, 0.5, 1.0):
        parts += [
            f'<text x="{left + side * tick:g}" y="{top + side + 16}" text-anchor="middle">{tick:g}</text>',
            f'<text x="{left - 8}" y="{top + side * (1 - tick) + 4:g}" text-anchor="end">{tick:g}</text>',
        ]
    for mean, observed, count in reliability(stated, right):
        x, y = left + side * mean, top + side * (1 - observed)
        beside, above = (-8 if mean > 0.5 else 8), (16 if observed > 0.5 else -8)
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + 2 * math.log10(1 + count):.1f}" fill="#1f6fb2" '
            'fill-opacity="0.7"/>',
            f'<text x="{x + beside:.1f}" y="{y + above:.1f}" font-size="10" '
            f'text-anchor="{"end" if mean > 0.5 else "start"}">{count}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
