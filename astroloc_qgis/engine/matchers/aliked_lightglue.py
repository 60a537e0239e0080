"""ALIKED features with LightGlue: the most reliable of the matchers shipped, and the slowest."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from kornia.feature import ALIKED
from torch import nn

from astroloc_qgis.engine.matchers.base import Image, Mask, inside_mask
from astroloc_qgis.engine.matchers.lightglue import LightGlueMatcher, lightglue
from astroloc_qgis.engine.matchers.loading import Architecture, load
from astroloc_qgis.engine.matchers.tensors import to_tensor

ARCHITECTURES = {
    "aliked-n16": Architecture(lambda: ALIKED("aliked-n16", detection_threshold=0.0), may_lack=("dkd.hw_grid",)),
    "aliked-lightglue": lightglue(input_dim=128),
}


class AlikedLightGlue(LightGlueMatcher):
    """ALIKED-n16 (Zhao et al., IEEE TIM 2023) with LightGlue."""

    name = "aliked-lightglue"
    licence = "BSD-3-Clause (ALIKED), Apache-2.0 (LightGlue)"
    lightglue = "aliked-lightglue"

    def load_network(self) -> nn.Module:
        """See ``LightGlueMatcher.load_network``."""
        detector: Any = load("aliked-n16", self._device)
        detector.dkd.top_k = self._max_keypoints
        return detector

    def keypoints(self, image: Image, mask: Mask | None, limit: int) -> tuple[np.ndarray, dict[str, Any]]:
        """See ``LightGlueMatcher.keypoints``."""
        found = self._network(to_tensor(image, self._device))[0]
        keypoints = found.keypoints.cpu().numpy().astype(np.float32) + np.float32(0.5)
        kept = np.flatnonzero(inside_mask(keypoints, mask))
        if limit < len(kept):
            kept = kept[np.argsort(-found.keypoint_scores.cpu().numpy()[kept], kind="stable")[:limit]]
        return keypoints[kept], {"descriptors": found.descriptors[torch.from_numpy(kept).to(self._device)]}
