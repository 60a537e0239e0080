"""The interface of descriptors: images in, unit vectors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from astroloc_qgis.engine.device import batch_limit
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.checksum import NO_WEIGHTS_SHA256


class Descriptor(ABC):
    """Turns images into vectors whose dot product is the similarity of two places.

    Attributes:
        name: name in the registry.
        dimensions: length D of a vector.
        image_size: pixels of a block's side, and of the long side to which photos are resized.
        needs_vocabulary: whether it needs a vocabulary, given or learned by ``fit``, before it describes anything.
        augmentation_weight: weight of the finer blocks within a block (``index.database_side_augmentation``).
        batch: number of pictures described at once.
    """

    name: str
    dimensions: int
    image_size: int
    needs_vocabulary: bool = False
    augmentation_weight: float = 0.0
    batch: int = 32

    @property
    @abstractmethod
    def model_sha256(self) -> str:
        """Hex sha256 of the weight file."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, str | int | float]:
        """Everything besides the weights that shapes a vector; indexes with other settings cannot be searched."""

    @abstractmethod
    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        """(B, h, w, 3) uint8 -> (B, D) float32, not necessarily normalised."""

    @property
    def photo_sizes(self) -> tuple[int, ...]:
        """The long sides in pixels at which a photo is described; its vector is the normalised sum of theirs."""
        return (self.image_size,)

    def describe_blocks(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Describe pictures of blocks.

        Args:
            images: (h, w, 3) uint8 RGB each, of any size: each is resized to ``image_size`` on its long side and keeps
                its aspect ratio.

        Returns:
            (N, D) float32, L2-normalised.

        Raises:
            InputError: the model has no vocabulary yet.
        """
        return self._describe_fitted([fit_long_side(image, self.image_size) for image in images])

    def describe_photos(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Describe photos, whatever their shape; arguments, result and errors as for ``describe_blocks``."""
        return self.describe_copies([[fit_long_side(image, size) for size in self.photo_sizes] for image in images])

    def describe_copies(self, photos: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
        """(N, D) as ``describe_photos``; each photo is given as its copies (h, w, 3) of ``photo_sizes``."""
        described = self._describe_fitted([copy for copies in photos for copy in copies])
        if len(self.photo_sizes) == 1:
            return described
        together = np.zeros((len(photos), self.dimensions), dtype=np.float32)
        np.add.at(together, np.repeat(np.arange(len(photos)), len(self.photo_sizes)), described)
        return together / np.maximum(np.linalg.norm(together, axis=1, keepdims=True), 1e-12)

    def _describe_fitted(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Describe images (h, w, 3) at the size that they have; (N, D) float32, L2-normalised."""
        described = np.empty((len(images), self.dimensions), dtype=np.float32)
        for places, batch in batches_of_one_size(images, self.batch):
            described[places] = self._describe_same_size(batch)
        norms = np.linalg.norm(described, axis=1, keepdims=True)
        return described / np.maximum(norms, 1e-12)

    def fit(self, images: Sequence[np.ndarray]) -> None:
        """Learn a vocabulary from images (as for ``describe_blocks``); the same images give the same vocabulary.

        Raises:
            InputError: the model has no vocabulary, or there are too few images to learn one from.
        """
        raise InputError(f"The descriptor {self.name} has no vocabulary to learn from {len(images)} images.")

    def load_vocabulary(self, path: Path) -> None:
        """Load a vocabulary that ``save_vocabulary`` wrote.

        Raises:
            InputError: the model has no vocabulary, or the file is not one of its vocabularies.
        """
        raise InputError(f"The descriptor {self.name} has no vocabulary: {path} cannot be one of its own.")

    def save_vocabulary(self, path: Path) -> None:
        """Write the vocabulary as .npz.

        Raises:
            InputError: the model has no vocabulary.
        """
        raise InputError(f"The descriptor {self.name} has no vocabulary to save to {path}.")


class WeightlessDescriptor(Descriptor):
    """A descriptor that is computed without learned weights."""

    @property
    def model_sha256(self) -> str:
        """Hex sha256 of no bytes."""
        return NO_WEIGHTS_SHA256


def fit_long_side(image: np.ndarray, size: int) -> np.ndarray:
    """Resize (h, w, 3) so that its long side has ``size`` pixels; averages pixels when it shrinks."""
    height, width = image.shape[:2]
    scale = size / max(height, width)
    if scale == 1:
        return np.ascontiguousarray(image)
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(image), target, interpolation=interpolation)


def batches_of_one_size(images: Sequence[np.ndarray], most: int) -> Iterator[tuple[list[int], np.ndarray]]:
    """Group images by size into batches of at most ``most`` (fewer if memory is short).

    Yields:
        Places of the images in the sequence, and the images (B, h, w, 3).
    """
    by_size: dict[tuple[int, ...], list[int]] = {}
    for place, image in enumerate(images):
        by_size.setdefault(image.shape, []).append(place)
    most = batch_limit(most)
    for places in by_size.values():
        for start in range(0, len(places), most):
            some = places[start : start + most]
            yield some, np.stack([images[place] for place in some])
