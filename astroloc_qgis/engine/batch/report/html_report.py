"""The report of a batch: one HTML file that needs neither a network nor another file.

Everything in it that comes from photos, file names above all, is escaped by the template engine; and the page forbids
itself any script but its own, any network and any form.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.batch.geopackage import ring_of
from astroloc_qgis.engine.batch.rate import duration
from astroloc_qgis.engine.batch.report.footprint_map import Shown, draw_map
from astroloc_qgis.engine.batch.report.html_template import SCRIPT, STYLE, TEMPLATE
from astroloc_qgis.engine.batch.report.reasons import grouped, shown_name
from astroloc_qgis.engine.batch.rows import HIGH_OBLIQUE, STAGES, STATUSES, as_text, row_of
from astroloc_qgis.engine.exports.files import write_bytes

MOST_ROWS = 3000
"""Rows of the table; the GeoPackage has all."""
MOST_THUMBNAILS = 1500
"""Thumbnails of the table: at 6 kB each, 12 MB."""
MOST_FOOTPRINTS = 20000
_BINS = 10


@dataclass
class _Content:
    """What the report says, gathered from the entries one by one."""

    counts: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    footprints: list[Shown] = field(default_factory=list)
    confidence: dict[str, list[int]] = field(default_factory=dict)
    unfound: list[tuple[str, str, str]] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    thumbnails: int = 0

    def add(self, entry: Mapping[str, Any]) -> None:
        """Take an entry of the journal."""
        row = {name: as_text(value) for name, value in row_of(entry).items()}
        number = self.counts.total() + 1
        self.counts[row["status"]] += 1
        self._add_row(number, row, entry)
        ring = ring_of(entry)
        if ring is not None and len(self.footprints) < MOST_FOOTPRINTS:
            anchor = f"photo-{number}" if number <= MOST_ROWS else ""
            title = f"{shown_name(row['photo'])}: confidence {row['confidence']:.2f}"
            self.footprints.append(Shown(ring, title, anchor, row["confidence"]))
        if row["status"] in ("localized", "not_localized"):
            bins = self.confidence.setdefault(row["status"], [0] * _BINS)
            bins[min(int(row["confidence"] * _BINS), _BINS - 1)] += 1
            for stage in (*STAGES, ""):
                value = row[f"seconds_{stage}"] if stage else row["seconds"]
                self.seconds.setdefault(stage, []).append(value or 0.0)
        if row["status"] != "localized":
            reason = row["message"].replace(f"; {HIGH_OBLIQUE}", "")  # which is no reason of its own
            self.unfound.append((row["photo"], row["status"], reason))

    def _add_row(self, number: int, row: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
        if number > MOST_ROWS:
            return
        thumbnail = entry.get("thumbnail") if self.thumbnails < MOST_THUMBNAILS else None
        self.thumbnails += thumbnail is not None
        ring = ring_of(entry)
        place = "" if ring is None else _place(*ring.mean(axis=0))
        self.rows.append(
            {**row, "shown": shown_name(row["photo"]), "number": number, "thumbnail": thumbnail, "place": place}
        )


def write_report(
    path: Path,
    entries: Iterable[Mapping[str, Any]],
    *,
    title: str,
    total: int,
    crew: Sequence[Mapping[str, Any]],
    seconds: float,
    done_now: int,
) -> Path:
    """Write the report, whole or not at all.

    Args:
        path: ".html"; an older file is replaced.
        entries: of the journal.
        title: any text.
        total: photos of the batch, done or not.
        crew: of each process ``name``, ``photos``, ``seconds`` and ``peak_memory`` in bytes.
        seconds: that this run of the batch took.
        done_now: photos of this run.

    Raises:
        InputError: the folder is missing, protected or full.
    """
    content = _Content()
    for entry in entries:
        content.add(entry)
    return write_bytes(path, _html(content, title, total, crew, seconds, done_now).encode("utf-8"))


def _html(
    content: _Content, title: str, total: int, crew: Sequence[Mapping[str, Any]], seconds: float, done_now: int
) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["duration"] = duration
    done = content.counts.total()
    pace = f"{duration(seconds)} for {done_now} photos" if done_now else ""
    pace += f", {60 * done_now / seconds:.1f} a minute" if done_now and seconds > 0 else ""
    return environment.from_string(TEMPLATE).render(
        title=as_text(title) or "Batch",
        made=f"{datetime.now():%Y-%m-%d %H:%M}",
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{_sha256(SCRIPT)}'",
        style=STYLE,
        script=SCRIPT,
        total=total,
        done=done,
        pace=pace,
        counts=[(status, words, content.counts[status]) for status, words in STATUSES.items()],
        statuses=STATUSES,
        map=draw_map(content.footprints),
        confidence=_bars(content.confidence),
        reasons=grouped(content.unfound),
        timings=_timings(content.seconds),
        crew=crew,
        rows=content.rows,
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _bars(confidence: Mapping[str, Sequence[int]]) -> list[dict[str, Any]]:
    """The bars of the distribution: edges of the bin, and count and height (percent) by status."""
    located = confidence.get("localized", [0] * _BINS)
    others = confidence.get("not_localized", [0] * _BINS)
    most = max((a + b for a, b in zip(located, others, strict=True)), default=0) or 1
    return [
        {
            "low": f"{number / _BINS:.1f}",
            "high": f"{(number + 1) / _BINS:.1f}",
            "localized": a,
            "not_localized": b,
            "height_localized": round(160 * a / most, 1),
            "height_not_localized": round(160 * b / most, 1),
        }
        for number, (a, b) in enumerate(zip(located, others, strict=True))
    ]


def _timings(seconds: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """Median, 95th percentile, maximum and sum of the seconds of each stage, and of all ("")."""
    whole = sum(seconds.get("", [])) or 1.0
    return [
        {
            "stage": stage or "all",
            "median": float(np.median(values)),
            "p95": float(np.percentile(values, 95)),
            "most": max(values),
            "share": sum(values) / whole,
        }
        for stage, values in seconds.items()
    ]


def _place(lon: float, lat: float) -> str:
    lon = (lon + 180) % 360 - 180
    return f"{abs(lat):.2f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.2f}° {'E' if lon >= 0 else 'W'}"
