"""Whitening of descriptors in part: directions of little variance get more weight.

Jégou and Chum, "Negative evidences and co-occurences in image retrieval: the benefit of PCA and whitening", ECCV 2012.
Full whitening gives noise as much weight as the signal, so only a share of it is applied. It is a linear map, so it is
folded into the network's last layer and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

_LEAST = 1e-3
"""Least variance of a direction, as a part of the largest."""


def whitened(state: Mapping[str, torch.Tensor], descriptors: torch.Tensor, share: float) -> dict[str, torch.Tensor]:
    """The state of the same network with descriptors whitened in part.

    Args:
        state: state of a ``LiteNetwork``.
        descriptors: (N, D) descriptors of tiles; rows of zeros stand for none.
        share: from 0 (nothing is changed) to 1 (all directions have the same variance).

    Returns:
        The state. Descriptors stay as close as possible to their axes (ZCA), so that product quantisation stays
        balanced.
    """
    known = descriptors[descriptors.abs().sum(dim=1) > 0].double()
    variances, directions = torch.linalg.eigh(torch.cov(known.T))
    factors = variances.clamp(min=_LEAST * float(variances.max())).pow(-share / 2)
    factors /= factors.log().mean().exp()  # weights of about their former size
    change = (directions * factors) @ directions.T
    found = dict(state)
    for name in ("head.weight", "head.bias", "centre"):
        found[name] = (change @ state[name].double()).to(state[name].dtype)
    return found
