"""ALIKED features with LightGlue: the most reliable of the matchers shipped, and the slowest."""

from __future__ import annotations

import numpy as np
import torch
from kornia.feature import ALIKED

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, inside_mask
from astroloc_qgis.engine.matchers.lightglue import load_exactly, load_lightglue, match_with, to_tensor
from astroloc_qgis.engine.weights.packaged import load_state_dict


class AlikedLightGlue(Matcher):
    """ALIKED-n16 (Zhao et al., IEEE TIM 2023) with LightGlue."""

    name = "aliked-lightglue"
    licence = "BSD-3-Clause (ALIKED), Apache-2.0 (LightGlue)"

    def __init__(self, device: str = "cpu", max_keypoints: int = 1536) -> None:
        """Load the weights.

        Args:
            device: torch device.
            max_keypoints: the strongest kept of a picture.
        """
        self._device = device
        self._detector = ALIKED("aliked-n16", max_num_keypoints=max_keypoints, detection_threshold=0.0)
        load_exactly(self._detector, load_state_dict("aliked-n16"), "aliked-n16", may_lack=("dkd.hw_grid",))
        self._detector = self._detector.eval().to(device)
        self._matcher = load_lightglue("aliked-lightglue", device, input_dim=128)

    @torch.inference_mode()
    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """See ``Matcher.extract``."""
        height, width = image.shape[:2]
        found = self._detector(to_tensor(image, self._device))[0]
        keypoints = found.keypoints.cpu().numpy().astype(np.float32) + np.float32(0.5)
        kept = np.flatnonzero(inside_mask(keypoints, mask))
        if most is not None and most < len(kept):
            kept = kept[np.argsort(-found.keypoint_scores.cpu().numpy()[kept], kind="stable")[:most]]
        descriptors = found.descriptors[torch.from_numpy(kept)]
        return Features(keypoints[kept], (width, height), {"descriptors": descriptors})

    def match(self, a: Features, b: Features) -> Matches:
        """See ``Matcher.match``."""
        return match_with(self._matcher, a, b, self._device)
