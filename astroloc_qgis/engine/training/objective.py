"""The loss of a batch, as the configuration chooses it."""

from __future__ import annotations

import torch

from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.losses.info_nce import symmetric_info_nce
from astroloc_qgis.engine.training.losses.multi_similarity import multi_similarity_loss
from astroloc_qgis.engine.training.losses.photo_tile_pairs import log_pair_loss, pair_margin_loss
from astroloc_qgis.engine.training.miners import mine_multi_similarity
from astroloc_qgis.engine.training.neutral_aware_mask import photo_tile_masks, photo_tile_neutral, tile_pairs

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
        others: (B, M) cosines with tiles of the cross-batch memory, for ``symmetric_info_nce``; other losses ignore it.

    Returns:
        Scalar.
    """
    if config.loss == "none":
        return photos.sum() * 0
    if config.loss == "infonce":
        neutral = photo_tile_neutral(iou, masked=config.overlap_mask)
        return symmetric_info_nce(photos, tiles, neutral, config.temperature, others)
    positives, negatives = photo_tile_masks(iou, config.positive_iou, masked=config.overlap_mask)
    similarities = photos @ tiles.T
    if config.loss == "pair":
        return pair_margin_loss(
            similarities,
            positives,
            negatives,
            positive_margin=config.positive_margin,
            negative_margin=config.negative_margin,
        )
    if config.loss == "log-pair":
        return log_pair_loss(similarities, positives, negatives, alpha=config.alpha, beta=config.beta)
    kept = mine_multi_similarity(similarities, positives, negatives, epsilon=config.miner_epsilon)
    return multi_similarity_loss(similarities, *kept, alpha=config.alpha, beta=config.beta, base=_PAIR_BASE)


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
    kept = mine_multi_similarity(similarities, *tile_pairs(places, neutral), epsilon=config.miner_epsilon)
    return multi_similarity_loss(similarities, *kept, alpha=config.alpha, beta=config.beta)
