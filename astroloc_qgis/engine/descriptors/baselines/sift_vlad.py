"""RootSIFT in a VLAD: image retrieval before neural networks; a baseline, and the basis of ``descriptors.texture``.

Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", IJCV 2004; Arandjelović and Zisserman, "Three things
everyone should know to improve object retrieval" (RootSIFT), CVPR 2012, and "All about VLAD", CVPR 2013; Jégou et al.,
"Aggregating local descriptors into a compact image representation", CVPR 2010.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from astroloc_qgis.engine.descriptors.base import WeightlessDescriptor, fit_long_side
from astroloc_qgis.engine.descriptors.baselines.vocabulary import (
    learn_centres,
    no_vocabulary,
    read_centres,
    write_centres,
)

_CLUSTERS = 64
_CHANNELS = 128
_KEYPOINTS = 500
_FIT_FEATURES = _CLUSTERS * 256


class SiftVlad(WeightlessDescriptor):
    """VLAD of 64 clusters over RootSIFT.

    Args:
        device: not used; SIFT runs on the CPU.
        vocabulary: .npz with ``centres`` (64, 128); without it, call ``fit`` before describing.
        centres: (64, 128) float32, in place of a vocabulary.

    Raises:
        InputError: the vocabulary cannot be read.
        ValueError: centres of another shape.
    """

    name = "sift-vlad"
    dimensions = _CLUSTERS * _CHANNELS
    image_size = 320
    needs_vocabulary = True

    def __init__(self, device: str = "cpu", vocabulary: Path | None = None, centres: np.ndarray | None = None) -> None:
        del device
        if centres is not None and centres.shape != (_CLUSTERS, _CHANNELS):
            raise ValueError(f"centres of shape {centres.shape}")
        self._sift = cv2.SIFT_create(nfeatures=_KEYPOINTS, contrastThreshold=0.01)
        self._contrast = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(4, 4))
        self._centres = centres
        if vocabulary is not None:
            self.load_vocabulary(vocabulary)

    @property
    def settings(self) -> dict[str, str | int | float]:
        """Everything besides the vocabulary that shapes a vector."""
        return {"image_size": self.image_size, "clusters": _CLUSTERS, "keypoints": _KEYPOINTS, "contrast": "clahe"}

    @property
    def centres(self) -> np.ndarray:
        """(64, 128) float32, the vocabulary.

        Raises:
            InputError: there is none yet.
        """
        return self._vocabulary()

    def fit(self, images: Sequence[np.ndarray]) -> None:
        """Learn the 64 cluster centres (k-means, seeded) from images as for ``describe_blocks``.

        Raises:
            InputError: too few features to learn from.
        """
        collected = [self._features(fit_long_side(image, self.image_size)) for image in images]
        features = np.concatenate(collected) if collected else np.empty((0, _CHANNELS), dtype=np.float32)
        self._centres = learn_centres(features, _CLUSTERS, model=self.name, most=_FIT_FEATURES, spherical=False)

    def at_size(self, image: np.ndarray, size: int) -> np.ndarray:
        """(1, D) float32 of an image described at another size of its long side; not normalised."""
        return self._describe_same_size(fit_long_side(image, size)[None])

    def load_vocabulary(self, path: Path) -> None:
        """Load the cluster centres that ``save_vocabulary`` wrote.

        Raises:
            InputError: the file is missing, damaged, or of another shape.
        """
        self._centres = read_centres(path, _CLUSTERS, _CHANNELS)

    def save_vocabulary(self, path: Path) -> None:
        """Write the cluster centres as .npz.

        Raises:
            InputError: nothing has been learned yet.
        """
        write_centres(path, self._vocabulary())

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        return np.stack([self._vlad(self._features(image)) for image in images])

    def _features(self, image: np.ndarray) -> np.ndarray:
        """(n, 128) RootSIFT of an image (h, w, 3) uint8; n may be 0."""
        grey = self._contrast.apply(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        _, found = self._sift.detectAndCompute(grey, None)
        if found is None:
            return np.empty((0, _CHANNELS), dtype=np.float32)
        return np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12)).astype(np.float32)

    def _vlad(self, features: np.ndarray) -> np.ndarray:
        centres = self._vocabulary()
        residuals = np.zeros((_CLUSTERS, _CHANNELS), dtype=np.float32)
        if len(features):
            nearest = (features @ centres.T - (centres**2).sum(axis=1) / 2).argmax(axis=1)
            np.add.at(residuals, nearest, features - centres[nearest])
            residuals /= np.maximum(np.linalg.norm(residuals, axis=1, keepdims=True), 1e-12)
        flat = residuals.ravel()
        return np.sign(flat) * np.sqrt(np.abs(flat))

    def _vocabulary(self) -> np.ndarray:
        if self._centres is None:
            raise no_vocabulary(self.name)
        return self._centres
