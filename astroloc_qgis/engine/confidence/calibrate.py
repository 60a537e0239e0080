"""Calibration of a matcher: weights fitted to pairs, and checked on photos that took no part in the fit.

Real pairs take part where simulated ones are given too. Alone they are too few to fit: then the weights stay, and the
real pairs tell from which confidence the matcher's registrations are accepted.
"""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.confidence.evidence import evidence_from
from astroloc_qgis.engine.confidence.fitting import MIN_OF_EACH, fit_or_rescale
from astroloc_qgis.engine.confidence.model import FOLDER, JUDGED, Weights, read_weights
from astroloc_qgis.engine.confidence.per_matcher_threshold import threshold_of
from astroloc_qgis.engine.confidence.real_pairs import ACCEPTED, RealPairs, count
from astroloc_qgis.engine.confidence.reliability import calibration_error, precision_at

Rows = list[dict[str, Any]]
"""Rows of ``benchmark.pairs``, and of ``benchmark.trials.registrations``."""

FOLDS = 5
"""Parts of the photos in the cross-validation."""
MOST_ERROR = 0.05
"""Expected calibration error below which confidences count as frequencies."""


@dataclass(frozen=True)
class Calibration:
    """Fitted weights and how good they are on photos held out.

    Attributes:
        weights: fitted on all rows.
        made: how they were made, for the calibration file.
        held_out: (N,) confidences, each from a fit without that photo; of weights that stay, their own.
        right: (N,) whether each registration is right.
    """

    weights: Weights
    made: dict[str, Any]
    held_out: np.ndarray
    right: np.ndarray


def calibrate(rows: Rows, source: str) -> Calibration:
    """Fit a matcher's weights to the registrations that gave a homography, or keep ``JUDGED`` where that is as good.

    Pairs without a homography are rejected with any weights: they count in the numbers but not in the fit.

    Args:
        rows: of one matcher.
        source: where the pairs come from, for the calibration file.

    Raises:
        InputError: there is no right or no wrong registration, in all photos or in all but a fifth of them.
    """
    found = [row for row in rows if row["found"] and row["right"] is not None]
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
    enough = min(right.sum(), (~right).sum()) >= MIN_OF_EACH
    method = "logistic" if enough else "judged weights, rescaled after Platt"
    # A fit knows only these wrong registrations and this imagery. So the weights set by hand are kept where they are
    # calibrated too and their precision is no lower.
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
        **_real(rows, weights),
    }
    return Calibration(weights, made, held_out, right)


def check(rows: Rows, matcher: str, source: str, folder: Path = FOLDER) -> Calibration:
    """Check the present weights of a matcher on real pairs; they stay as they are.

    Args:
        rows: of one matcher, all of them real.
        matcher: its name.
        source: where the pairs come from, for the calibration file.
        folder: of the present calibration files.
    """
    weights, made = read_weights(matcher, folder)
    found = [row for row in rows if row["found"] and row["right"] is not None]
    confidence = np.array([weights.confidence(evidence_from(row["evidence"])) for row in found])
    made = {"method": "judged weights, not fitted", **made, **_real(rows, weights), "real_source": source}
    return Calibration(weights, made, confidence, np.array([row["right"] for row in found], dtype=bool))


def _real(rows: Rows, weights: Weights) -> dict[str, Any]:
    """The real pairs as the calibration file states them, and the confidence from which they let a matcher accept."""
    real = count(rows, weights)
    return {"real": real.summary(), "accepted_from": real.accepted_from if isfinite(real.accepted_from) else None}


def distinct(rows: Rows) -> Rows:
    """The rows without those of a real pair that was measured several times: its surest solution stays."""
    best: dict[tuple[str, ...], dict[str, Any]] = {}
    simulated = [row for row in rows if not row.get("real")]
    for row in rows:
        if row.get("real"):
            key = (row["matcher"], row["photo"], row["block"])
            if key not in best or _strength(row) > _strength(best[key]):
                best[key] = row
    return [*simulated, *best.values()]


def _strength(row: dict[str, Any]) -> float:
    return JUDGED.confidence(evidence_from(row["evidence"])) if row["found"] else -1.0


def located_at(rows: Rows, found: Rows, confidence: np.ndarray, threshold: float) -> float:
    """Share of the true pairs that are right and accepted."""
    true = sum(row["kind"] == "true" for row in rows)
    accepted = sum(
        row["kind"] == "true" and row["right"] and stated >= threshold
        for row, stated in zip(found, confidence, strict=True)
    )
    return round(accepted / max(1, true), 4)


def counts_table(rows: Rows) -> str:
    """Numbers of pairs, solutions and right solutions of each kind of pair, as a Markdown table."""
    lines = ["| kind of pair | pairs | any solution | right | seconds, median |", "| --- | ---: | ---: | ---: | ---: |"]
    for kind in dict.fromkeys(row["kind"] for row in rows):
        these = [row for row in rows if row["kind"] == kind]
        seconds = float(np.median([row["seconds"] for row in these]))
        found, right = sum(row["found"] for row in these), sum(row["right"] is True for row in these)
        lines.append(f"| {kind} | {len(these)} | {found} | {right} | {seconds:.1f} |")
    return "\n".join(lines)


def describe(found: Calibration, matcher: str, path: Path) -> str:
    """The results of a calibration, in a few lines."""
    made = found.made
    lines = [f"{matcher}: {made['method']}."]
    if "registrations" in made:
        lines = [
            f"{matcher}: {made['registrations']} solutions, {made['right']} of them right: {made['method']}; on photos "
            f"held out, expected calibration error {made['expected_calibration_error']}, precision at 0.9 "
            f"{made['precision_at_0.9']}, located of the true pairs {made['located_at_0.9']}; 99.9 % precision from a "
            f"confidence of {made['threshold_999']}."
        ]
    return "\n".join([*lines, describe_real(RealPairs(**made["real"])), f"Written to {path}."])


def describe_real(real: RealPairs) -> str:
    """The real pairs behind a matcher, and what follows from them, in a sentence or two."""
    if not real.shown + real.elsewhere:
        return f"No real pair stands behind it: its registrations are accepted from {real.accepted_from:g} on."
    level = (
        f"accepted from {real.accepted_from:g} on" if isfinite(real.accepted_from) else "never accepted by themselves"
    )
    solutions = f"{real.right} right and {real.wrong} wrong solutions, the surest wrong one {real.highest_wrong:g}"
    too_few = "" if real.proved else " (too few to prove it)"
    return f"{str(real).capitalize()}{too_few}; {solutions}: its registrations are {level}."
