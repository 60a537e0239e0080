"""What a descriptor is: images in, unit vectors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from astroloc_qgis.engine.device import batch_limit
from astroloc_qgis.engine.errors import InputError


class Descriptor(ABC):
    """Turns images into vectors whose dot product says how much two places look alike.

    Attributes:
        name: in the registry.
        dimensions: length D of a vector.
        image_size: px of a block's side, and of the long side that photos are shrunk to.
        needs_vocabulary: whether ``fit`` must be called, or a vocabulary given, before ``describe``.
        finer_weight: of the finer blocks within a block in its vector in an index (``database_side_augmentation``).
        batch: pictures that are described at once.
    """

    name: str
    dimensions: int
    image_size: int
    needs_vocabulary: bool = False
    finer_weight: float = 0.0
    batch: int = 32

    @property
    @abstractmethod
    def model_sha256(self) -> str:
        """Hex sha256 of the weight file."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, str | int | float]:
        """All that shapes a vector beside the weights; indexes of other settings cannot be compared with."""

    @abstractmethod
    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        """(B, h, w, 3) uint8 -> (B, D) float32, not necessarily normalised."""

    def describe(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Describe images.

        Args:
            images: of (h, w, 3) uint8 RGB each, of any size: each is shrunk or enlarged to ``image_size`` on its long
                side with its own aspect (squashing photos to a square costs 3 to 9 points of recall).

        Returns:
            (N, D) float32, L2-normalised.

        Raises:
            InputError: the model has no vocabulary yet.
        """
        described = np.empty((len(images), self.dimensions), dtype=np.float32)
        for places, batch in batches_of_one_size([self._fitted(image) for image in images], self.batch):
            described[places] = self._describe_same_size(batch)
        norms = np.linalg.norm(described, axis=1, keepdims=True)
        return described / np.maximum(norms, 1e-12)

    def _fitted(self, image: np.ndarray) -> np.ndarray:
        """Resize (h, w, 3) to the size at which it is described."""
        return fit_long_side(image, self.image_size)

    def fit(self, images: Sequence[np.ndarray]) -> None:
        """Learn a vocabulary from images (as for ``describe``), always the same from the same images.

        Raises:
            InputError: the model has none, or the images are too few to learn from.
        """
        raise InputError(f"The descriptor {self.name} has no vocabulary to learn from {len(images)} images.")

    def load_vocabulary(self, path: Path) -> None:
        """Take a vocabulary that ``save_vocabulary`` wrote.

        Raises:
            InputError: the model has none, or the file is not one of its vocabularies.
        """
        raise InputError(f"The descriptor {self.name} has no vocabulary: {path} cannot be one of its own.")

    def save_vocabulary(self, path: Path) -> None:
        """Write the vocabulary as .npz.

        Raises:
            InputError: the model has none.
        """
        raise InputError(f"The descriptor {self.name} has no vocabulary to save to {path}.")


def fit_long_side(image: np.ndarray, size: int) -> np.ndarray:
    """Resize (h, w, 3) so that its long side is ``size`` px; averages where it shrinks."""
    height, width = image.shape[:2]
    scale = size / max(height, width)
    if scale == 1:
        return np.ascontiguousarray(image)
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(image), target, interpolation=interpolation)


def batches_of_one_size(images: Sequence[np.ndarray], most: int) -> Iterator[tuple[list[int], np.ndarray]]:
    """Group images by size: (their places in the sequence, (B, h, w, 3)), ``most`` at once (fewer if memory lacks)."""
    by_size: dict[tuple[int, ...], list[int]] = {}
    for place, image in enumerate(images):
        by_size.setdefault(image.shape, []).append(place)
    most = batch_limit(most)
    for places in by_size.values():
        for start in range(0, len(places), most):
            some = places[start : start + most]
            yield some, np.stack([images[place] for place in some])
