"""Photos of an index's blocks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import block_window
from astroloc_qgis.engine.tiles import Block

MODELS = ["efficientnet-lite0-gem", "xfeat-vlad"]


def picture(imagery: Path, block: Block) -> np.ndarray:
    """The block as a hazy photo of 300 px."""
    pixels = Reference.open(imagery).read(block_window(block, 300)).pixels
    return (cv2.GaussianBlur(pixels, (0, 0), 1.0) * 0.7 + 35).astype(np.uint8)
