"""Which pairs of a batch are positive, negative or neither, and which of them are worth learning from."""

from __future__ import annotations

import torch
from torch import Tensor

Pairs = tuple[Tensor, Tensor]
"""Positive and negative pairs, (A, B) bool each; what is in neither is neutral."""


def tile_pairs(places: Tensor, overlap: Tensor) -> Pairs:
    """EarthLoc's neutral-aware pairs among the tiles of a batch.

    Berton et al., "EarthLoc: Astronaut Photography Localization by Indexing Earth from Space", CVPR 2024: the same
    place in another year is a positive; another place is a negative only where the two do not overlap, for tiles that
    share ground look alike with every right.

    Args:
        places: (B,) integers, equal for pictures of the same tile.
        overlap: (B, B) bool, whether two pictures share ground.

    Returns:
        Pairs (B, B); a picture is no pair with itself.
    """
    same = places[:, None] == places[None, :]
    return same & ~torch.eye(len(places), dtype=torch.bool, device=places.device), ~same & ~overlap


def photo_tile_pairs(iou: Tensor, least_iou: float) -> Pairs:
    """AstroLoc's pairs of photos and tiles: enough IoU is positive, none at all negative, a little is neither.

    Args:
        iou: (P, T) intersection over union of footprints and tiles.
        least_iou: from which a pair is positive.

    Raises:
        ValueError: a threshold that would make pairs without overlap positive.
    """
    if not 0 < least_iou <= 1:
        raise ValueError(f"the least IoU of a positive pair must be above 0 and at most 1, not {least_iou:g}")
    return iou >= least_iou, iou <= 0


def mine_multi_similarity(similarities: Tensor, positives: Tensor, negatives: Tensor, *, epsilon: float = 0.1) -> Pairs:
    """Keep the pairs that contradict another pair of the same anchor, or nearly do.

    Wang et al., "Multi-Similarity Loss", CVPR 2019, equations 11 and 12: a negative is kept when it is more similar
    than the anchor's least similar positive less epsilon, a positive when it is less similar than the anchor's most
    similar negative plus epsilon. An anchor without positives or without negatives keeps nothing.

    Args:
        similarities: (A, B) cosines.
        positives: (A, B) bool.
        negatives: (A, B) bool.
        epsilon: how nearly.

    Returns:
        Parts of the two masks.
    """
    values = similarities.detach().float()
    least_positive = values.masked_fill(~positives, torch.inf).amin(dim=1, keepdim=True)
    most_negative = values.masked_fill(~negatives, -torch.inf).amax(dim=1, keepdim=True)
    return positives & (values < most_negative + epsilon), negatives & (values > least_positive - epsilon)
