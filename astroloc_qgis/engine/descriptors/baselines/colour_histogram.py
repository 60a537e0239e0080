"""A histogram of colours: a lower bound for any useful descriptor.

Swain and Ballard, "Color Indexing", IJCV 1991. Each image is standardised first, so that haze and exposure do not shift
all its colours to other bins.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroloc_qgis.engine.descriptors.base import WeightlessDescriptor

_BINS = 6
_REACH = 2.0
"""Standard deviations on either side of the mean that the bins cover; values beyond go into the outermost bins."""


class ColourHistogram(WeightlessDescriptor):
    """Square roots of the shares of 6 x 6 x 6 bins of red, green and blue.

    The dot product of two such vectors is the Bhattacharyya coefficient of the histograms.

    Args:
        device: not used.
        vocabulary: not used; the model has none.
    """

    name = "colour-histogram"
    dimensions = _BINS**3
    image_size = 64

    def __init__(self, device: str = "cpu", vocabulary: Path | None = None) -> None:
        del device, vocabulary

    @property
    def settings(self) -> dict[str, str | int | float]:
        """Everything that shapes a vector."""
        return {"image_size": self.image_size, "bins": _BINS, "reach": _REACH, "input": "standardised"}

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        values = images.astype(np.float32)
        mean, deviation = (function(values, axis=(1, 2, 3), keepdims=True) for function in (np.mean, np.std))
        scaled = (values - mean) / (deviation + 1.0) / (2 * _REACH) + 0.5
        bins = np.clip((scaled * _BINS).astype(np.int64), 0, _BINS - 1)
        codes = (bins[..., 0] * _BINS + bins[..., 1]) * _BINS + bins[..., 2]
        counts = [np.bincount(code.ravel(), minlength=self.dimensions) for code in codes]
        return np.sqrt(np.stack(counts) / codes[0].size).astype(np.float32)
