"""EarthLoc's neutral-aware mask: pairs that share some ground are neither positive nor negative.

Berton et al., "EarthLoc: Astronaut Photography Localization by Indexing Earth from Space", CVPR 2024: pictures of the
same ground look alike, so an overlapping pair must not be pushed apart.
"""

from __future__ import annotations

import torch
from torch import Tensor

Pairs = tuple[Tensor, Tensor]
"""Positive and negative pairs, (A, B) bool each; a pair in neither mask is neutral."""


def tile_pairs(places: Tensor, overlap: Tensor) -> Pairs:
    """The pairs among the tiles of a batch.

    The same place in another year is positive; another place is negative where the two tiles do not overlap.

    Args:
        places: (B,) integers, equal for pictures of the same tile.
        overlap: (B, B) bool, whether two pictures share ground.

    Returns:
        Pairs (B, B); a picture is no pair with itself.
    """
    same = places[:, None] == places[None, :]
    return same & ~torch.eye(len(places), dtype=torch.bool, device=places.device), ~same & ~overlap


def photo_tile_neutral(iou: Tensor, *, masked: bool = True) -> Tensor:
    """Which photos and tiles of B pairs are not compared as negatives.

    Args:
        iou: (B, B) intersection over union of photo i and tile j; row i belongs to tile i.
        masked: whether a photo spares all tiles that overlap it; else only its own.

    Returns:
        (B, B) bool.
    """
    return iou > 0 if masked else torch.eye(len(iou), dtype=torch.bool, device=iou.device)


def photo_tile_masks(iou: Tensor, least_iou: float, *, masked: bool = True) -> Pairs:
    """The pairs among photos and tiles: a photo's own tile, and tiles of enough IoU, are positive.

    Args:
        iou: (B, B) as for ``photo_tile_neutral``.
        least_iou: IoU from which a pair is positive.
        masked: as for ``photo_tile_neutral``.

    Returns:
        Pairs (B, B).
    """
    positives = torch.eye(len(iou), dtype=torch.bool, device=iou.device) | (iou >= least_iou)
    return positives, ~(photo_tile_neutral(iou, masked=masked) | positives)
