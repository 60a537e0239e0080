"""The deep blocks stay alive: outputs keep their statistics in training, and ship folded."""

from __future__ import annotations

import copy

import pytest
import torch

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.training.network.output_renormalisation import (
    OutputRenormalisation,
    add_output_renormalisation,
    folded,
    measure_output_statistics,
    without_output_renormalisation,
)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(6, 3, 64, 96, generator=torch.Generator().manual_seed(3)) * 255


@pytest.fixture
def network() -> LiteNetwork:
    torch.manual_seed(1)
    plain = LiteNetwork(16)
    plain.freeze(5)
    return plain


def with_norms(network: LiteNetwork, images: torch.Tensor) -> LiteNetwork:
    normed = copy.deepcopy(network)
    add_output_renormalisation(normed)
    measure_output_statistics(normed, images.split(3))
    return normed


def test_measured_norms_change_nothing_until_the_weights_move(network: LiteNetwork, images: torch.Tensor) -> None:
    normed = with_norms(network, images)
    assert isinstance(normed.blocks[5].renormalisation, OutputRenormalisation)
    assert not isinstance(normed.blocks[4].renormalisation, OutputRenormalisation)
    with torch.no_grad():
        torch.testing.assert_close(normed.eval()(images), network(images), atol=1e-4, rtol=1e-4)


def test_what_was_measured_is_the_mean_and_deviation_of_the_output(network: LiteNetwork, images: torch.Tensor) -> None:
    norm = with_norms(network, images).blocks[5].renormalisation
    with torch.no_grad():
        output = network.blocks[5].project(_before_project(network, images))
    torch.testing.assert_close(norm.kept_mean, output.mean(dim=(0, 2, 3)), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(norm.kept_deviation, output.std(dim=(0, 2, 3)), atol=1e-4, rtol=1e-2)
    torch.testing.assert_close(norm.mean, norm.kept_mean)


def _before_project(network: LiteNetwork, images: torch.Tensor) -> torch.Tensor:
    seen = []
    hook = network.blocks[5].project.register_forward_hook(lambda *call: seen.append(call[1][0]))
    network.pooled(network.begin(images))
    hook.remove()
    return seen[0].detach()


def test_an_output_that_drifts_is_brought_back(network: LiteNetwork, images: torch.Tensor) -> None:
    normed = with_norms(network, images)
    block = normed.blocks[5]
    with torch.no_grad():
        block.project.bias += 40.0
        block.project.weight *= 5.0
        for _ in range(400):
            output = block(normed.begin(images))
        torch.testing.assert_close(output.mean(dim=(0, 2, 3)), block.renormalisation.kept_mean, atol=0.02, rtol=0.02)
        torch.testing.assert_close(
            output.std(dim=(0, 2, 3)), block.renormalisation.kept_deviation, atol=0.02, rtol=0.02
        )


def test_estimates_stand_still_outside_training(network: LiteNetwork, images: torch.Tensor) -> None:
    normed = with_norms(network, images).eval()
    with torch.no_grad():
        normed.blocks[5].project.bias += 40.0
        before = normed.blocks[5].renormalisation.mean.clone()
        normed(images)
    torch.testing.assert_close(normed.blocks[5].renormalisation.mean, before)


def test_no_gradient_asks_for_another_level(network: LiteNetwork, images: torch.Tensor) -> None:
    block = with_norms(network, images).blocks[5]
    block(network.begin(images)).square().sum().backward()
    assert block.project.bias.grad.abs().max() < 1e-2 < block.project.weight.grad.abs().max()


def test_folded_it_is_the_same_network(network: LiteNetwork, images: torch.Tensor) -> None:
    normed = with_norms(network, images)
    with torch.no_grad():
        for block in normed.blocks[5:]:
            block.project.bias += torch.randn_like(block.project.bias)
        normed(images)  # in training: the estimates move
        normed.eval()
        plain = without_output_renormalisation(normed)
        assert set(plain.state_dict()) == set(network.state_dict())
        torch.testing.assert_close(plain(images), normed(images), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(folded(plain.state_dict()), dict(plain.state_dict()))
