"""Base class of the matchers, and the features and matches that they make."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Features:
    """What a matcher finds in one picture; a photo's features serve all its candidates.

    Attributes:
        keypoints: (N, 2) float32 pixels of the picture given, corner convention.
        size: width and height of that picture.
        data: what else the matcher needs, such as descriptors; no other code reads it.
    """

    keypoints: NDArray[np.float32]
    size: tuple[int, int]
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Matches:
    """Pairs of corresponding points in two pictures.

    Attributes:
        a: (M, 2) float64 pixels of the first picture, corner convention.
        b: (M, 2) float64 pixels of the second.
        score: (M,) float32, greater is better; comparable within one matcher only.
    """

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    score: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.a)


class Matcher(ABC):
    """Finds tie points between a photo and a rendering of the reference; made with ``device`` as a keyword.

    Attributes:
        name: its name in the registry.
        licence: of the weights, or of the algorithm where it has none.
        rotation_invariant: whether it matches pictures rotated against each other by any angle.
        dense: whether it compares pictures of the same scale and rotation only, and is searched with by correlation.
    """

    name: str
    licence: str
    rotation_invariant = False
    dense = False

    @abstractmethod
    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """Describe one picture.

        Args:
            image: (H, W, 3) RGB.
            mask: (H, W), True where the picture shows something; nothing is found elsewhere.
            most: keep at most this many keypoints, the strongest; None for the matcher's own limit.
        """

    @abstractmethod
    def match(self, a: Features, b: Features) -> Matches:
        """Pair what ``extract`` found in two pictures."""


def no_matches() -> Matches:
    """Matches of pictures that have nothing in common."""
    return Matches(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.float32))


def pair_up(a: Features, b: Features, pairs: NDArray[np.int64], score: NDArray[np.float32]) -> Matches:
    """Matches from (M, 2) indices into the keypoints of both pictures."""
    return Matches(a.keypoints[pairs[:, 0]].astype(np.float64), b.keypoints[pairs[:, 1]].astype(np.float64), score)


def inside_mask(keypoints: NDArray[np.float32], mask: Mask | None, margin: int = 4) -> Mask:
    """(N,) whether each (N, 2) keypoint (corner convention) is at least ``margin`` pixels inside the valid area."""
    if mask is None or len(keypoints) == 0:
        return np.ones(len(keypoints), dtype=bool)
    height, width = mask.shape
    inner = cv2.erode(mask.astype(np.uint8), np.ones((2 * margin + 1,) * 2, dtype=np.uint8))
    column = np.clip(keypoints[:, 0].astype(int), 0, width - 1)
    row = np.clip(keypoints[:, 1].astype(int), 0, height - 1)
    return np.asarray(inner[row, column], dtype=bool)
