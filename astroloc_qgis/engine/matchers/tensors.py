"""Pictures as tensors, for the networks of the matchers."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from astroloc_qgis.engine.matchers.base import Image


def to_tensor(image: Image, device: str) -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) float32 from 0 to 1."""
    return torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1)[None].float() / 255


def grey_tensor(image: Image, device: str) -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 1, H, W) float32 from 0 to 1."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return torch.from_numpy(grey).to(device)[None, None].float() / 255
