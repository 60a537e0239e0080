"""DeDoDe features with LightGlue: keypoints that are the same in 3D, described by a network of its own; very slow."""

from __future__ import annotations

import numpy as np
import torch
from kornia.enhance import Normalize
from kornia.feature import DeDoDe

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, inside_mask
from astroloc_qgis.engine.matchers.lightglue import match_with, to_tensor
from astroloc_qgis.engine.matchers.loading import load


class DedodeLightGlue(Matcher):
    """DeDoDe (Edstedt et al., 3DV 2024), detector L of its second version and descriptor B, with LightGlue."""

    name = "dedode-lightglue"
    licence = "MIT (DeDoDe), not stated (LightGlue for it)"

    def __init__(self, device: str = "cpu", max_keypoints: int = 1536) -> None:
        """Load the weights.

        Args:
            device: torch device.
            max_keypoints: the strongest kept of a picture.

        Raises:
            InputError: the weights are not on this machine.
        """
        self._device = device
        self._max_keypoints = max_keypoints
        detector, descriptor = load("dedode-detector-l-v2"), load("dedode-descriptor-b")
        self._matcher = load("dedodeb-lightglue", device)
        with torch.device("meta"):  # its own parts are replaced at once
            self._net = DeDoDe("L", "B")
        self._net.detector, self._net.descriptor = detector, descriptor
        self._net.normalizer = Normalize(torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225]))
        self._net = self._net.eval().to(device)

    @torch.inference_mode()
    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """See ``Matcher.extract``."""
        height, width = image.shape[:2]
        if mask is not None and not mask.any():
            return Features(np.zeros((0, 2), np.float32), (width, height))
        # Its score is a share of the whole picture: what the mask hides costs places, so more are taken than are kept.
        wanted = self._max_keypoints if mask is None else 2 * self._max_keypoints
        places, _, described = self._net(to_tensor(image, self._device), n=wanted)
        keypoints = places[0].float().cpu().numpy()  # best first; already in the corner convention
        kept = np.flatnonzero(inside_mask(keypoints, mask))
        kept = kept[: self._max_keypoints if most is None else min(most, self._max_keypoints)]
        descriptors = described[0].float()[torch.from_numpy(kept).to(self._device)]
        return Features(keypoints[kept], (width, height), {"descriptors": descriptors})

    def match(self, a: Features, b: Features) -> Matches:
        """See ``Matcher.match``."""
        return match_with(self._matcher, a, b, self._device)
