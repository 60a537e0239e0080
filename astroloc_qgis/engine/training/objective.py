"""The loss of a batch, as the configuration chooses it."""

from __future__ import annotations

import torch

from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.losses.multi_similarity import multi_similarity_loss, pair_margin_loss
from astroloc_qgis.engine.training.losses.photo_tile_pairs import symmetric_infonce
from astroloc_qgis.engine.training.miners import mine_multi_similarity, tile_pairs

_PAIR_BASE = 0.5
"""Base of multi-similarity between photos and tiles: with EarthLoc's 0, meant for tiles alone, all vectors collapse."""


def photo_tile_loss(
    config: TrainingConfig,
    photos: torch.Tensor,
    tiles: torch.Tensor,
    iou: torch.Tensor,
    others: torch.Tensor | None = None,
) -> torch.Tensor:
    """The loss of B pairs of photo and tile.

    Args:
        config: chooses the loss.
        photos: (B, D), L2-normalised.
        tiles: (B, D), L2-normalised; row i belongs to photo i.
        iou: (B, B), of photo i and tile j.
        others: (B, M) cosines with remembered tiles, as ``symmetric_infonce`` takes them; other losses do not.

    Returns:
        Scalar.
    """
    if config.loss == "none":
        return photos.sum() * 0
    own = torch.eye(len(photos), dtype=torch.bool, device=photos.device)
    shared = iou > 0 if config.overlap_mask else own
    if config.loss == "infonce":
        return symmetric_infonce(photos, tiles, shared, config.temperature, others)
    positives, negatives = own | (iou >= config.positive_iou), ~(shared | own)
    negatives &= ~positives
    similarities = photos @ tiles.T
    if config.loss == "pair":
        return pair_margin_loss(
            similarities,
            positives,
            negatives,
            positive_margin=config.positive_margin,
            negative_margin=config.negative_margin,
        )
    kept = mine_multi_similarity(similarities, positives, negatives)
    return multi_similarity_loss(similarities, *kept, base=_PAIR_BASE)


def tile_batch_loss(
    config: TrainingConfig, tiles: torch.Tensor, places: torch.Tensor, overlap: torch.Tensor
) -> torch.Tensor:
    """EarthLoc's loss of a batch of tiles in several years.

    Args:
        config: whether overlapping tiles are neutral.
        tiles: (T, D), L2-normalised.
        places: (T,) equal for the same place in another year.
        overlap: (T, T) bool, whether two of them share ground.

    Returns:
        Scalar.
    """
    neutral = overlap if config.overlap_mask else torch.zeros_like(overlap)
    similarities = tiles @ tiles.T
    kept = mine_multi_similarity(similarities, *tile_pairs(places, neutral))
    return multi_similarity_loss(similarities, *kept)
