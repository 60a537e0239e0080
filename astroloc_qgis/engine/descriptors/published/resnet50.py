"""EarthLoc's backbone: ResNet-50 without its last stage.

He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, in the form in which the 3 x 3 convolution of a
block carries the stride. Parameters have the names that EarthLoc's checkpoint gives them.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

STRIDE = 16
"""Pixels of the picture to one of the features."""
CHANNELS = 1024
_EXPANSION = 4
_STAGES = (("layer1", 64, 3, 1), ("layer2", 128, 4, 2), ("layer3", 256, 6, 2))
"""Name, width, blocks and stride of the stages."""


class Bottleneck(nn.Module):
    """A residual block of three convolutions.

    Args:
        before: channels in.
        width: channels of the 3 x 3 convolution; four times as many come out.
        stride: of the 3 x 3 convolution.
    """

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        after = _EXPANSION * width
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, after, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.downsample: nn.Module | None = None
        if stride != 1 or before != after:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 4 width, h / stride, w / stride)."""
        inner = F.relu(self.bn1(self.conv1(x)))
        inner = F.relu(self.bn2(self.conv2(inner)))
        inner = self.bn3(self.conv3(inner))
        return F.relu(inner + (x if self.downsample is None else self.downsample(x)))


class _Stages(nn.Module):
    """The stem and the first three stages."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for name, width, blocks, stride in _STAGES:
            first = Bottleneck(channels, width, stride)
            channels = _EXPANSION * width
            self.add_module(name, nn.Sequential(first, *(Bottleneck(channels, width, 1) for _ in range(1, blocks))))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for name, *_ in _STAGES:
            x = self.get_submodule(name)(x)
        return x


class ResNet50(nn.Module):
    """Pictures to features of a sixteenth of their size."""

    def __init__(self) -> None:
        super().__init__()
        self.model = _Stages()

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised -> (B, 1024, H / 16, W / 16)."""
        features: Tensor = self.model(images)
        return features
