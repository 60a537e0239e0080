"""The batches of a training step: tiles alone, and pairs of photo and tile."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class TileBatch:
    """Tiles in several years.

    Attributes:
        places: (T,) equal for the same place in another year.
        tiles: (T, 3, t, t) float, 0 to 255, augmented; or their features of the frozen part of the network.
        overlap: (T, T) bool, whether two of them share ground.
    """

    places: torch.Tensor
    tiles: torch.Tensor
    overlap: torch.Tensor


@dataclass(frozen=True)
class PairBatch:
    """A batch of B pairs of photo and tile.

    Attributes:
        members: (B,) numbers of the training places, in the batch's own order: by the sizes of their photos.
        photos: one (N, 3, h, w) uint8 for each size of photos, B in all; or, as all pictures, their features of the
            frozen part of the network.
        tiles: (B, 3, t, t) uint8.
        iou: (B, B) float32, IoU of photo i and tile j.
        others: the batch of tiles alone, for the second loss; None without one.
    """

    members: torch.Tensor
    photos: tuple[torch.Tensor, ...]
    tiles: torch.Tensor
    iou: torch.Tensor
    others: TileBatch | None = None
