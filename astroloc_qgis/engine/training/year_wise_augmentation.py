"""EarthLoc's year-wise augmentation: within a batch, all tiles of one year get the same augmentation.

Berton et al., "EarthLoc", CVPR 2024: pictures of different years (the positives of an anchor) then differ by their
augmentation as photos differ by light and camera; those of one year (its negatives) share it, so that the augmentation
does not help to tell them apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from astroloc_qgis.engine.geometry.homography import homography_from_points

_GREY = (0.299, 0.587, 0.114)
"""Luma of red, green and blue (ITU-R BT.601)."""
_CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])


@dataclass(frozen=True)
class AugmentationRanges:
    """The ranges of an augmentation; the defaults are those of EarthLoc's function, but for its perspective of 0.8.

    EarthLoc's training passes others: 0.5 for perspective, 0.9 for contrast and 0 for hue (``configs/earthloc.toml``).

    Attributes:
        rotation_deg: largest rotation, degrees, either way.
        least_side: least side of the part shown, as a share of the picture's side (up to 1).
        perspective: largest move of a corner inwards, as a share of half a side.
        brightness, contrast, saturation: factors are drawn from 1 - value to 1 + value.
        hue: largest rotation of colours about the grey axis, as a share of a full circle.
    """

    rotation_deg: float = 45.0
    least_side: float = 0.875
    perspective: float = 0.4
    brightness: float = 0.9
    contrast: float = 0.8
    saturation: float = 0.9
    hue: float = 0.05


@dataclass(frozen=True)
class Augmentation:
    """One change of geometry and of colour, for any number of pictures.

    Attributes:
        view: (3, 3) homography, place in the result -> place in the picture; both from -1 to 1, x right, y down.
        brightness, contrast, saturation: factors; 1 changes nothing.
        hue: rotation about the grey axis, as a share of a full circle.
    """

    view: NDArray[np.float64]
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator, ranges: AugmentationRanges) -> Augmentation:
        """Draw an augmentation at random."""
        angle = math.radians(rng.uniform(-ranges.rotation_deg, ranges.rotation_deg))
        side = rng.uniform(ranges.least_side, 1.0)
        shift = rng.uniform(-1.0, 1.0, 2) * (1 - side)
        rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        inwards = rng.uniform(0.0, ranges.perspective, (4, 2))
        corners = (_CORNERS * (1 - inwards)) * side + shift
        return cls(
            homography_from_points(_CORNERS, corners @ rotation.T),
            brightness=1 + rng.uniform(-ranges.brightness, ranges.brightness),
            contrast=1 + rng.uniform(-ranges.contrast, ranges.contrast),
            saturation=1 + rng.uniform(-ranges.saturation, ranges.saturation),
            hue=rng.uniform(-ranges.hue, ranges.hue),
        )

    def __call__(self, images: Tensor, size: int) -> Tensor:
        """Apply the augmentation.

        Args:
            images: (B, 3, H, W) float, 0 to 1.
            size: side of the result, px.

        Returns:
            (B, 3, size, size), 0 to 1; the picture is mirrored at its edges.
        """
        return self._change_colours(self._warp(images, size))

    def _warp(self, images: Tensor, size: int) -> Tensor:
        steps = (torch.arange(size, dtype=torch.float64) + 0.5) * 2 / size - 1
        y, x = torch.meshgrid(steps, steps, indexing="ij")
        places = torch.stack((x, y, torch.ones_like(x)), dim=-1) @ torch.from_numpy(self.view).T
        grid = (places[..., :2] / places[..., 2:]).to(images)
        grid = grid.expand(len(images), size, size, 2)
        return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    def _change_colours(self, images: Tensor) -> Tensor:
        luma = torch.tensor(_GREY).to(images)
        bright = (images * self.brightness).clamp(0, 1)
        mean = torch.einsum("bchw,c->bhw", bright, luma).mean(dim=(1, 2))[:, None, None, None]
        contrasted = (mean + (bright - mean) * self.contrast).clamp(0, 1)
        mixed = torch.einsum("dc,bchw->bdhw", self._colour_matrix().to(images), contrasted)
        return mixed.clamp(0, 1)

    def _colour_matrix(self) -> Tensor:
        """(3, 3) saturation (towards the grey of equal luma), then hue (a rotation about the grey axis, Rodrigues)."""
        grey = np.tile(_GREY, (3, 1))
        saturated = grey + (np.eye(3) - grey) * self.saturation
        angle = 2 * math.pi * self.hue
        axis = np.ones((3, 3)) / 3
        cross = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
        rotated = axis + (np.eye(3) - axis) * math.cos(angle) + cross * math.sin(angle)
        return torch.from_numpy(rotated @ saturated)


def augment_by_year(
    images: Tensor, size: int, rng: np.random.Generator, ranges: AugmentationRanges | None = None
) -> Tensor:
    """Draw one augmentation for each year, and apply it to all tiles of that year.

    Args:
        images: (B, Y, 3, H, W) float, 0 to 1: B tiles, each in Y years.
        size: side of the results, px.
        rng: generator, seeded with the number of the batch, so that a resumed run draws the same.
        ranges: ranges of the augmentations.

    Returns:
        (B, Y, 3, size, size).
    """
    drawn = [Augmentation.draw(rng, ranges or AugmentationRanges()) for _ in range(images.shape[1])]
    return torch.stack([augment(images[:, year], size) for year, augment in enumerate(drawn)], dim=1)


def augment_each(
    images: Tensor, size: int, rng: np.random.Generator, ranges: AugmentationRanges | None = None
) -> Tensor:
    """Draw one augmentation for each picture: the baseline of year-wise augmentation.

    Args:
        images: (B, Y, 3, H, W) as for ``augment_by_year``.
        size: side of the results, px.
        rng: generator.
        ranges: ranges of the augmentations.

    Returns:
        (B, Y, 3, size, size).
    """
    flat = images.flatten(0, 1)
    changed = [Augmentation.draw(rng, ranges or AugmentationRanges())(image[None], size) for image in flat]
    return torch.cat(changed).unflatten(0, images.shape[:2])
