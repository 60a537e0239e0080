"""DISK features with LightGlue: dense and reliable keypoints, learned by reinforcement; slow."""

from __future__ import annotations

import numpy as np
import torch

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, inside_mask
from astroloc_qgis.engine.matchers.lightglue import match_with, to_tensor
from astroloc_qgis.engine.matchers.loading import load


class DiskLightGlue(Matcher):
    """DISK (Tyszkiewicz et al., NeurIPS 2020) with LightGlue."""

    name = "disk-lightglue"
    licence = "Apache-2.0"

    def __init__(self, device: str = "cpu", max_keypoints: int = 1536) -> None:
        """Load the weights.

        Args:
            device: torch device.
            max_keypoints: the strongest kept of a picture.
        """
        self._device = device
        self._max_keypoints = max_keypoints
        self._detector = load("disk", device)
        self._matcher = load("disk-lightglue", device)

    @torch.inference_mode()
    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """See ``Matcher.extract``."""
        height, width = image.shape[:2]
        found = self._detector(to_tensor(image, self._device), pad_if_not_divisible=True)[0]
        keypoints = found.keypoints.float().cpu().numpy() + np.float32(0.5)
        kept = np.flatnonzero(inside_mask(keypoints, mask))
        limit = self._max_keypoints if most is None else min(most, self._max_keypoints)
        strength = found.detection_scores.float().cpu().numpy()[kept]
        kept = kept[np.argsort(-strength, kind="stable")[:limit]]
        descriptors = found.descriptors[torch.from_numpy(kept).to(self._device)]
        return Features(keypoints[kept], (width, height), {"descriptors": descriptors})

    def match(self, a: Features, b: Features) -> Matches:
        """See ``Matcher.match``."""
        return match_with(self._matcher, a, b, self._device)
