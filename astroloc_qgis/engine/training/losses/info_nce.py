"""Symmetric InfoNCE on pairs of photo and tile.

Van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018; in both directions as Radford
et al., "Learning Transferable Visual Models From Natural Language Supervision" (CLIP), ICML 2021.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def symmetric_info_nce(
    photos: torch.Tensor,
    tiles: torch.Tensor,
    neutral: torch.Tensor,
    temperature: float,
    others: torch.Tensor | None = None,
) -> torch.Tensor:
    """Each photo finds its tile among the tiles of the batch, and each tile its photo.

    Args:
        photos: (B, D), L2-normalised.
        tiles: (B, D), L2-normalised; row i shows what photo i shows.
        neutral: (B, B) bool, True where photo i and tile j overlap. Such a pair is no negative; i = j is the positive.
        temperature: of the softmax.
        others: (B, M) cosines of the photos and further tiles, none of which belongs to any of them; minus infinity
            for a tile that takes no part. Only the photos are compared with them.

    Returns:
        Scalar: the mean of both directions.
    """
    logits = photos @ tiles.T / temperature
    own = torch.eye(len(photos), dtype=torch.bool, device=photos.device)
    logits = logits.masked_fill(neutral & ~own, float("-inf"))
    targets = torch.arange(len(photos), device=photos.device)
    wide = logits if others is None else torch.cat([logits, others / temperature], dim=1)
    return (F.cross_entropy(wide, targets) + F.cross_entropy(logits.T, targets)) / 2
