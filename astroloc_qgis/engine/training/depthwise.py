"""Depthwise convolutions whose gradients CPUs are fast at.

oneDNN, as PyTorch 2.13 brings it, has holes. The gradient of weights more than three columns wide runs at about a
tenth of the speed of a narrower one, and that of weights with more rows than the picture has is slow as well. The
gradient of the input takes four to seven times as long as the convolution, though it is one itself, with the weights
turned about (where there is a stride, of what is given with zeros between); and of strided ones in bfloat16 there is no
fast kernel: for 64 tiles they take seconds, not milliseconds. So wide weights get their gradient in parts of at most
three columns, low pictures rows of zeros, and inputs theirs by a convolution: the same sums, but for their order.
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
    """As ``F.conv2d`` of padding ``kernel // 2`` with as many groups as channels; only the gradients come otherwise."""

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
        left = kernel // 2 - first  # columns of zeros before the input; below 0, columns of it that are not met
        right = stride * (given.shape[-1] - 1) + columns - x.shape[-1] - left
        met = F.pad(x, (left, right)).contiguous(memory_format=torch.channels_last)
        size = (channels, 1, kernel, columns)
        parts.append(grad.conv2d_weight(met, size, given, stride, (kernel // 2, 0), groups=channels).float())
    return torch.cat(parts, dim=-1)


class Depthwise(nn.Conv2d):
    """A depthwise convolution as the network has it, with the gradients of this module.

    Args:
        layer: whose weights it shares.
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
    """Give the trained blocks (``freeze`` says which) such convolutions."""
    for block in network.blocks[network.frozen_blocks :]:
        block.depthwise = Depthwise(block.depthwise)
