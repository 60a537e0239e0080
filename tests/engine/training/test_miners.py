"""The miner of multi-similarity agrees with slow, obvious loops."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.training.miners import mine_multi_similarity
from astroloc_qgis.engine.training.neutral_aware_mask import tile_pairs
from tests.engine.training.random_inputs import SEEDS, some_pairs


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
