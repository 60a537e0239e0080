"""XFeat's dense local features in a VLAD whose vocabulary is learned from the indexed imagery.

Jégou et al., "Aggregating local descriptors into a compact image representation", CVPR 2010; intra-normalisation after
Arandjelović and Zisserman, "All about VLAD", CVPR 2013; features after Potje et al., "XFeat", CVPR 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from astroloc_qgis.engine.descriptors.base import Descriptor, batches_of_one_size, fit_long_side
from astroloc_qgis.engine.descriptors.baselines.vocabulary import (
    learn_centres,
    no_vocabulary,
    read_centres,
    write_centres,
)
from astroloc_qgis.engine.device import usual_batch
from astroloc_qgis.engine.matchers.xfeat_net import XFeatNet, dense_features
from astroloc_qgis.engine.weights.packaged import WEIGHTS

_CLUSTERS = 64
_CHANNELS = 64
_RELIABILITY_POWER = 3
"""Exponent of the reliability that weights a feature: a soft form of using keypoints only."""
_FIT_FEATURES = 128 * 256
"""Features that the vocabulary is learned from: faiss wants 39 to 256 for each cluster."""


class XFeatVlad(Descriptor):
    """VLAD of 64 clusters over XFeat's dense features, weighted by their reliability.

    Args:
        device: for torch.
        vocabulary: .npz with ``centres`` (64, 64); without it, call ``fit`` before describing.

    Raises:
        InputError: the weights are not installed, or the vocabulary cannot be read.
    """

    name = "xfeat-vlad"
    dimensions = _CLUSTERS * _CHANNELS
    image_size = 320
    needs_vocabulary = True

    def __init__(self, device: str = "cpu", vocabulary: Path | None = None) -> None:
        self._network = XFeatNet(device)
        self.batch = usual_batch(device)
        self._centres: torch.Tensor | None = None
        if vocabulary is not None:
            self.load_vocabulary(vocabulary)

    @property
    def model_sha256(self) -> str:
        """Hex sha256 of the weight file."""
        return WEIGHTS["xfeat"].sha256

    @property
    def settings(self) -> dict[str, str | int | float]:
        """Everything besides the weights and the vocabulary that shapes a vector."""
        return {
            "image_size": self.image_size,
            "clusters": _CLUSTERS,
            "features": "dense",
            "weight": f"reliability^{_RELIABILITY_POWER}",
        }

    def fit(self, images: Sequence[np.ndarray]) -> None:
        """Learn the 64 cluster centres (k-means, seeded) from images as for ``describe_blocks``.

        Raises:
            InputError: too few images to learn from (fewer features than clusters).
        """
        fitted = [fit_long_side(image, self.image_size) for image in images]
        collected = [
            self._features(batch)[0].reshape(-1, _CHANNELS).cpu().numpy()
            for _, batch in batches_of_one_size(fitted, self.batch)
        ]
        features = np.concatenate(collected) if collected else np.empty((0, _CHANNELS), dtype=np.float32)
        centres = learn_centres(features, _CLUSTERS, model=self.name, most=_FIT_FEATURES, spherical=True)
        self._centres = torch.from_numpy(centres).to(self._network.device)

    def load_vocabulary(self, path: Path) -> None:
        """Load the cluster centres that ``save_vocabulary`` wrote.

        Raises:
            InputError: the file is missing, damaged, or of another shape.
        """
        self._centres = torch.from_numpy(read_centres(path, _CLUSTERS, _CHANNELS)).to(self._network.device)

    def save_vocabulary(self, path: Path) -> None:
        """Write the cluster centres as .npz.

        Raises:
            InputError: nothing has been learned yet.
        """
        write_centres(path, self._vocabulary().cpu().numpy())

    @torch.inference_mode()
    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        centres = self._vocabulary()
        features, reliability = self._features(images)
        nearest = (features @ centres.T).argmax(dim=2)
        assigned = F.one_hot(nearest, _CLUSTERS).to(features.dtype) * reliability[..., None] ** _RELIABILITY_POWER
        # The sum of residuals of a cluster = weighted sum of its features - (sum of weights) x its centre.
        residuals = assigned.transpose(1, 2) @ features - assigned.sum(dim=1)[..., None] * centres
        residuals = F.normalize(residuals, dim=2).flatten(1)
        return (residuals.sign() * residuals.abs().sqrt()).float().cpu().numpy()

    @torch.inference_mode()
    def _features(self, images: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, h, w, 3) uint8 -> features (B, n, 64) and their reliability (B, n)."""
        batch = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        rows, columns = (max(32, round(side / 32) * 32) for side in batch.shape[-2:])
        if (rows, columns) != tuple(batch.shape[-2:]):
            batch = F.interpolate(batch, (rows, columns), mode="bilinear", align_corners=False)
        return dense_features(self._network, batch)

    def _vocabulary(self) -> torch.Tensor:
        if self._centres is None:
            raise no_vocabulary(self.name)
        return self._centres
