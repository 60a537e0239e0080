"""Output renormalisation: the outputs of the trained blocks keep the statistics that they have when training begins.

Without batch norm nothing holds the level of an output, and Adam moves the weights of a channel in one direction. The
means of the deep blocks' channels then grow until the next block's ReLU6 is 0 or 6 for every picture. So the output of
each trained block is brought back to its first means and deviations by running estimates of the present ones, which
photos and tiles share. The gradient is that of batch norm: without the part that only moves a mean or a deviation,
which would grow without bound, since the estimates follow. This is batch renormalisation (Ioffe, NeurIPS 2017) with
fixed targets. When the network ships, it is folded into the convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import nn

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork

_MOMENTUM = 0.05
_EPSILON = 1e-5
_LEAST_DEVIATION = 1e-3
_KEY = ".renormalisation."
_KEPT = f"{_KEY}kept_mean"
_PARTS = ("mean", "deviation", "kept_mean", "kept_deviation")


class OutputRenormalisation(nn.Module):
    """Brings each channel back to a given mean and deviation, by running estimates.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.kept_mean: torch.Tensor
        self.kept_deviation: torch.Tensor
        for name in _PARTS:
            self.register_buffer(name, torch.zeros(channels) if "mean" in name else torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> the same shape; in training the estimates are updated."""
        scale, shift = affine(self.mean, self.deviation, self.kept_mean, self.kept_deviation)
        if self.training:
            x, mean, inverse = torch.native_batch_norm(x.float(), None, None, None, None, True, 0.0, _EPSILON)
            with torch.no_grad():
                deviation = 1 / inverse
                self.mean.lerp_(mean, _MOMENTUM)
                self.deviation.lerp_(deviation, _MOMENTUM)
            scale, shift = scale * deviation, shift + scale * mean  # the same values, with batch norm's gradient
        return x * scale[:, None, None] + shift[:, None, None]


def affine(
    mean: torch.Tensor, deviation: torch.Tensor, kept_mean: torch.Tensor, kept_deviation: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scale and shift, (C,) each, from a channel's present mean and deviation to the kept ones."""
    scale = kept_deviation / deviation.clamp(min=_LEAST_DEVIATION)
    return scale, kept_mean - mean * scale


def add_output_renormalisation(network: LiteNetwork) -> None:
    """Give each trained block (those that ``freeze`` leaves) a norm; until it is measured, it changes nothing."""
    for block in network.blocks[network.frozen_blocks :]:
        block.renormalisation = OutputRenormalisation(block.project.out_channels)


@torch.no_grad()
def measure_output_statistics(network: LiteNetwork, batches: Iterable[torch.Tensor]) -> None:
    """Measure the present statistics of the blocks' outputs and keep them as the targets.

    Args:
        network: a network with norms that are not measured yet.
        batches: float images (B, 3, H, W) each, 0 to 255.
    """
    blocks = network.blocks[network.frozen_blocks :]
    sums = [torch.zeros(3, block.project.out_channels, dtype=torch.float64) for block in blocks]
    hooks = [block.project.register_forward_hook(_adding_to(total)) for block, total in zip(blocks, sums, strict=True)]
    network.eval()
    for images in batches:
        network.pooled(network.begin(images))
    network.train()
    for hook in hooks:
        hook.remove()
    for block, (count, first, second) in zip(blocks, sums, strict=True):
        mean = first / count
        deviation = (second / count - mean**2).clamp(min=0).sqrt()
        for name in _PARTS:
            getattr(block.renormalisation, name).copy_(mean if "mean" in name else deviation)


def _adding_to(total: torch.Tensor) -> Callable[[nn.Module, object, torch.Tensor], None]:
    def add(module: nn.Module, given: object, output: torch.Tensor) -> None:
        del module, given
        values = output.double()
        total[0] += values.numel() / values.shape[1]
        total[1] += values.sum(dim=(0, 2, 3))
        total[2] += values.square().sum(dim=(0, 2, 3))

    return add


def folded(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state of the same network without norms: they are folded into the convolutions before them.

    Args:
        state: state of a ``LiteNetwork`` with or without norms.
    """
    plain = {name: tensor.clone() for name, tensor in state.items() if _KEY not in name}
    for name in state:
        if name.endswith(_KEPT):
            block = name.removesuffix(_KEPT)
            scale, shift = affine(*(state[f"{block}{_KEY}{part}"] for part in _PARTS))
            plain[f"{block}.project.weight"] *= scale[:, None, None, None]
            plain[f"{block}.project.bias"] = plain[f"{block}.project.bias"] * scale + shift
    return plain


def without_output_renormalisation(network: LiteNetwork) -> LiteNetwork:
    """A copy of the network with the norms folded, ready to describe pictures."""
    plain = LiteNetwork(network.head.out_features).to(memory_format=torch.channels_last)
    plain.load_state_dict(folded({name: tensor.cpu() for name, tensor in network.state_dict().items()}))
    return plain.eval()
