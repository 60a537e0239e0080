"""The interface of networks that are trained here: a frozen part, which can run beside the rendering, and the rest."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


class TrainableNetwork(nn.Module):
    """Pictures to unit vectors, in two parts.

    Attributes:
        dimensions: length D of a vector.
        centre: (D,) what is subtracted from a vector before it is normalised.
    """

    dimensions: int
    centre: torch.Tensor

    def freeze(self, blocks: int) -> None:
        """Exclude the first ``blocks`` parts of the backbone from training."""
        raise NotImplementedError

    def frozen_parts(self) -> Sequence[nn.Module]:
        """The modules that ``begin`` runs."""
        return ()

    def beside_rendering(self) -> TrainableNetwork:
        """A network that can ``begin`` on the CPU while this one learns elsewhere: a copy of what it is now."""
        return copy.deepcopy(self)

    def head_parameters(self) -> Sequence[nn.Parameter]:
        """Parameters that learn faster than the others."""
        return ()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) float from 0 to 255 -> (B, D), L2-normalised."""
        return self.finish(self.begin(images))

    def begin(self, images: torch.Tensor) -> torch.Tensor:
        """Run the part that may run beside the rendering: images as for ``forward`` -> features."""
        raise NotImplementedError

    def projected(self, features: torch.Tensor) -> torch.Tensor:
        """Features of ``begin`` -> (B, D), neither centred nor normalised."""
        raise NotImplementedError

    def finish(self, features: torch.Tensor) -> torch.Tensor:
        """Features of ``begin`` -> (B, D), L2-normalised."""
        return F.normalize(self.projected(features).float() - self.centre, dim=1)

    def recentre(self, projected: torch.Tensor, momentum: float) -> None:
        """Move the centre towards the mean of (B, D) projected vectors; nothing where the network has none."""
        del projected, momentum
