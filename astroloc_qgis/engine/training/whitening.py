"""Evening out a descriptor's directions: where few of them hold nearly all variance, the others cannot speak.

Jégou and Chum, "Negative evidences and co-occurences in image retrieval: the benefit of PCA and whitening", ECCV 2012.
Whitening to the full lets noise speak as loudly as what was learned; a part of the way is better than none and all.
It is a linear map, so it is folded into the network's last layer and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

_LEAST = 1e-3
"""Of the largest variance: directions of less are taken to have so much."""


def whitened(state: Mapping[str, torch.Tensor], descriptors: torch.Tensor, share: float) -> dict[str, torch.Tensor]:
    """The state of the same network with descriptors whitened in part.

    Args:
        state: of a ``LiteNetwork``.
        descriptors: (N, D) that it gave to tiles; rows of zeros stand for none.
        share: of the way, from 0 (nothing is changed) to 1 (all directions have the same variance).

    Returns:
        The state; descriptors keep their axes as nearly as can be (ZCA), so that codes of parts of them stay balanced.
    """
    known = descriptors[descriptors.abs().sum(dim=1) > 0].double()
    variances, directions = torch.linalg.eigh(torch.cov(known.T))
    factors = variances.clamp(min=_LEAST * float(variances.max())).pow(-share / 2)
    factors /= factors.log().mean().exp()  # weights of about the size that they had
    change = (directions * factors) @ directions.T
    found = dict(state)
    for name in ("head.weight", "head.bias", "centre"):
        found[name] = (change @ state[name].double()).to(state[name].dtype)
    return found
