"""DeDoDe features with LightGlue: keypoints that are the same in 3D, described by a network of its own; very slow."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from kornia.enhance import Normalize
from kornia.feature import DeDoDe
from kornia.feature.dedode.dedode_models import get_descriptor, get_detector
from torch import nn

from astroloc_qgis.engine.matchers.base import Image, Mask, inside_mask
from astroloc_qgis.engine.matchers.lightglue import LightGlueMatcher, lightglue
from astroloc_qgis.engine.matchers.loading import Architecture, load
from astroloc_qgis.engine.matchers.tensors import to_tensor

ARCHITECTURES = {
    "dedode-detector-l-v2": Architecture(lambda: get_detector("L"), empty=True),
    "dedode-descriptor-b": Architecture(lambda: get_descriptor("B"), empty=True),
    "dedodeb-lightglue": lightglue(input_dim=256),
}


class DedodeLightGlue(LightGlueMatcher):
    """DeDoDe (Edstedt et al., 3DV 2024), detector L of its second version and descriptor B, with LightGlue."""

    name = "dedode-lightglue"
    licence = "MIT (DeDoDe), not stated (LightGlue for it)"
    lightglue = "dedodeb-lightglue"

    def load_network(self) -> nn.Module:
        """See ``LightGlueMatcher.load_network``."""
        detector, descriptor = load("dedode-detector-l-v2"), load("dedode-descriptor-b")
        with torch.device("meta"):  # its own parts are replaced at once
            network = DeDoDe("L", "B")
        network.detector, network.descriptor = detector, descriptor
        network.normalizer = Normalize(torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225]))
        return network.eval().to(self._device)

    def keypoints(self, image: Image, mask: Mask | None, limit: int) -> tuple[np.ndarray, dict[str, Any]]:
        """See ``LightGlueMatcher.keypoints``."""
        if mask is not None and not mask.any():
            return np.zeros((0, 2), np.float32), {}
        # The detector ranks over the whole picture: twice as many are taken because the mask drops some.
        wanted = self._max_keypoints if mask is None else 2 * self._max_keypoints
        places, _, described = self._network(to_tensor(image, self._device), n=wanted)
        keypoints = places[0].float().cpu().numpy()  # strongest first; already in the corner convention
        kept = np.flatnonzero(inside_mask(keypoints, mask))[:limit]
        return keypoints[kept], {"descriptors": described[0].float()[torch.from_numpy(kept).to(self._device)]}
