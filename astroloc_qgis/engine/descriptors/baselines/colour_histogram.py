"""A histogram of colours: the floor that any descriptor must be above.

Swain and Ballard, "Color Indexing", IJCV 1991. Each image is standardised first, so that haze and exposure do not move
all of it to other bins.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.descriptors.base import Descriptor

_BINS = 6
_REACH = 2.0
"""Standard deviations about the mean that the bins cover; the outer ones take all beyond."""


class ColourHistogram(Descriptor):
    """6 x 6 x 6 bins of red, green and blue; square roots of their shares, whose dot product is Bhattacharyya's.

    Args:
        device: not used.
        vocabulary: not used; there is none.
    """

    name = "colour-histogram"
    dimensions = _BINS**3
    image_size = 64

    def __init__(self, device: str = "cpu", vocabulary: Path | None = None) -> None:
        del device, vocabulary

    @property
    def model_sha256(self) -> str:
        """Of no weights at all."""
        return hashlib.sha256(b"").hexdigest()

    @property
    def settings(self) -> dict[str, str | int | float]:
        """All that shapes a vector."""
        return {"image_size": self.image_size, "bins": _BINS, "reach": _REACH, "input": "standardised"}

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        values = images.astype(np.float32)
        mean, deviation = (function(values, axis=(1, 2, 3), keepdims=True) for function in (np.mean, np.std))
        scaled = (values - mean) / (deviation + 1.0) / (2 * _REACH) + 0.5
        bins = np.clip((scaled * _BINS).astype(np.int64), 0, _BINS - 1)
        codes = (bins[..., 0] * _BINS + bins[..., 1]) * _BINS + bins[..., 2]
        counts = [np.bincount(code.ravel(), minlength=self.dimensions) for code in codes]
        return np.sqrt(np.stack(counts) / codes[0].size).astype(np.float32)
