"""XFeat features with LighterGlue: nearly as reliable as ALIKED at a fraction of the cost."""

from __future__ import annotations

import torch

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches
from astroloc_qgis.engine.matchers.lightglue import load_lightglue, match_with
from astroloc_qgis.engine.matchers.xfeat_net import XFeatNet, detect_and_describe


class XFeatLighterGlue(Matcher):
    """XFeat (Potje et al., CVPR 2024) with LighterGlue."""

    name = "xfeat-lighterglue"
    licence = "Apache-2.0"

    def __init__(self, device: str = "cpu", max_keypoints: int = 1536) -> None:
        """Load the weights.

        Args:
            device: torch device.
            max_keypoints: the strongest kept of a picture.
        """
        self._device = device
        self._max_keypoints = max_keypoints
        self._net = XFeatNet(device)
        self._matcher = load_lightglue(
            "xfeat-lighterglue",
            device,
            input_dim=64,
            descriptor_dim=96,
            n_layers=6,
            num_heads=1,
            depth_confidence=-1,
            width_confidence=-1,
        )

    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """See ``Matcher.extract``."""
        height, width = image.shape[:2]
        keypoints, descriptors, _ = detect_and_describe(
            self._net, image, min(most or self._max_keypoints, self._max_keypoints), mask
        )
        return Features(keypoints, (width, height), {"descriptors": torch.from_numpy(descriptors).to(self._device)})

    def match(self, a: Features, b: Features) -> Matches:
        """See ``Matcher.match``."""
        return match_with(self._matcher, a, b, self._device)
