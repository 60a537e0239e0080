"""Depthwise convolutions with gradients that are fast on the CPU.

Some gradients are slow in oneDNN, as PyTorch 2.13 ships it: those of weights more than three columns wide, those of
weights with more rows than the picture, those of the input, and strided ones in bfloat16. Here wide weights get their
gradient in parts of at most three columns, low pictures are padded with rows of zeros, and the gradient of the input is
a convolution with the flipped weights (with a stride, of the output's gradient with zeros between). The sums are the
same, only their order differs.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import grad

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork

_COLUMNS = 3
"""Widest weights whose gradient is fast."""


class _Depthwise(torch.autograd.Function):
    """``F.conv2d`` of padding ``kernel // 2`` with as many groups as channels, and the gradients of this module."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, stride: int) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2, groups=weight.shape[0])

    @staticmethod
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None]:
        x, weight = ctx.saved_tensors
        given = given.contiguous(memory_format=torch.channels_last)
        x = x.to(given.dtype)
        to_input = input_gradient(x, weight, given, ctx.stride)
        to_weight = weight_gradient(x, weight, given, ctx.stride)
        return to_input, to_weight, given.sum(dim=(0, 2, 3), dtype=torch.float32), None


def input_gradient(x: torch.Tensor, weight: torch.Tensor, given: torch.Tensor, stride: int) -> torch.Tensor:
    """(B, C, H, W) input, (C, 1, k, k) weight, (B, C, h, w) gradient of the output -> (B, C, H, W)."""
    channels, _, kernel, _ = weight.shape
    if stride > 1:
        spread = torch.zeros_like(x, dtype=given.dtype, memory_format=torch.channels_last)
        spread[:, :, ::stride, ::stride] = given
        given = spread
    return F.conv2d(given, weight.flip(2, 3).to(given.dtype), None, 1, kernel // 2, groups=channels)


def weight_gradient(x: torch.Tensor, weight: torch.Tensor, given: torch.Tensor, stride: int) -> torch.Tensor:
    """(B, C, H, W) input, (C, 1, k, k) weight, (B, C, h, w) gradient of the output -> (C, 1, k, k) float32."""
    channels, _, kernel, _ = weight.shape
    if stride == 1 and (lacking := kernel - x.shape[-2]) > 0:
        x, given = (F.pad(part, (0, 0, 0, lacking)) for part in (x, given))
    if kernel <= _COLUMNS:
        return grad.conv2d_weight(x, (channels, 1, kernel, kernel), given, stride, kernel // 2, groups=channels).float()
    parts = []
    for first in range(0, kernel, _COLUMNS):
        columns = min(_COLUMNS, kernel - first)
        left = kernel // 2 - first  # columns of zeros before the input; below 0, columns of it that are left out
        right = stride * (given.shape[-1] - 1) + columns - x.shape[-1] - left
        met = F.pad(x, (left, right)).contiguous(memory_format=torch.channels_last)
        size = (channels, 1, kernel, columns)
        parts.append(grad.conv2d_weight(met, size, given, stride, (kernel // 2, 0), groups=channels).float())
    return torch.cat(parts, dim=-1)


class Depthwise(nn.Conv2d):
    """A depthwise convolution of the network, with the gradients of this module.

    Args:
        layer: the convolution that it replaces and shares the weights of.
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__(
            layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0], layer.kernel_size[0] // 2,
            groups=layer.groups, device="meta",
        )  # fmt: skip
        self.weight, self.bias = layer.weight, layer.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> (B, C, H / stride, W / stride)."""
        if x.device.type != "cpu":
            return super().forward(x)
        found: torch.Tensor = _Depthwise.apply(x, self.weight, self.bias, self.stride[0])
        return found


def speed_up_depthwise(network: LiteNetwork) -> None:
    """Replace the depthwise convolutions of the trained blocks (those that ``freeze`` leaves)."""
    for block in network.blocks[network.frozen_blocks :]:
        block.depthwise = Depthwise(block.depthwise)
