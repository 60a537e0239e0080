"""Symmetric InfoNCE on pairs of photo and tile (van den Oord et al., 2018; Radford et al., "CLIP", ICML 2021)."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def symmetric_infonce(
    photos: torch.Tensor,
    tiles: torch.Tensor,
    neutral: torch.Tensor,
    temperature: float,
    others: torch.Tensor | None = None,
) -> torch.Tensor:
    """Every photo finds its tile among the batch's, every tile its photo.

    Args:
        photos: (B, D), L2-normalised.
        tiles: (B, D), L2-normalised; row i shows what photo i shows.
        neutral: (B, B) bool, True where photo i and tile j overlap, i = j or not: neither a positive (but for i = j)
            nor a negative.
        temperature: of the softmax.
        others: (B, M) cosines of the photos and further tiles, none of which belongs to any of them; minus infinity
            for one that takes no part. A tile is told from the batch's photos only.

    Returns:
        () the mean of both directions.
    """
    logits = photos @ tiles.T / temperature
    own = torch.eye(len(photos), dtype=torch.bool, device=photos.device)
    logits = logits.masked_fill(neutral & ~own, float("-inf"))
    targets = torch.arange(len(photos), device=photos.device)
    wide = logits if others is None else torch.cat([logits, others / temperature], dim=1)
    return (F.cross_entropy(wide, targets) + F.cross_entropy(logits.T, targets)) / 2
