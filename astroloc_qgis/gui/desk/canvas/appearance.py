"""The appearance of the photo on the map: opacity, swipe, blink or edges, brightness and contrast."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.qgis_adapters.desk_photo import Pixels

EDGE_COLOUR = 0x00FFD500
"""RGB of the photo's edges: bright on land, sea and cloud alike."""


class Mode(enum.Enum):
    """The ways to compare photo and reference."""

    PLAIN = "plain"
    SWIPE = "swipe"
    BLINK = "blink"
    EDGES = "edges"


@dataclass(frozen=True)
class Appearance:
    """The appearance of the photo.

    Attributes:
        mode: the way to compare.
        opacity: 0 to 1.
        swipe: where the swipe line is, as a part of the canvas's width.
        brightness, contrast: -100 to 100.
    """

    mode: Mode = Mode.PLAIN
    opacity: float = 1.0
    swipe: float = 0.5
    brightness: int = 0
    contrast: int = 0

    def apply(self, pixels: Pixels) -> Pixels:
        """The pixels as they are to be shown (opacity and swipe are the painter's)."""
        if self.brightness or self.contrast:
            pixels = self._adjusted(pixels)
        return edges(pixels) if self.mode is Mode.EDGES else pixels

    def table(self) -> NDArray[np.uint8]:
        """(256,) the new value for each value of a channel."""
        slope = np.tan((self.contrast / 100 * 0.98 + 1) * np.pi / 4)
        values = (np.arange(256) - 127.5) * slope + 127.5 + self.brightness * 1.275
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)

    def _adjusted(self, pixels: Pixels) -> Pixels:
        channels = self.table()[pixels.view(np.uint8)].reshape(*pixels.shape, 4)
        channels[..., 3] = pixels >> np.uint32(24)
        return np.ascontiguousarray(channels).view(np.uint32)[..., 0]


def edges(pixels: Pixels) -> Pixels:
    """Only the strong edges of a picture, opaque, everything else transparent."""
    channels = pixels.view(np.uint8).reshape(*pixels.shape, 4)
    grey = channels[..., 1].astype(np.int16)
    strength = np.zeros(grey.shape, np.int16)
    strength[1:-1, 1:-1] = np.abs(grey[1:-1, 2:] - grey[1:-1, :-2]) + np.abs(grey[2:, 1:-1] - grey[:-2, 1:-1])
    opaque = channels[..., 3] > 0
    inner = opaque.copy()
    inner[1:-1, 1:-1] &= opaque[:-2, 1:-1] & opaque[2:, 1:-1] & opaque[1:-1, :-2] & opaque[1:-1, 2:]
    strength[~inner] = 0  # the photo's own border is no edge of the land
    if not inner.any():
        return np.zeros_like(pixels)
    strong = max(float(np.percentile(strength[inner][::7], 92)), 8.0)
    alpha = np.clip((strength - strong * 0.6) * (255 / strong), 0, 255).astype(np.uint32)
    return np.where(alpha > 0, (alpha << np.uint32(24)) | np.uint32(EDGE_COLOUR), np.uint32(0)).astype(np.uint32)
