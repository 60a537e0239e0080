"""Base class of the matchers whose keypoints are local affine frames: a place, a shape and an orientation."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from kornia.feature import (
    HardNet,
    LocalFeature,
    get_laf_center,
    get_laf_orientation,
    get_laf_scale,
    laf_is_filled,
)
from torch import nn

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, inside_mask
from astroloc_qgis.engine.matchers.lightglue import LightGlueMatcher
from astroloc_qgis.engine.matchers.loading import Architecture
from astroloc_qgis.engine.matchers.tensors import grey_tensor

SMALLEST = 64
"""Pictures with a shorter side get no frames: the pyramids need room for a patch at every level."""

HARDNET = Architecture(lambda: HardNet(pretrained=False))
"""The descriptor of these matchers (Mishchuk et al., NeurIPS 2017)."""


class LocalFrameMatcher(LightGlueMatcher):
    """A detector of local affine frames, HardNet on the patches they cut out, and LightGlue."""

    def __init__(self, device: str = "cpu", max_keypoints: int = 2048) -> None:
        """Load the weights (arguments as for ``LightGlueMatcher``)."""
        super().__init__(device, max_keypoints)

    @abstractmethod
    def local_features(self) -> LocalFeature:
        """Detector and descriptor, with their weights loaded."""

    def load_network(self) -> nn.Module:
        """See ``LightGlueMatcher.load_network``."""
        network: nn.Module = self.local_features().eval().to(self._device)
        return network

    def keypoints(self, image: Image, mask: Mask | None, limit: int) -> tuple[np.ndarray, dict[str, Any]]:
        """See ``LightGlueMatcher.keypoints``; the data holds ``lafs`` (1, N, 2, 3) as well."""
        height, width = image.shape[:2]
        if min(height, width) < SMALLEST or (mask is not None and not mask.any()):
            return np.zeros((0, 2), np.float32), {}
        grey = grey_tensor(image, self._device)
        allowed = None if mask is None else torch.from_numpy(mask).to(self._device)[None, None]
        lafs, _, described = self._network(grey, allowed)  # strongest first
        centres = get_laf_center(lafs)[0].cpu().numpy().astype(np.float32)
        keypoints = np.clip(centres + np.float32(0.5), 0, np.array([width, height], np.float32))
        filled = laf_is_filled(lafs)[0].cpu().numpy()
        kept = np.flatnonzero(filled & inside_mask(keypoints, mask))[:limit]
        chosen = torch.from_numpy(kept).to(self._device)
        return keypoints[kept], {"lafs": lafs[:, chosen], "descriptors": described[0, chosen]}

    def lightglue_input(self, features: Features) -> dict[str, torch.Tensor]:
        """See ``LightGlueMatcher.lightglue_input``."""
        lafs = features.data["lafs"]
        return {
            **super().lightglue_input(features),
            "lafs": lafs,
            "scales": get_laf_scale(lafs).reshape(1, -1),
            "oris": torch.deg2rad(get_laf_orientation(lafs).reshape(1, -1)) % (2 * math.pi),
        }
