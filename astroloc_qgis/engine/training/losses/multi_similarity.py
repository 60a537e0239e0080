"""The multi-similarity loss: EarthLoc's loss, and AstroLoc's loss between tiles.

Wang et al., "Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning", CVPR 2019.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_NEVER = -1e9
"""Stands for minus infinity in a logarithm of sums: infinity itself has no gradient."""


def multi_similarity_loss(
    similarities: Tensor,
    positives: Tensor,
    negatives: Tensor,
    *,
    alpha: float = 1.0,
    beta: float = 50.0,
    base: float = 0.0,
) -> Tensor:
    """Equation 15 of the paper.

    For each anchor ``log(1 + sum over positives of exp(-alpha (s - base))) / alpha`` plus
    ``log(1 + sum over negatives of exp(beta (s - base))) / beta``; EarthLoc takes alpha 1, beta 50, base 0.
    It is computed in float32, also under autocast.

    Args:
        similarities: (A, B) cosines; rows are anchors.
        positives: (A, B) bool.
        negatives: (A, B) bool; a pair in neither mask is neutral and takes no part.
        alpha: weight of the least similar positives before the others.
        beta: weight of the most similar negatives before the others.
        base: similarity from which pairs count.

    Returns:
        Scalar, the mean over all anchors; those without pairs count as zero.
    """
    offset = similarities.float() - base
    attraction = _log_one_plus_sum(-alpha * offset, positives) / alpha
    repulsion = _log_one_plus_sum(beta * offset, negatives) / beta
    return (attraction + repulsion).mean()


def _log_one_plus_sum(exponents: Tensor, chosen: Tensor) -> Tensor:
    """(A,) of ``log(1 + sum of exp)`` over the chosen elements of each row, without overflow."""
    padded = F.pad(exponents.masked_fill(~chosen, _NEVER), (1, 0))  # exp(0) is the one
    return torch.logsumexp(padded, dim=1)
