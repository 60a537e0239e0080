"""What each matcher found for a real photo, accepted or not: the evidence that confidence is calibrated and checked on.

A trial is the best run of one matcher on one photo (and place). Rows of ``benchmark aims``, ``coregistration`` and
``photos-real`` keep their trials.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.benchmark.rows import read_rows
from astroloc_qgis.engine.confidence.calibrate import distinct
from astroloc_qgis.engine.confidence.evidence import evidence_row
from astroloc_qgis.engine.confidence.model import confidence_of
from astroloc_qgis.engine.coregistration.cascade import MatcherRun
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.result import Localization

Row = dict[str, Any]

Judge = Callable[[Array, bool], bool | None]
"""Whether a (4, 2) longitude, latitude footprint that was accepted (or was not) is right; None where that cannot be
told."""


def trials_of(found: Localization, judge: Judge) -> list[Row]:
    """The best run of each matcher, in the order in which they first ran.

    Args:
        found: the result of a photo.
        judge: tells right footprints from wrong ones.

    Returns:
        matcher; evidence (None where no run gave a homography); located; footprint (None for a corner that sees no
        ground); right (None where there is no footprint, or that cannot be told).
    """
    best: dict[str, MatcherRun] = {}
    for run in found.outcome.runs:
        if run.matcher not in best or _strength(run) > _strength(best[run.matcher]):
            best[run.matcher] = run
    return [_trial(run, found, judge) for run in best.values()]


def _strength(run: MatcherRun) -> tuple[bool, float]:
    return run.located, -1.0 if run.evidence is None else confidence_of(run.evidence, run.matcher)


def _trial(run: MatcherRun, found: Localization, judge: Judge) -> Row:
    footprint = found.footprint if run.located else run.footprint
    right = None
    if footprint is not None and np.isfinite(footprint).all():
        right = judge(footprint, run.located)
    return {
        "matcher": run.matcher,
        "evidence": None if run.evidence is None else evidence_row(run.evidence),
        "located": run.located,
        "footprint": None if footprint is None else _corners(footprint),
        "right": right,
    }


def _corners(footprint: Array) -> list[list[float] | None]:
    return [[round(float(value), 5) for value in corner] if np.isfinite(corner).all() else None for corner in footprint]


def is_real(row: Row) -> bool:
    """Whether a row is of a real photo, and not of a simulated one."""
    return "shows" in row


def registrations(rows: Iterable[Row]) -> list[Row]:
    """The trials of rows as the calibration takes them, one row a photo, place and matcher.

    Args:
        rows: of ``benchmark aims``, ``coregistration`` or ``photos-real``.

    Returns:
        ``photo``, ``kind`` ("real, shown" or "real, elsewhere"), ``block``, ``matcher``, ``found``, ``right`` (None
        where that cannot be told), ``evidence``, ``seconds``, ``real`` (true).

    Raises:
        InputError: a row was written before rows kept their trials.
    """
    made = []
    for row in rows:
        if "trials" not in row:
            raise InputError("The rows hold no trials of matchers: they are of an older version, measure them again.")
        for trial in row["trials"]:
            # A candidate that was to show something else can show the photo at its edge, and give its right place.
            shown = row["shows"] or trial["right"] is True
            made.append(
                {
                    "photo": f"{row['set']}/{row.get('photo') or row['id']}",
                    "kind": "real, shown" if shown else "real, elsewhere",
                    "block": row.get("block") or row.get("reference") or "index",
                    "matcher": trial["matcher"],
                    "found": trial["evidence"] is not None,
                    "right": trial["right"],
                    "evidence": trial["evidence"],
                    "seconds": row["seconds"],
                    "real": True,
                }
            )
    return made


def calibration_rows(paths: Iterable[Path]) -> list[Row]:
    """Read rows to calibrate from: simulated pairs as they are, real photos as their trials.

    Args:
        paths: rows of ``benchmark pairs``, ``aims``, ``coregistration`` or ``photos-real``, as JSON lines or as the
            list in a report.

    Raises:
        InputError: a file cannot be read or holds other rows.
    """
    made: list[Row] = []
    for path in paths:
        for row in _read(path):
            if is_real(row) or "candidate_right" in row:
                made += registrations([row])
            elif {"matcher", "found", "right", "evidence"} <= row.keys():
                made.append(row)
            else:
                raise InputError(f"The rows of {path} are no pairs or real photos to calibrate from: name others.")
    if not made:
        raise InputError("The files hold no rows to calibrate from.")
    return distinct(made)


def _read(path: Path) -> list[Row]:
    try:
        text = path.read_text(encoding="utf-8")
        report = json.loads(text) if text.lstrip().startswith("[") else None
        return read_rows(path) if report is None else list(report)
    except (OSError, ValueError) as error:
        raise InputError(f"The rows {path} cannot be read ({error}): name a file of a benchmark.") from error
