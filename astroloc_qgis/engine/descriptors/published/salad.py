"""SALAD: patches are assigned to clusters by optimal transport, those that tell nothing to a dustbin.

Izquierdo and Civera, "Optimal Transport Aggregation for Visual Place Recognition", CVPR 2024.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HIDDEN = 512
"""Neurons of the three perceptrons."""
ITERATIONS = 3
"""Of Sinkhorn's algorithm."""


def _per_patch(channels: int, out: int) -> nn.Sequential:
    """A perceptron on each patch; the dropout between its layers (number 1) has no parameters."""
    return nn.Sequential(nn.Conv2d(channels, HIDDEN, 1), nn.Dropout(0.3), nn.ReLU(), nn.Conv2d(HIDDEN, out, 1))


class Salad(nn.Module):
    """Patches and the token of the whole to one vector.

    Args:
        channels: of the tokens.
        clusters: number of clusters, besides the dustbin.
        cluster_dim: numbers that each cluster has in the vector.
        token_dim: numbers that the token of the whole has in it.
    """

    def __init__(self, channels: int, clusters: int, cluster_dim: int, token_dim: int) -> None:
        super().__init__()
        self.token_features = nn.Sequential(nn.Linear(channels, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, token_dim))
        self.cluster_features = _per_patch(channels, cluster_dim)
        self.score = _per_patch(channels, clusters)
        self.dust_bin = nn.Parameter(torch.tensor(1.0))

    def forward(self, patches: Tensor, token: Tensor) -> Tensor:
        """Aggregate.

        Args:
            patches: (B, C, h, w), more patches than clusters.
            token: (B, C).

        Returns:
            (B, token_dim + cluster_dim x clusters), L2-normalised, float32.
        """
        features = self.cluster_features(patches).flatten(2).float()
        weights = assignment(self.score(patches).flatten(2).float(), self.dust_bin.float())
        clusters = torch.einsum("bdn,bkn->bdk", features, weights)
        whole = F.normalize(self.token_features(token).float(), dim=-1)
        return F.normalize(torch.cat([whole, F.normalize(clusters, dim=1).flatten(1)], dim=-1), dim=-1)


def assignment(scores: Tensor, dust_bin: Tensor) -> Tensor:
    """Share of each patch that goes to each cluster (B, K, N), by optimal transport in log space.

    Every patch has mass 1 and every cluster takes 1; the dustbin takes the rest.

    Args:
        scores: (B, K, N) of clusters and patches, N > K.
        dust_bin: () score of the dustbin with every patch.
    """
    batch, clusters, patches = scores.shape
    scores = torch.cat([scores, dust_bin.expand(batch, 1, patches)], dim=1)
    total = math.log(patches + clusters)
    taken = scores.new_full((clusters + 1,), -total)
    taken[-1] += math.log(patches - clusters)
    by_patch = torch.zeros_like(scores[:, 0])
    for _ in range(ITERATIONS):
        by_cluster = taken - torch.logsumexp(scores + by_patch[:, None, :], dim=2)
        by_patch = -total - torch.logsumexp(scores + by_cluster[:, :, None], dim=1)
    return (scores + by_cluster[:, :, None] + by_patch[:, None, :] + total).exp()[:, :-1]
