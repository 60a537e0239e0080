"""Photo pyramid: a photo at several sizes and quarter turns, with the features of each level.

The levels and features used last are kept, up to a number of bytes: the iterations of a photo that is not found need
hundreds of sizes, each once.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.homography import quarter_rotation, scaling
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.matchers.base import Features, Matcher
from astroloc_qgis.engine.matchers.preprocessing import equalise
from astroloc_qgis.engine.photo.masks import OPAQUE, content_alpha

MOST_BYTES = 256 << 20
"""Most memory of the levels and features that are kept, bytes; what is used at the time is kept in any case."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class PyramidLevel:
    """A photo at one size and rotation.

    Attributes:
        image: (h, w, 3) RGB, contrast equalised.
        mask: (h, w), True where the photo has pixels; None where it has them everywhere.
        from_photo: (3, 3) photo pixels -> pixels of this level.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None
    from_photo: Array

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.image.shape[1], self.image.shape[0]

    @property
    def scale(self) -> float:
        """Pixels of this level in one photo pixel."""
        return math.sqrt(abs(float(np.linalg.det(self.from_photo[:2, :2]))))


class PhotoPyramid:
    """Levels of one photo and their features, kept for all candidates; safe in several threads."""

    def __init__(self, pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> None:
        """Remember the photo.

        Args:
            pixels: (H, W, 3) RGB.
            alpha: (H, W), 0 where the photo has no pixel. Surroundings such as borders and the black about a round
                window are found without it (``photo.masks``).
        """
        self.size: tuple[int, int] = (pixels.shape[1], pixels.shape[0])
        self._pixels = pixels
        self._alpha = content_alpha(pixels, alpha)
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.RLock()  # of two threads that need the same level, one makes it and the other waits

    @cached_property
    def content_share(self) -> float:
        """Share of the photo that is content, without surroundings and transparent parts; above 0."""
        return 1.0 if self._alpha is None else max(0.01, float((self._alpha > OPAQUE).mean()))

    def level(self, long_side: int, quarter_turns: int = 0) -> PyramidLevel:
        """The photo with its long side reduced to ``long_side`` pixels (never enlarged), rotated as by ``np.rot90``."""
        long_side = min(long_side, max(self.size))
        turns = quarter_turns % 4
        return self._get((long_side, turns), lambda: self._make(long_side, turns), _bytes_of_level)

    def _get(self, key: Hashable, make: Callable[[], Value], bytes_of: Callable[[Value], int]) -> Value:
        """What is kept by a key, or else made; what was not used for longest goes if it becomes too much."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                kept: Value = self._kept[key][0]
                return kept
            made = make()
            size = bytes_of(made)
            self._kept[key] = (made, size)
            self._bytes += size
            while self._bytes > MOST_BYTES and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1][1]
            return made

    def _make(self, long_side: int, quarter_turns: int) -> PyramidLevel:
        if quarter_turns:
            upright = self.level(long_side)
            mask = None if upright.mask is None else np.ascontiguousarray(np.rot90(upright.mask, quarter_turns))
            image = np.ascontiguousarray(np.rot90(upright.image, quarter_turns))
            return PyramidLevel(image, mask, quarter_rotation(*upright.size, quarter_turns) @ upright.from_photo)
        shrink = long_side / max(self.size)
        size = (max(1, round(self.size[0] * shrink)), max(1, round(self.size[1] * shrink)))
        mask = None
        if self._alpha is not None and (self._alpha == 0).any():
            mask = cv2.resize(self._alpha, size, interpolation=cv2.INTER_AREA) > 127
        image = equalise(cv2.resize(self._pixels, size, interpolation=cv2.INTER_AREA), mask)
        return PyramidLevel(image, mask, scaling(size[0] / self.size[0], size[1] / self.size[1]))

    def features(self, matcher: Matcher, long_side: int, quarter_turns: int = 0, most: int | None = None) -> Features:
        """The features that a matcher finds in a level (``most`` as for ``Matcher.extract``)."""

        def extract() -> Features:
            level = self.level(long_side, quarter_turns)
            return matcher.extract(level.image, level.mask, most)

        key = (matcher, min(long_side, max(self.size)), quarter_turns % 4, most)
        return self._get(key, extract, _bytes_of_features)


def _bytes_of_level(level: PyramidLevel) -> int:
    return level.image.nbytes + (0 if level.mask is None else level.mask.nbytes)


def _bytes_of_features(features: Features) -> int:
    return features.keypoints.nbytes + _bytes_of(features.data)


def _bytes_of(data: Any) -> int:
    """The bytes of arrays and tensors, also within dictionaries and sequences."""
    if isinstance(data, dict):
        return sum(map(_bytes_of, data.values()))
    if isinstance(data, list | tuple):
        return sum(map(_bytes_of, data))
    return int(getattr(data, "nbytes", 0))
