"""Losses on pairs of photo and tile: AstroLoc's, and one with margins.

Berton et al., "AstroLoc: Robust Space to Ground Image Localizer", ICCV 2025.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from astroloc_qgis.engine.training.losses.multi_similarity import multi_similarity_loss


def log_pair_loss(
    similarities: Tensor, positives: Tensor, negatives: Tensor, *, alpha: float = 1.0, beta: float = 50.0
) -> Tensor:
    """Attract photos to the tiles that show their ground and repel them from all others: AstroLoc's loss on pairs.

    It has the form of multi-similarity with base 0, over photos and tiles alone and without a miner: the least similar
    positives and the most similar negatives weigh most. Alone it lets all vectors collapse; the loss on tiles beside it
    prevents that. Photos and tiles are anchors in turn, since our reading of the paper leaves open which are.

    Args:
        similarities: (P, T) cosines of photos and tiles.
        positives: (P, T) bool, pairs of enough IoU.
        negatives: (P, T) bool, pairs without overlap; a pair in neither mask is neutral and takes no part.
        alpha: weight of the least similar positives before the others.
        beta: weight of the most similar negatives before the others.

    Returns:
        Scalar: the mean of both directions.
    """
    of_photos = multi_similarity_loss(similarities, positives, negatives, alpha=alpha, beta=beta)
    of_tiles = multi_similarity_loss(similarities.T, positives.T, negatives.T, alpha=alpha, beta=beta)
    return (of_photos + of_tiles) / 2


def pair_margin_loss(
    similarities: Tensor, positives: Tensor, negatives: Tensor, *, positive_margin: float = 0.8,
    negative_margin: float = 0.3,
) -> Tensor:  # fmt: skip
    """Draw photos to the tiles that show their ground, and push them off all others.

    A positive pair costs what its similarity lacks to ``positive_margin``, a negative pair what its similarity exceeds
    ``negative_margin`` by: the contrastive loss of Hadsell et al., CVPR 2006, with a margin on both sides. Pairs beyond
    their margin cost nothing and do not dilute the mean. It is computed in float32, also under autocast.

    Args:
        similarities: (P, T) cosines of photos and tiles.
        positives: (P, T) bool, pairs of enough IoU.
        negatives: (P, T) bool, pairs without overlap; a pair in neither mask is neutral and takes no part.
        positive_margin: similarity that a positive pair is drawn up to.
        negative_margin: similarity that a negative pair is pushed down to.

    Returns:
        Scalar: the mean cost of the positives that cost anything plus that of the negatives.
    """
    values = similarities.float()
    lacking = F.relu(positive_margin - values) * positives
    exceeding = F.relu(values - negative_margin) * negatives
    return _mean_of_costly(lacking) + _mean_of_costly(exceeding)


def _mean_of_costly(costs: Tensor) -> Tensor:
    """The mean of the costs above zero; zero where there is none."""
    return costs.sum() / (costs > 0).sum().clamp(min=1)
