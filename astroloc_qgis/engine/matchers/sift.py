"""RootSIFT with mutual nearest neighbours: no network, no weights, any rotation."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, inside_mask, pair_up


class Sift(Matcher):
    """OpenCV's SIFT (Lowe 2004), descriptors as RootSIFT (Arandjelovic and Zisserman 2012)."""

    name = "sift"
    licence = "Apache-2.0"
    rotation_invariant = True

    def __init__(self, device: str = "cpu", max_keypoints: int = 4096, ratio: float = 0.9) -> None:
        """Set up.

        Args:
            device: not used; SIFT runs on the CPU.
            max_keypoints: limit on the keypoints of a picture; the strongest are kept.
            ratio: Lowe's ratio of nearest to second nearest distance, a pair above it is dropped.
        """
        del device
        self._max_keypoints = max_keypoints
        self._ratio = ratio

    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """See ``Matcher.extract``."""
        height, width = image.shape[:2]
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        detector = cv2.SIFT_create(  # a new one each time: a detector serves one thread at a time
            nfeatures=self._max_keypoints, contrastThreshold=0.01, enable_precise_upscale=True
        )
        points, described = detector.detectAndCompute(grey, None)
        if described is None:
            return Features(np.zeros((0, 2), np.float32), (width, height), {"descriptors": np.zeros((0, 128))})
        keypoints = np.array([point.pt for point in points], dtype=np.float32) + np.float32(0.5)
        kept = inside_mask(keypoints, mask)
        keypoints, described = keypoints[kept], described[kept]
        if most is not None and most < len(keypoints):
            strength = np.array([point.response for point in points], dtype=np.float32)[kept]
            strongest = np.argsort(-strength, kind="stable")[:most]
            keypoints, described = keypoints[strongest], described[strongest]
        root = np.sqrt(described / np.maximum(described.sum(axis=1, keepdims=True), 1e-7))
        return Features(keypoints, (width, height), {"descriptors": root.astype(np.float32)})

    def match(self, a: Features, b: Features) -> Matches:
        """See ``Matcher.match``."""
        first, second = a.data["descriptors"], b.data["descriptors"]
        if len(first) < 2 or len(second) < 2:
            return pair_up(a, b, np.zeros((0, 2), np.int64), np.zeros(0, np.float32))
        similarity = torch.from_numpy(first) @ torch.from_numpy(second).T
        nearest, place = similarity.topk(2, dim=1)
        to_second, to_first = place[:, 0].numpy(), similarity.argmax(dim=0).numpy()
        rows = np.arange(len(first))
        best, runner_up = nearest.numpy().T
        distance, next_distance = np.sqrt(np.maximum(2 - 2 * best, 0)), np.sqrt(np.maximum(2 - 2 * runner_up, 0))
        kept = (to_first[to_second] == rows) & (distance < self._ratio * next_distance)
        pairs = np.stack([rows[kept], to_second[kept]], axis=1).astype(np.int64)
        return pair_up(a, b, pairs, best[kept].astype(np.float32))
