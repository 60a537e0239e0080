"""The pairs, and the choice among them, agree with slow, obvious loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.training.miners import mine_multi_similarity, photo_tile_pairs, tile_pairs
from tests.engine.training.test_losses import SEEDS, some_pairs


@given(SEEDS, st.sampled_from([0.0, 0.1, 0.5]))
def test_the_miner_keeps_what_contradicts_a_pair_of_the_same_anchor(seed, epsilon):
    similarities, positives, negatives = some_pairs(seed)
    kept_positives, kept_negatives = mine_multi_similarity(similarities, positives, negatives, epsilon=epsilon)
    for anchor in range(len(similarities)):
        row = similarities[anchor]
        own = [float(row[b]) for b in range(len(row)) if positives[anchor, b]]
        others = [float(row[b]) for b in range(len(row)) if negatives[anchor, b]]
        for b in range(len(row)):
            value = float(row[b])
            keep_positive = bool(positives[anchor, b]) and bool(others) and value < max(others) + epsilon
            keep_negative = bool(negatives[anchor, b]) and bool(own) and value > min(own) - epsilon
            assert bool(kept_positives[anchor, b]) == keep_positive
            assert bool(kept_negatives[anchor, b]) == keep_negative


def test_an_easy_batch_has_nothing_to_mine():
    similarities = torch.tensor([[1.0, 0.9, -0.5], [0.9, 1.0, -0.4], [-0.5, -0.4, 1.0]])
    pairs = tile_pairs(torch.tensor([4, 4, 9]), torch.eye(3, dtype=torch.bool))
    kept = mine_multi_similarity(similarities, *pairs)
    assert not kept[0].any()
    assert not kept[1].any()


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


def test_photos_are_paired_by_iou_and_a_little_overlap_is_neither():
    iou = torch.tensor([[0.0, 0.05, 0.3, 0.9]])
    positives, negatives = photo_tile_pairs(iou, 0.3)
    assert positives.tolist() == [[False, False, True, True]]
    assert negatives.tolist() == [[True, False, False, False]]


@pytest.mark.parametrize("least", [0.0, -0.1, 1.1])
def test_a_threshold_that_makes_no_sense_is_refused(least):
    with pytest.raises(ValueError, match="least IoU"):
        photo_tile_pairs(torch.zeros(1, 1), least)
