"""XFeat features with LighterGlue: nearly as reliable as ALIKED at a fraction of the cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from kornia.feature.xfeat import XFeatModel
from torch import nn

from astroloc_qgis.engine.matchers.base import Image, Mask
from astroloc_qgis.engine.matchers.lightglue import LightGlueMatcher, lightglue
from astroloc_qgis.engine.matchers.loading import Architecture
from astroloc_qgis.engine.matchers.xfeat_net import XFeatNet, detect_and_describe

ARCHITECTURES = {
    "xfeat": Architecture(XFeatModel),
    "xfeat-lighterglue": lightglue(
        input_dim=64, descriptor_dim=96, n_layers=6, num_heads=1, depth_confidence=-1, width_confidence=-1
    ),
}


class XFeatLighterGlue(LightGlueMatcher):
    """XFeat (Potje et al., CVPR 2024) with LighterGlue."""

    name = "xfeat-lighterglue"
    licence = "Apache-2.0"
    lightglue = "xfeat-lighterglue"

    def load_network(self) -> nn.Module:
        """See ``LightGlueMatcher.load_network``."""
        return XFeatNet(self._device)

    def keypoints(self, image: Image, mask: Mask | None, limit: int) -> tuple[np.ndarray, dict[str, Any]]:
        """See ``LightGlueMatcher.keypoints``."""
        keypoints, descriptors, _ = detect_and_describe(self._network, image, limit, mask)
        return keypoints, {"descriptors": torch.from_numpy(descriptors).to(self._device)}
