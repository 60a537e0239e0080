"""DISK features with LightGlue: dense and reliable keypoints, learned by reinforcement; slow."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from kornia.feature import DISK
from torch import nn

from astroloc_qgis.engine.matchers.base import Image, Mask, inside_mask
from astroloc_qgis.engine.matchers.lightglue import LightGlueMatcher, lightglue
from astroloc_qgis.engine.matchers.loading import Architecture, load
from astroloc_qgis.engine.matchers.tensors import to_tensor

ARCHITECTURES = {"disk": Architecture(DISK), "disk-lightglue": lightglue(input_dim=128)}


class DiskLightGlue(LightGlueMatcher):
    """DISK (Tyszkiewicz et al., NeurIPS 2020) with LightGlue."""

    name = "disk-lightglue"
    licence = "Apache-2.0"
    lightglue = "disk-lightglue"

    def load_network(self) -> nn.Module:
        """See ``LightGlueMatcher.load_network``."""
        return load("disk", self._device)

    def keypoints(self, image: Image, mask: Mask | None, limit: int) -> tuple[np.ndarray, dict[str, Any]]:
        """See ``LightGlueMatcher.keypoints``."""
        found = self._network(to_tensor(image, self._device), pad_if_not_divisible=True)[0]
        keypoints = found.keypoints.float().cpu().numpy() + np.float32(0.5)
        kept = np.flatnonzero(inside_mask(keypoints, mask))
        strength = found.detection_scores.float().cpu().numpy()[kept]
        kept = kept[np.argsort(-strength, kind="stable")[:limit]]
        return keypoints[kept], {"descriptors": found.descriptors[torch.from_numpy(kept).to(self._device)]}
