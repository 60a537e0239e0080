"""The losses agree with slow, obvious loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.training.losses.info_nce import symmetric_info_nce
from astroloc_qgis.engine.training.losses.multi_similarity import multi_similarity_loss
from astroloc_qgis.engine.training.losses.photo_tile_pairs import log_pair_loss, pair_margin_loss
from tests.engine.training.random_inputs import SEEDS, some_pairs, unit


def slow_multi_similarity(similarities, positives, negatives, alpha, beta, base) -> float:
    total = 0.0
    for anchor in range(len(similarities)):
        attraction = repulsion = 0.0
        for other in range(similarities.shape[1]):
            value = float(similarities[anchor, other])
            if positives[anchor, other]:
                attraction += math.exp(-alpha * (value - base))
            if negatives[anchor, other]:
                repulsion += math.exp(beta * (value - base))
        total += math.log(1 + attraction) / alpha + math.log(1 + repulsion) / beta
    return total / len(similarities)


def slow_pair_margin(similarities, positives, negatives, positive_margin, negative_margin) -> float:
    lacking, exceeding = [], []
    for row in range(len(similarities)):
        for column in range(similarities.shape[1]):
            value = float(similarities[row, column])
            if positives[row, column] and value < positive_margin:
                lacking.append(positive_margin - value)
            if negatives[row, column] and value > negative_margin:
                exceeding.append(value - negative_margin)
    return sum(float(np.mean(costs)) for costs in (lacking, exceeding) if costs)


@given(SEEDS, st.sampled_from([(1.0, 50.0, 0.0), (2.0, 40.0, 0.5), (1.0, 10.0, 1.0)]))
def test_multi_similarity_is_the_papers_formula(seed, settings):
    alpha, beta, base = settings
    fast = multi_similarity_loss(*some_pairs(seed), alpha=alpha, beta=beta, base=base)
    assert fast.item() == pytest.approx(slow_multi_similarity(*some_pairs(seed), alpha, beta, base), rel=1e-4)


@given(SEEDS, st.sampled_from([(0.8, 0.3), (1.0, 0.0), (0.2, 0.9)]))
def test_the_pair_loss_is_what_pairs_lack_to_their_margin(seed, margins):
    fast = pair_margin_loss(*some_pairs(seed), positive_margin=margins[0], negative_margin=margins[1])
    assert fast.item() == pytest.approx(slow_pair_margin(*some_pairs(seed), *margins), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("loss", [multi_similarity_loss, pair_margin_loss])
def test_neutral_pairs_have_no_gradient(loss):
    similarities, positives, negatives = some_pairs(7)
    similarities.requires_grad_()
    loss(similarities, positives, negatives).backward()
    neutral = ~positives & ~negatives
    assert neutral.any()
    assert (similarities.grad[neutral] == 0).all()
    assert (similarities.grad[positives] <= 0).all()
    assert (similarities.grad[negatives] >= 0).all()
    assert similarities.grad.abs().sum() > 0


@pytest.mark.parametrize("loss", [multi_similarity_loss, pair_margin_loss])
@pytest.mark.parametrize("missing", ["positives", "negatives", "both"])
def test_batches_without_pairs_have_a_loss_and_a_gradient_without_nan(loss, missing):
    similarities, positives, negatives = some_pairs(11)
    similarities.requires_grad_()
    if missing in ("positives", "both"):
        positives = torch.zeros_like(positives)
    if missing in ("negatives", "both"):
        negatives = torch.zeros_like(negatives)
    value = loss(similarities, positives, negatives)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(similarities.grad).all()
    if missing == "both":
        assert value.item() == 0


def test_losses_are_the_same_under_autocast_to_half_the_bits():
    similarities, positives, negatives = some_pairs(5)
    halved = similarities.bfloat16()
    for loss in (multi_similarity_loss, pair_margin_loss):
        assert loss(halved, positives, negatives).dtype == torch.float32
        exact = loss(halved.float(), positives, negatives)
        assert loss(halved, positives, negatives).item() == pytest.approx(exact.item())


def test_descent_on_multi_similarity_brings_positives_together_and_parts_negatives():
    torch.manual_seed(0)
    vectors = torch.randn(8, 4, requires_grad=True)
    place = torch.arange(8) // 2
    positives = (place[:, None] == place) & ~torch.eye(8, dtype=torch.bool)
    negatives = place[:, None] != place
    optimiser = torch.optim.SGD([vectors], lr=1.0)
    for _ in range(200):
        unit = torch.nn.functional.normalize(vectors, dim=1)
        loss = multi_similarity_loss(unit @ unit.T, positives, negatives, base=0.5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    unit = torch.nn.functional.normalize(vectors, dim=1).detach()
    assert (unit @ unit.T)[positives].min() > (unit @ unit.T)[negatives].max()


def test_info_nce_is_the_mean_of_what_each_photo_and_each_tile_pays() -> None:
    photos, tiles, temperature = unit(5, 8, 1), unit(5, 8, 2), 0.1
    neutral = torch.zeros(5, 5, dtype=torch.bool)
    neutral[0, 3] = neutral[2, 1] = neutral[4, 4] = True
    costs = []
    for i in range(5):
        for rows, columns, skip in ((photos, tiles, neutral[i]), (tiles, photos, neutral[:, i])):
            powers = {
                j: math.exp(float(rows[i] @ columns[j]) / temperature) for j in range(5) if j == i or not bool(skip[j])
            }
            costs.append(-math.log(powers[i] / sum(powers.values())))
    assert float(symmetric_info_nce(photos, tiles, neutral, temperature)) == pytest.approx(sum(costs) / 10)


def test_neutral_pairs_have_no_gradient_in_info_nce() -> None:
    photos, tiles = unit(5, 8, 1).requires_grad_(), unit(5, 8, 2)
    neutral = torch.eye(5, dtype=torch.bool)
    neutral[0, 1:] = neutral[1:, 0] = True  # photo 0 overlaps all tiles, and all photos overlap tile 0
    symmetric_info_nce(photos, tiles, neutral, 0.1).backward()
    assert (photos.grad[0] == 0).all()
    assert (photos.grad[1:] != 0).any()


@given(seed=SEEDS)
def test_the_loss_of_pairs_is_that_of_a_slow_reference(seed: int) -> None:
    """AstroLoc's: every photo, then every tile, is an anchor in turn."""
    pairs = some_pairs(seed)
    photos, tiles = (slow_multi_similarity(*parts, 1.0, 50.0, 0.0) for parts in (pairs, [part.T for part in pairs]))
    assert float(log_pair_loss(*pairs)) == pytest.approx((photos + tiles) / 2, rel=1e-4)
