"""The losses agree with slow, obvious loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.training.losses.multi_similarity import info_nce_loss, multi_similarity_loss, pair_margin_loss

SEEDS = st.integers(0, 10_000)


def some_pairs(seed: int, rows: int = 5, columns: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random similarities, and masks that leave some pairs neutral and some anchors without pairs."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["positive", "negative", "neutral"], (rows, columns), p=[0.25, 0.5, 0.25])
    similarities = torch.from_numpy(rng.uniform(-1, 1, (rows, columns)).astype(np.float32))
    return similarities, torch.from_numpy(kinds == "positive"), torch.from_numpy(kinds == "negative")


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


def slow_info_nce(similarities, positives, negatives, temperature) -> float:
    costs = []
    for s, p, n in ((similarities, positives, negatives), (similarities.T, positives.T, negatives.T)):
        for anchor in range(len(s)):
            for other in range(s.shape[1]):
                if p[anchor, other]:
                    own = math.exp(float(s[anchor, other]) / temperature)
                    against = sum(
                        math.exp(float(s[anchor, third]) / temperature)
                        for third in range(s.shape[1])
                        if n[anchor, third]
                    )
                    costs.append(-math.log(own / (own + against)))
    return sum(costs) / len(costs) if costs else 0.0


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


@given(SEEDS, st.sampled_from([0.05, 0.2, 1.0]))
def test_info_nce_is_a_softmax_over_each_positive_and_all_negatives_both_ways(seed, temperature):
    fast = info_nce_loss(*some_pairs(seed), temperature=temperature)
    slow = slow_info_nce(*some_pairs(seed), temperature)
    assert fast.item() == pytest.approx(slow, rel=1e-4, abs=1e-5)


@given(SEEDS, st.sampled_from([(0.8, 0.3), (1.0, 0.0), (0.2, 0.9)]))
def test_the_pair_loss_is_what_pairs_lack_to_their_margin(seed, margins):
    fast = pair_margin_loss(*some_pairs(seed), positive_margin=margins[0], negative_margin=margins[1])
    assert fast.item() == pytest.approx(slow_pair_margin(*some_pairs(seed), *margins), rel=1e-4, abs=1e-6)


def test_info_nce_of_one_pair_each_is_cross_entropy():
    similarities = some_pairs(3, 6, 6)[0]
    positives = torch.eye(6, dtype=torch.bool)
    right = torch.arange(6)
    logits = similarities / 0.1
    expected = (
        torch.nn.functional.cross_entropy(logits, right) + torch.nn.functional.cross_entropy(logits.T, right)
    ) / 2
    assert info_nce_loss(similarities, positives, ~positives, temperature=0.1).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("loss", [multi_similarity_loss, pair_margin_loss, info_nce_loss])
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


@pytest.mark.parametrize("loss", [multi_similarity_loss, pair_margin_loss, info_nce_loss])
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
    for loss in (multi_similarity_loss, pair_margin_loss, info_nce_loss):
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
