"""Depthwise convolutions with gradients of our own are convolutions."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.training.network.depthwise import Depthwise, speed_up_depthwise


def gradients(layer: nn.Module, x: torch.Tensor, *, mixed: bool = False) -> list[torch.Tensor]:
    """The output, and the gradients of a sum over it that no two cells take part in alike."""
    x = x.clone().requires_grad_()
    layer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        y = layer(x)
    weights = torch.linspace(-1, 1, y.numel()).view(y.shape)
    (y.float() * weights).sum().backward()
    given = [x.grad, *(parameter.grad for parameter in layer.parameters())]
    return [y.detach(), *(each for each in given if each is not None)]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("size", [(8, 12), (7, 9), (14, 6), (4, 6)])
def test_output_and_gradients_are_those_of_the_plain_convolution(
    kernel: int, stride: int, size: tuple[int, int]
) -> None:
    torch.manual_seed(kernel)
    plain = nn.Conv2d(6, 6, kernel, stride, kernel // 2, groups=6)
    x = torch.randn(3, 6, *size).to(memory_format=torch.channels_last)
    expected = gradients(copy.deepcopy(plain), x)
    found = gradients(Depthwise(plain), x)
    assert len(found) == 4
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("stride", [1, 2])
def test_in_mixed_precision_the_gradients_are_nearly_the_same_and_float32(stride: int) -> None:
    torch.manual_seed(5)
    layer = Depthwise(nn.Conv2d(6, 6, 5, stride, 2, groups=6))
    x = torch.randn(3, 6, 8, 12)
    exact, mixed = gradients(layer, x), gradients(layer, x, mixed=True)
    assert mixed[0].dtype == torch.bfloat16
    for one, other in zip(mixed[1:], exact[1:], strict=True):
        assert one.dtype == torch.float32
        assert (one - other).norm() < 0.01 * other.norm()


def test_the_trained_blocks_of_a_network_keep_their_weights_and_names() -> None:
    torch.manual_seed(0)
    network = LiteNetwork(16)
    network.freeze(10)
    before = {name: weights.clone() for name, weights in network.state_dict().items()}
    images = torch.rand(2, 3, 32, 64) * 255
    expected = network(images)
    speed_up_depthwise(network)
    replaced = [number for number, block in enumerate(network.blocks) if isinstance(block.depthwise, Depthwise)]
    assert replaced == [10, 11, 12, 13, 14, 15]
    assert all(torch.equal(weights, before[name]) for name, weights in network.state_dict().items())
    assert len(network.state_dict()) == len(before)
    torch.testing.assert_close(network(images), expected)
