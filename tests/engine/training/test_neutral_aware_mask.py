"""The neutral-aware mask: overlapping pictures are neither positive nor negative."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given

from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.neutral_aware_mask import photo_tile_masks, tile_pairs
from astroloc_qgis.engine.training.objective import photo_tile_loss
from tests.engine.training.random_inputs import SEEDS, unit


@given(SEEDS)
def test_tiles_of_one_place_are_positive_and_overlapping_ones_neutral(seed):
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, 8, 6)  # tiles two wide on a line: neighbours one apart overlap by half
    overlap = np.abs(starts[:, None] - starts[None, :]) < 2
    positives, negatives = tile_pairs(torch.from_numpy(starts), torch.from_numpy(overlap))
    for a in range(6):
        for b in range(6):
            apart = abs(int(starts[a]) - int(starts[b]))
            assert bool(positives[a, b]) == (a != b and apart == 0)
            assert bool(negatives[a, b]) == (apart >= 2)


@pytest.mark.parametrize("loss", ["infonce", "pair", "multi-similarity"])
def test_without_the_mask_an_overlapping_tile_is_a_negative_and_with_it_none(loss: str) -> None:
    photos, tiles = unit(6, 4, 3), unit(6, 4, 4)
    tiles[1] = photos[0]
    iou = torch.eye(6, dtype=torch.float64)
    iou[0, 1] = 0.1  # below what makes a positive
    masked, plain = (
        photo_tile_loss(TrainingConfig(loss=loss, overlap_mask=mask), photos, tiles, iou) for mask in (True, False)
    )
    apart = photo_tile_loss(TrainingConfig(loss=loss), photos, tiles, torch.eye(6, dtype=torch.float64))
    assert float(plain) == pytest.approx(float(apart))
    assert float(masked) != pytest.approx(float(plain))


def test_photos_are_paired_by_iou_and_a_little_overlap_is_neither() -> None:
    iou = torch.tensor([[0.1, 0.0, 0.05, 0.9], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.3, 0.0, 0.0, 1.0]])
    positives, negatives = photo_tile_masks(iou, 0.3)
    assert positives[0].tolist() == [True, False, False, True]  # its own tile is positive at any IoU
    assert negatives[0].tolist() == [False, True, False, False]
    assert positives[3].tolist() == [True, False, False, True]
    assert photo_tile_masks(iou, 0.3, masked=False)[1][0].tolist() == [False, True, True, False]
