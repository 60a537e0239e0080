"""What a step of training learns from."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class TileBatch:
    """Tiles in several years.

    Attributes:
        places: (T,) equal for the same place in another year.
        tiles: (T, 3, t, t) float, 0 to 255, augmented; or what the frozen part of the network makes of them.
        overlap: (T, T) bool, whether two of them share ground.
    """

    places: torch.Tensor
    tiles: torch.Tensor
    overlap: torch.Tensor


@dataclass(frozen=True)
class PairBatch:
    """A batch of B pairs.

    Attributes:
        members: (B,) places of the pool, in the batch's own order: wide photos, then high ones.
        wide: (W, 3, h, w) uint8; or, as all pictures, what the frozen part of the network makes of them.
        high: (B - W, 3, w, h) uint8.
        tiles: (B, 3, t, t) uint8.
        iou: (B, B) float32, of photo i and tile j.
        others: the batch of tiles alone, for the second loss; None without one.
    """

    members: torch.Tensor
    wide: torch.Tensor
    high: torch.Tensor
    tiles: torch.Tensor
    iou: torch.Tensor
    others: TileBatch | None = None
