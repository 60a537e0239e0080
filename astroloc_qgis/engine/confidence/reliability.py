"""How well stated confidences agree with observed frequencies."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.geometry.projection import Array


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> list[tuple[float, float, int]]:
    """The reliability diagram: mean stated confidence, observed frequency and count of each bin that is not empty."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        (float(confidence[place == number].mean()), float(right[place == number].mean()), int((place == number).sum()))
        for number in range(bins)
        if (place == number).any()
    ]


def calibration_error(confidence: Array, right: Array, bins: int = 10) -> float:
    """Expected calibration error: mean gap between stated and observed frequency over equal bins, by their counts."""
    gaps = [abs(stated - observed) * count for stated, observed, count in reliability(confidence, right, bins)]
    return float(sum(gaps) / max(1, len(confidence)))


def precision_at(confidence: np.ndarray, right: np.ndarray, threshold: float) -> float | None:
    """Share of right registrations among those accepted; None where none is accepted."""
    accepted = confidence >= threshold
    return round(float(right[accepted].mean()), 5) if accepted.any() else None
