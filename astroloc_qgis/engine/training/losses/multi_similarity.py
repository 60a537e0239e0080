"""The losses of the two papers, on matrices of similarities: rows are anchors, columns what they are compared with.

Which pair is what comes as masks (``miners``): a pair may be positive, negative, or neither ("neutral"), and a neutral
pair takes no part in any loss. Similarities are cosines; all is computed in float32, whatever autocast says.
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
    """Multi-similarity: the loss of EarthLoc, and of AstroLoc between tiles.

    Wang et al., "Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning", CVPR 2019, equation 15.

    For each anchor ``log(1 + sum over positives of exp(-alpha (s - base))) / alpha`` plus
    ``log(1 + sum over negatives of exp(beta (s - base))) / beta``; EarthLoc takes alpha 1, beta 50, base 0.

    Args:
        similarities: (A, B) cosines.
        positives: (A, B) bool.
        negatives: (A, B) bool.
        alpha: how much the least similar positives count before the others.
        beta: how much the most similar negatives do.
        base: similarity at which pairs begin to count.

    Returns:
        Scalar, the mean over all anchors; those without pairs count as zero.
    """
    offset = similarities.float() - base
    attraction = _log_one_plus_sum(-alpha * offset, positives) / alpha
    repulsion = _log_one_plus_sum(beta * offset, negatives) / beta
    return (attraction + repulsion).mean()


def pair_margin_loss(
    similarities: Tensor,
    positives: Tensor,
    negatives: Tensor,
    *,
    positive_margin: float = 0.8,
    negative_margin: float = 0.3,
) -> Tensor:
    """AstroLoc's pairwise loss: photos are drawn to the tiles that show their ground, and pushed off all others.

    Berton et al., "AstroLoc: Robust Space to Ground Image Localizer", ICCV 2025. A positive pair costs what it lacks to
    ``positive_margin``, a negative pair what it is above ``negative_margin`` (the contrastive loss of Hadsell et al.,
    CVPR 2006, with a margin on both sides); pairs beyond their margin are done and do not dilute the mean.

    Args:
        similarities: (P, T) cosines of photos and tiles.
        positives: (P, T) bool, of enough IoU.
        negatives: (P, T) bool, without overlap.
        positive_margin: similarity that a positive pair shall reach.
        negative_margin: similarity that a negative pair shall not exceed.

    Returns:
        Scalar: the mean cost of the positives that cost anything plus that of the negatives.
    """
    values = similarities.float()
    lacking = F.relu(positive_margin - values) * positives
    exceeding = F.relu(values - negative_margin) * negatives
    return _mean_of_costly(lacking) + _mean_of_costly(exceeding)


def info_nce_loss(similarities: Tensor, positives: Tensor, negatives: Tensor, *, temperature: float = 0.05) -> Tensor:
    """Symmetric InfoNCE: each photo finds its tile among the batch's tiles, and each tile its photo.

    Van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018; both ways after Radford et
    al., "Learning Transferable Visual Models From Natural Language Supervision" (CLIP), ICML 2021. Neutral pairs (tiles
    that overlap the photo a little) stand in no denominator; nor do an anchor's other positives.

    Args:
        similarities: (P, T) cosines.
        positives: (P, T) bool.
        negatives: (P, T) bool.
        temperature: similarities are divided by it.

    Returns:
        Scalar: the mean over all positive pairs and both ways; zero where there is none.
    """
    logits = similarities.float() / temperature
    against = logits.masked_fill(~negatives, _NEVER)
    costs = [F.softplus(torch.logsumexp(against, dim=axis, keepdim=True) - logits) for axis in (1, 0)]
    return ((costs[0] + costs[1]) / 2 * positives).sum() / positives.sum().clamp(min=1)


def _log_one_plus_sum(exponents: Tensor, chosen: Tensor) -> Tensor:
    """(A,) of ``log(1 + sum of exp)`` over the chosen elements of each row, without overflow."""
    padded = F.pad(exponents.masked_fill(~chosen, _NEVER), (1, 0))  # exp(0) is the one
    return torch.logsumexp(padded, dim=1)


def _mean_of_costly(costs: Tensor) -> Tensor:
    return costs.sum() / (costs > 0).sum().clamp(min=1)
