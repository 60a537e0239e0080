"""The report of ``benchmark geometry``: Markdown tables and a plot."""

from __future__ import annotations

import math
from typing import Any
from xml.sax.saxutils import escape

from astroloc_qgis.engine.benchmark.geometry import EXACT, FLAT, LEVEL_PX, LISTED, LOCAL, MODELS, penalty, worst
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera

DIAGONAL_PX = math.hypot(*PinholeCamera(0, 0).size)
COLOURS = {EXACT: "#1b7837", LISTED: "#2166ac", LOCAL: "#e08214", FLAT: "#b2182b"}
DASHES = {EXACT: "2 4", LISTED: "", LOCAL: "", FLAT: ""}
LOW, HIGH = 0.005, 500.0
"""Range of the plot's axis, pixels."""

_PANEL, _GAP, _LEFT, _TOP, _HEIGHT = 160, 18, 62, 70, 260


def tables(results: dict[str, Any]) -> str:
    """All that was measured, in words: ``models``, ``nadirs`` and, where it was measured, ``registered``."""
    parts = [_models_table(results["models"]), _verdict(results["models"]), _nadirs_table(results["nadirs"])]
    if results.get("registered"):
        parts.append(_registered_table(results["registered"]))
    return "\n\n".join(parts)


def _models_table(models: list[dict[str, Any]]) -> str:
    found = worst(models)
    lines = [
        "Worst corner of a photo of 3000 x 2000 pixels, in pixels (and per cent of its diagonal), over all scenes:",
        "",
        "| focal length | tilt | " + " | ".join(MODELS.values()) + " |",
        "| ---: | ---: |" + " ---: |" * len(MODELS),
    ]
    for focal, tilt in dict.fromkeys((focal, tilt) for focal, tilt, _ in found):
        cells = [_cell(found[focal, tilt, model]) for model in MODELS]
        lines.append(f"| {focal:g} mm | {tilt:g}° | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(px: float) -> str:
    if math.isnan(px):
        return "no ground"
    if math.isinf(px):
        return "nowhere"
    digits = 2 if px < 10 else 0
    percent = 100 * px / DIAGONAL_PX
    return f"{px:.{digits}f} ({percent:.{3 if percent < 0.1 else 2}f} %)"


def _verdict(models: list[dict[str, Any]]) -> str:
    lines = []
    for model in (EXACT, LISTED):
        for rival in (LOCAL, FLAT):
            differences = penalty(models, model, rival)
            lost = sum(difference > LEVEL_PX for difference in differences)
            lines.append(
                f"- {MODELS[model]}, against {MODELS[rival]}: worse by more than {LEVEL_PX} pixels in {lost} of "
                f"{len(differences)} photos; the closest of them is {_compared(-max(differences))}."
            )
    return "\n".join(lines)


def _compared(gain: float) -> str:
    return f"{abs(gain):.2f} pixels {'better' if gain >= 0 else 'worse'}"


def _nadirs_table(nadirs: list[dict[str, Any]]) -> str:
    lines = [
        "A nadir that is wrong (median corner error over all photos, pixels):",
        "",
        "| nadir off by | near-sided | local | chosen by residual | near-sided worse than local | chosen worse |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for entry in nadirs:
        medians = ["nowhere" if value is None else f"{value:.2f}" for value in entry["median_px"].values()]
        lines.append(
            f"| {entry['nadir_error_deg']:g}° | {' | '.join(medians)} | {entry['worse_than_local']} of "
            f"{entry['photos']} | {entry['chosen_worse']} of {entry['photos']} |"
        )
    return "\n".join(lines)


def _registered_table(registered: list[dict[str, Any]]) -> str:
    models = dict.fromkeys(entry["model"] for entry in registered)
    lines = [
        "End to end: photos of 900 x 600 pixels rendered from the imagery and registered to it from a right block; "
        "worst corner, pixels (per cent of the diagonal):",
        "",
        "| nadir | focal length | tilt | " + " | ".join(MODELS[model] for model in models) + " |",
        "| --- | ---: | ---: |" + " ---: |" * len(models),
    ]
    photos: dict[tuple[Any, ...], dict[str, str]] = {}
    for entry in registered:
        key = (f"{entry['lat']:.1f}, {entry['lon']:.1f}", f"{entry['focal_mm']:g} mm", f"{entry['tilt_deg']:g}°")
        text = "not found" if not entry["found"] else "no corner sees ground"
        if entry["px"] is not None:
            text = f"{entry['px']:.2f} ({entry['percent']:.2f} %)"
        photos.setdefault(key, {})[entry["model"]] = text
    lines += ["| " + " | ".join([*key, *of_photo.values()]) + " |" for key, of_photo in photos.items()]
    return "\n".join(lines)


def plot(models: list[dict[str, Any]]) -> str:
    """The worst corner error against tilt, a panel a focal length, as an SVG."""
    found = worst(models)
    focals = list(dict.fromkeys(focal for focal, _, _ in found))
    tilts = sorted({tilt for _, tilt, _ in found})
    width = _LEFT + len(focals) * (_PANEL + _GAP) + 8
    height = _TOP + _HEIGHT + 52
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12" fill="#333">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text transform="translate(15 {_TOP + _HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
        "worst corner, pixels of 3000</text>",
        f'<text x="{(width + _LEFT) / 2:g}" y="{height - 10}" text-anchor="middle">tilt, degrees</text>',
        *_legend(),
    ]
    for number, focal in enumerate(focals):
        left = _LEFT + number * (_PANEL + _GAP)
        parts += _axes(left, focal, tilts, number == 0)
        for model in MODELS:
            parts += _line(left, [(tilt, found[focal, tilt, model]) for tilt in tilts], model, tilts)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _y(px: float) -> float:
    share = math.log(min(max(px, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return _TOP + _HEIGHT * (1 - share)


def _x(left: float, tilt: float, tilts: list[float]) -> float:
    span = max(tilts[-1] - tilts[0], 1e-9)
    return left + 10 + (_PANEL - 20) * (tilt - tilts[0]) / span


def _axes(left: float, focal: float, tilts: list[float], first: bool) -> list[str]:
    parts = [
        f'<rect x="{left}" y="{_TOP}" width="{_PANEL}" height="{_HEIGHT}" fill="#f7f7f7"/>',
        f'<text x="{left + _PANEL / 2:g}" y="{_TOP - 8}" text-anchor="middle" font-weight="bold">{focal:g} mm</text>',
    ]
    for px in (0.01, 0.1, 1, 10, 100):
        colour, wide = ("#888", 1.2) if px == 1 else ("#ddd", 1)
        parts.append(
            f'<line x1="{left}" x2="{left + _PANEL}" y1="{_y(px):.1f}" y2="{_y(px):.1f}" stroke="{colour}" '
            f'stroke-width="{wide}"/>'
        )
        if first:
            parts.append(f'<text x="{left - 6}" y="{_y(px) + 4:.1f}" text-anchor="end">{px:g}</text>')
    parts += [
        f'<text x="{_x(left, tilt, tilts):.1f}" y="{_TOP + _HEIGHT + 16}" text-anchor="middle">{tilt:g}</text>'
        for tilt in tilts
    ]
    return parts


def _line(left: float, points: list[tuple[float, float]], model: str, tilts: list[float]) -> list[str]:
    shown = [(_x(left, tilt, tilts), _y(px)) for tilt, px in points if not math.isnan(px)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in shown)
    dash = f' stroke-dasharray="{DASHES[model]}"' if DASHES[model] else ""
    return [
        f'<polyline points="{path}" fill="none" stroke="{COLOURS[model]}" stroke-width="2.2"{dash}/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[model]}"/>' for x, y in shown),
    ]


def _legend() -> list[str]:
    parts = []
    for number, (model, title) in enumerate(MODELS.items()):
        x, y = _LEFT + 300 * (number % 2), 18 + 20 * (number // 2)
        dash = f' stroke-dasharray="{DASHES[model]}"' if DASHES[model] else ""
        colour = COLOURS[model]
        parts += [
            f'<line x1="{x}" x2="{x + 28}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="2.2"{dash}/>',
            f'<text x="{x + 36}" y="{y}">{escape(title)}</text>',
        ]
    return parts
