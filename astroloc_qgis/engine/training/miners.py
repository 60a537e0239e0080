"""The miner of multi-similarity: which pairs of a batch are worth learning from."""

from __future__ import annotations

import torch
from torch import Tensor

from astroloc_qgis.engine.training.neutral_aware_mask import Pairs


def mine_multi_similarity(similarities: Tensor, positives: Tensor, negatives: Tensor, *, epsilon: float = 0.1) -> Pairs:
    """Keep the pairs that contradict another pair of the same anchor, or nearly do.

    Wang et al., "Multi-Similarity Loss", CVPR 2019, equations 11 and 12: a negative is kept when it is more similar
    than the anchor's least similar positive less epsilon, a positive when it is less similar than the anchor's most
    similar negative plus epsilon. An anchor without positives or without negatives keeps nothing.

    Args:
        similarities: (A, B) cosines.
        positives: (A, B) bool.
        negatives: (A, B) bool.
        epsilon: margin of similarity within which a pair still counts as a contradiction.

    Returns:
        Parts of the two masks.
    """
    values = similarities.detach().float()
    least_positive = values.masked_fill(~positives, torch.inf).amin(dim=1, keepdim=True)
    most_negative = values.masked_fill(~negatives, -torch.inf).amax(dim=1, keepdim=True)
    return positives & (values < most_negative + epsilon), negatives & (values > least_positive - epsilon)
