"""Calibration: how sure is sure? Fitted on pairs, checked on photos that took no part in the fit."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.confidence.model import (
    FEWEST,
    JUDGED,
    Weights,
    calibration_error,
    evidence_from,
    fit_or_rescale,
)
from astroloc_qgis.engine.verification import ACCEPTED

Rows = list[dict[str, Any]]
"""Rows of ``benchmark.pairs``."""

FOLDS = 5
PRECISION = 0.999
"""What EarthMatch asks of the results that are accepted."""
MOST_ERROR = 0.05
"""Expected calibration error up to which confidences pass for frequencies."""


@dataclass(frozen=True)
class Calibration:
    """A fit and what it is worth.

    Attributes:
        weights: fitted on all rows.
        made: of what, for the file.
        held_out: (N,) confidences, each of a fit that saw nothing of that photo.
        right: (N,) whether the registration was right.
    """

    weights: Weights
    made: dict[str, Any]
    held_out: np.ndarray
    right: np.ndarray


def calibrate(rows: Rows, source: str) -> Calibration:
    """Fit a matcher's weights on the registrations that gave any homography, or confirm the judged ones.

    Pairs that gave none are refused whatever the weights, so they count in the numbers but not in the fit.

    Args:
        rows: of one matcher.
        source: what the pairs were made of, for the file.

    Raises:
        InputError: no right or no wrong registration, also where a fifth of the photos is left out.
    """
    found = [row for row in rows if row["found"]]
    evidence = [evidence_from(row["evidence"]) for row in found]
    right = np.array([row["right"] for row in found], dtype=bool)
    weights = fit_or_rescale(evidence, right.tolist())
    # A photo's pairs share a fold: the same photo in fit and check would flatter the fit.
    fold = np.array([zlib.crc32(row["photo"].rsplit("/", 2)[-2:].__repr__().encode()) % FOLDS for row in found])
    held_out = np.zeros(len(found))
    for number in range(FOLDS):
        others, these = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        part = fit_or_rescale([evidence[at] for at in others], right[others].tolist())
        held_out[these] = [part.confidence(evidence[at]) for at in these]
    enough = min(right.sum(), (~right).sum()) >= FEWEST
    method = "logistic" if enough else "judged weights, rescaled after Platt"
    # A fit knows only the wrong solutions that it was shown, and only the imagery. So it is not taken where judged
    # confidences turn out to be frequencies too, and what they accept is no less surely right.
    judged = np.array([JUDGED.confidence(item) for item in evidence])
    precisions = [precision_at(confidence, right, ACCEPTED) or 0.0 for confidence in (held_out, judged)]
    is_frequency = calibration_error(judged, right.astype(float)) < MOST_ERROR
    if is_frequency and precisions[1] >= precisions[0]:
        weights, held_out = JUDGED, judged
        method = f"judged weights, confirmed: {method} would have a precision of {precisions[0]} at {ACCEPTED}"
    made = {
        "pairs": dict(sorted(Counter(row["kind"] for row in rows).items())),
        "registrations": len(found),
        "right": int(right.sum()),
        "method": method,
        "source": source,
        "expected_calibration_error": round(calibration_error(held_out, right.astype(float)), 4),
        "precision_at_0.9": precision_at(held_out, right, ACCEPTED),
        "threshold_999": round(threshold_of(held_out, right), 4),
        "located_at_0.9": located_at(rows, found, held_out, ACCEPTED),
    }
    return Calibration(weights, made, held_out, right)


def precision_at(confidence: np.ndarray, right: np.ndarray, threshold: float) -> float | None:
    """Share of right ones among those accepted; None where none is."""
    accepted = confidence >= threshold
    return round(float(right[accepted].mean()), 5) if accepted.any() else None


def located_at(rows: Rows, found: Rows, confidence: np.ndarray, threshold: float) -> float:
    """Share of the true pairs that are right and accepted."""
    true = sum(row["kind"] == "true" for row in rows)
    accepted = sum(
        row["kind"] == "true" and row["right"] and stated >= threshold
        for row, stated in zip(found, confidence, strict=True)
    )
    return round(accepted / max(1, true), 4)


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> list[tuple[float, float, int]]:
    """For each bin that holds any: mean stated confidence, observed frequency, count."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        (float(confidence[place == number].mean()), float(right[place == number].mean()), int((place == number).sum()))
        for number in range(bins)
        if (place == number).any()
    ]


def counts_table(rows: Rows) -> str:
    """How many pairs of each kind gave any solution, and how many a right one, as Markdown."""
    lines = ["| kind of pair | pairs | any solution | right | seconds, median |", "| --- | ---: | ---: | ---: | ---: |"]
    for kind in dict.fromkeys(row["kind"] for row in rows):
        these = [row for row in rows if row["kind"] == kind]
        seconds = float(np.median([row["seconds"] for row in these]))
        found, right = sum(row["found"] for row in these), sum(row["right"] for row in these)
        lines.append(f"| {kind} | {len(these)} | {found} | {right} | {seconds:.1f} |")
    return "\n".join(lines)


def describe(found: Calibration, matcher: str, path: Path) -> str:
    """What the fit is worth, in a few lines."""
    made = found.made
    return (
        f"{matcher}: {made['registrations']} solutions, {made['right']} of them right: {made['method']}; on photos "
        f"held out, expected calibration error {made['expected_calibration_error']}, precision at 0.9 "
        f"{made['precision_at_0.9']}, located of the true pairs {made['located_at_0.9']}; 99.9 % precision from a "
        f"confidence of {made['threshold_999']}.\nWritten to {path}."
    )


def threshold_of(confidence: np.ndarray, right: np.ndarray, precision: float = PRECISION) -> float:
    """Least confidence above which so great a share is right (EarthMatch's criterion); 1 where there is none."""
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= precision)
    return float(confidence[order[good[-1]]]) if len(good) else 1.0
