"""LoFTR: no keypoints; every cell of one picture is compared with every cell of the other."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from kornia.feature import LoFTR

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, inside_mask
from astroloc_qgis.engine.matchers.loading import Architecture, load
from astroloc_qgis.engine.matchers.tensors import grey_tensor

ARCHITECTURES = {"loftr-outdoor": Architecture(lambda: LoFTR(None), rename=lambda key: key.removeprefix("matcher."))}

_CELL = 8
"""Pixels along the side of a coarse cell."""


class Loftr(Matcher):
    """LoFTR (Sun et al., CVPR 2021), trained outdoors."""

    name = "loftr"
    licence = "Apache-2.0"

    def __init__(self, device: str = "cpu", long_side: int = 768, threshold: float = 0.2) -> None:
        """Load the weights.

        Args:
            device: torch device.
            long_side: larger pictures are shrunk to this long side; the memory needed grows with its fourth power.
            threshold: least score of a pair of cells.

        Raises:
            InputError: the weights are not on this machine.
        """
        self._device = device
        self._long_side = long_side
        self._network: Any = load("loftr-outdoor", device)
        self._network.coarse_matching.thr = threshold

    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """Prepare one picture: there is nothing to find in it alone, so the features have no keypoints.

        Args:
            image: (H, W, 3) RGB.
            mask: (H, W), True where the picture shows something.
            most: keep at most this many matches, the most certain ones.
        """
        height, width = image.shape[:2]
        if mask is not None and mask.any() and not mask.all():
            # Its attention sees the whole picture: pixels without data take the mean colour of the others.
            image = image.copy()
            image[~mask] = image[mask].mean(axis=0).astype(np.uint8)
        shrink = min(1.0, self._long_side / max(width, height))
        size = (max(_CELL, round(width * shrink)), max(_CELL, round(height * shrink)))
        if size != (width, height):
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            if mask is not None:
                mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
        prepared = {"grey": grey_tensor(image, self._device), "mask": mask, "most": most}
        return Features(np.zeros((0, 2), np.float32), (width, height), prepared)

    @torch.inference_mode()
    def match(self, a: Features, b: Features) -> Matches:
        """Compare two prepared pictures; cells outside their masks are dropped."""
        if any(side.data["mask"] is not None and not side.data["mask"].any() for side in (a, b)):
            return Matches(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.float32))
        found = self._network({"image0": a.data["grey"], "image1": b.data["grey"]})
        # The pretrained models put the centre of the first pixel at (0.5, 0.5): the corner convention.
        first, second = (found[key].float().cpu().numpy() for key in ("keypoints0", "keypoints1"))
        score = found["confidence"].float().cpu().numpy()
        kept = np.flatnonzero(_shown(first, a) & _shown(second, b))
        limits = [side.data["most"] for side in (a, b) if side.data["most"] is not None]
        kept = kept[np.argsort(-score[kept], kind="stable")][: min(limits, default=None)]
        return Matches(_to_given_picture(first[kept], a), _to_given_picture(second[kept], b), score[kept])


def _shown(points: np.ndarray, side: Features) -> np.ndarray:
    """(N,) whether points (N, 2) of a prepared picture lie in it and see only what the mask shows."""
    rows, columns = side.data["grey"].shape[-2:]
    inside = ((points >= 0) & (points <= (columns, rows))).all(axis=1)
    return np.asarray(inside & inside_mask(points, side.data["mask"], margin=_CELL // 2))


def _to_given_picture(points: np.ndarray, side: Features) -> np.ndarray:
    """Points of a prepared picture in pixels of the picture that was given, float64."""
    rows, columns = side.data["grey"].shape[-2:]
    return points.astype(np.float64) * (side.size[0] / columns, side.size[1] / rows)
