"""The loss of a batch, as the configuration chooses it."""

from __future__ import annotations

import torch

from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.pair_loss import symmetric_infonce


def batch_loss(config: TrainingConfig, photos: torch.Tensor, tiles: torch.Tensor, iou: torch.Tensor) -> torch.Tensor:
    """The loss of B pairs.

    Args:
        config: chooses the loss.
        photos: (B, D), L2-normalised.
        tiles: (B, D), L2-normalised.
        iou: (B, B), of photo i and tile j.
    """
    neutral = iou > 0 if config.overlap_mask else torch.zeros_like(iou, dtype=torch.bool)
    return symmetric_infonce(photos, tiles, neutral, config.temperature)
