"""What the matchers share whose keypoints are local affine frames: a place, a shape and an orientation."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from kornia.feature import (
    LightGlue,
    LocalFeature,
    get_laf_center,
    get_laf_orientation,
    get_laf_scale,
    laf_is_filled,
)

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, inside_mask, pair_up

SMALLEST = 64
"""Pictures with a shorter side are given no frames: the pyramids need room for a patch at every level."""


class LocalFrameMatcher(Matcher):
    """A detector of local affine frames, HardNet on the patches they cut out, and LightGlue."""

    def __init__(self, device: str, frames: LocalFeature, matcher: LightGlue) -> None:
        """Put the parts together.

        Args:
            device: torch device.
            frames: detects and describes.
            matcher: LightGlue with weights for such frames.
        """
        self._device = device
        self._frames = frames.eval().to(device)
        self._matcher = matcher

    @torch.inference_mode()
    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """See ``Matcher.extract``."""
        height, width = image.shape[:2]
        if min(height, width) < SMALLEST or (mask is not None and not mask.any()):
            return Features(np.zeros((0, 2), np.float32), (width, height))
        grey = grey_tensor(image, self._device)
        allowed = None if mask is None else torch.from_numpy(mask).to(self._device)[None, None]
        lafs, _, described = self._frames(grey, allowed)  # strongest first
        centres = get_laf_center(lafs)[0].cpu().numpy().astype(np.float32)
        keypoints = np.clip(centres + np.float32(0.5), 0, np.array([width, height], np.float32))
        filled = laf_is_filled(lafs)[0].cpu().numpy()
        kept = np.flatnonzero(filled & inside_mask(keypoints, mask))[:most]
        chosen = torch.from_numpy(kept).to(self._device)
        return Features(
            keypoints[kept], (width, height), {"lafs": lafs[:, chosen], "descriptors": described[:, chosen]}
        )

    @torch.inference_mode()
    def match(self, a: Features, b: Features) -> Matches:
        """See ``Matcher.match``."""
        if min(len(a.keypoints), len(b.keypoints)) < 2:
            return pair_up(a, b, np.zeros((0, 2), np.int64), np.zeros(0, np.float32))
        found = self._matcher({"image0": self._side(a), "image1": self._side(b)})
        return pair_up(a, b, found["matches"][0].cpu().numpy(), found["scores"][0].float().cpu().numpy())

    def _side(self, features: Features) -> dict[str, torch.Tensor]:
        lafs = features.data["lafs"]
        return {
            "keypoints": torch.from_numpy(features.keypoints)[None].to(self._device),
            "descriptors": features.data["descriptors"],
            "lafs": lafs,
            "scales": get_laf_scale(lafs).reshape(1, -1),
            "oris": torch.deg2rad(get_laf_orientation(lafs).reshape(1, -1)) % (2 * math.pi),
            "image_size": torch.tensor([features.size], dtype=torch.float32, device=self._device),
        }


def grey_tensor(image: Image, device: str) -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 1, H, W) float32 from 0 to 1."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return torch.from_numpy(grey).to(device)[None, None].float() / 255
