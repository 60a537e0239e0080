"""MixVPR: every channel of the features is mixed over all places, then channels and places are projected.

Ali-bey et al., "MixVPR: Feature Mixing for Visual Place Recognition", WACV 2023.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class FeatureMixer(nn.Module):
    """A residual perceptron over the places of one channel.

    Args:
        places: number of places, height x width of the features.
        hidden: neurons between the two layers.
    """

    def __init__(self, places: int, hidden: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(nn.LayerNorm(places), nn.Linear(places, hidden), nn.ReLU(), nn.Linear(hidden, places))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, places) -> the same shape."""
        mixed: Tensor = x + self.mix(x)
        return mixed


class MixVPR(nn.Module):
    """Features to one vector.

    Args:
        channels: of the features.
        places: height x width of the features; no other size can be described.
        depth: number of mixers.
        hidden: neurons of a mixer.
        out_channels: channels of the vector.
        out_rows: numbers that each of these channels has.
    """

    def __init__(self, channels: int, places: int, depth: int, hidden: int, out_channels: int, out_rows: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(*(FeatureMixer(places, hidden) for _ in range(depth)))
        self.channel_proj = nn.Linear(channels, out_channels)
        self.row_proj = nn.Linear(places, out_rows)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, out_channels x out_rows), L2-normalised."""
        x = self.mix(features.flatten(2))
        x = self.channel_proj(x.transpose(1, 2)).transpose(1, 2)
        return F.normalize(self.row_proj(x).flatten(1).float(), dim=1)
