"""Where, and how large, a photo is to be expected about its nadir: a soft prior beside the hard radius.

The International Space Station sees 2,500 km of ground to every side, but astronauts photograph what lies below: in the
5,626 footprints of the training split of AstroLoc's photos, half of the centres lie within 356 km of the nadir, 95 %
within 791 km. Their distances are those of a round Gaussian of ``SIGMA_KM`` to either side (the maximum-likelihood
value; a Rayleigh distribution of the distance), so a block's chance falls as its density. ``ANYWHERE`` keeps the far
and oblique views, and nadirs that are listed wrongly, in the race.

That is a density over the ground. A block's share of it is the greater, the more ground it stands for: each of few
large blocks is likelier than each of many small ones, as far as photos are of its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.projection import Array

SIGMA_KM = 320.0
ANYWHERE = 0.05
"""Share of photos that may lie anywhere within ``SEEN_KM``."""
SEEN_KM = 2500.0
WEIGHT = 0.05
"""Cosine similarity that counts as much as a natural unit of log-probability: the temperature of the loss that the
retrieval model is trained with, by which a similarity divided by it is the logarithm of a probability."""
SIZE_SHARES: Mapping[int, float] = MappingProxyType({9: 0.18, 10: 0.44, 11: 0.38})
"""By web-map zoom, the share of those footprints whose size (root of the area) is nearest to that of a block of four
tiles there."""


def log_prior(distance_km: Array) -> Array:
    """How much less likely a block is than one at the nadir.

    Args:
        distance_km: (N,) from the nadir to the block's centre.

    Returns:
        (N,) natural logarithms of density ratios, 0 at the nadir and falling to a floor.
    """
    near = np.exp(-np.square(np.asarray(distance_km, dtype=np.float64) / SIGMA_KM) / 2)
    flat = ANYWHERE / (1 - ANYWHERE) * 2 * SIGMA_KM**2 / SEEN_KM**2
    return np.asarray(np.log((near + flat) / (1 + flat)))


def distance_penalty(distance_km: Array) -> Array:
    """(N,) what a block's distance from the nadir takes off its cosine similarity, at least 0."""
    return -WEIGHT * log_prior(distance_km)


def size_penalty(zooms: NDArray[np.int32]) -> Array:
    """What a block's size takes off its cosine similarity, beside the likeliest of its index.

    Args:
        zooms: (N,) web-map zoom of every block of an index.

    Returns:
        (N,) at least 0; nothing where the index has blocks of a size for which there is no share.
    """
    found, place, counts = np.unique(zooms, return_inverse=True, return_counts=True)
    if not set(found.tolist()) <= set(SIZE_SHARES):
        return np.zeros(len(zooms))
    likely = np.log([SIZE_SHARES[zoom] for zoom in found.tolist()]) - np.log(counts)
    return np.asarray(WEIGHT * (likely.max() - likely)[place])
