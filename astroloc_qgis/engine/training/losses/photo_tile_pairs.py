"""AstroLoc's photo-tile pair loss.

Berton et al., "AstroLoc: Robust Space to Ground Image Localizer", ICCV 2025.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


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
