"""Nadir prior: a penalty for blocks far from the nadir and of unlikely size, beside the hard limit of the radius.

The International Space Station sees 2,500 km of ground in every direction, but astronauts mostly photograph what lies
below. The positions of photos around their nadirs follow an isotropic Gaussian of standard deviation ``SIGMA_KM``, so
that distances have a Rayleigh distribution, mixed with a uniform share ``ANYWHERE`` for far and oblique photos and for
wrongly recorded nadirs.

This is a density over the ground. A block's probability also grows with the ground that it stands for: each of few
large blocks is likelier than each of many small ones, in proportion to the share of photos of its size. Where the zooms
of an index cover different ground, the blocks of the ground that all of them cover say how many there are. Where the
lens tells how wide a photo is, that takes the place of the shares (``size_prior``), also without a nadir.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import sides_m
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M, Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.size_prior import log_size

SIGMA_KM = 320.0
"""Standard deviation of a photo's distance from its nadir along each axis: the maximum-likelihood value."""
ANYWHERE = 0.05
"""Share of photos that may lie anywhere within ``SEEN_KM``."""
SEEN_KM = 2500.0
"""Distance from the nadir to the horizon of the ISS."""
WEIGHT = 0.0375
"""Cosine similarity that equals one natural unit of log-probability: somewhat less than the temperature of the loss
that the retrieval model is trained with."""
SIZE_SHARES: Mapping[int, float] = MappingProxyType({7: 0.02, 8: 0.035, 9: 0.165, 10: 0.42, 11: 0.36})
"""By web-map zoom, the share of photos whose footprint's size (root of the area) is nearest to that of a block. In an
index that lacks some of these zooms the others count as they do here, relative to each other."""


def log_prior(distance_km: Array) -> Array:
    """Log-probability of a block relative to one at the nadir.

    Args:
        distance_km: (N,) from the nadir to the block's centre.

    Returns:
        (N,) natural logarithms of density ratios, falling from 0 at the nadir to a constant.
    """
    near = np.exp(-np.square(np.asarray(distance_km, dtype=np.float64) / SIGMA_KM) / 2)
    flat = ANYWHERE / (1 - ANYWHERE) * 2 * SIGMA_KM**2 / SEEN_KM**2
    return np.asarray(np.log((near + flat) / (1 + flat)))


def distance_penalty(distance_km: Array) -> Array:
    """(N,) penalty on the cosine similarity of blocks for their distance from the nadir, at least 0."""
    return -WEIGHT * log_prior(distance_km)


def size_penalty(zooms: NDArray[np.int32], common: NDArray[np.bool_] | None = None) -> Array:
    """Penalty on the cosine similarity of blocks for their size, relative to the likeliest size of the index.

    Args:
        zooms: (N,) web-map zoom of every block of an index.
        common: (N,) whether a block is of the ground that all zooms cover; None: all of them are.

    Returns:
        (N,) at least 0; all 0 if the index has a zoom that is not in ``SIZE_SHARES``.
    """
    found, place = np.unique(zooms, return_inverse=True)
    counts = np.bincount(place if common is None else place[common], minlength=len(found))
    return _size_penalty(zooms, dict(zip(found.tolist(), counts.tolist(), strict=True)))


def _size_penalty(zooms: NDArray[np.int32], counts: Mapping[int, int]) -> Array:
    """The same of some blocks of an index; ``counts`` is its number of blocks by zoom, on ground that all cover."""
    if not set(counts) <= set(SIZE_SHARES):
        return np.zeros(len(zooms))
    likely = {zoom: math.log(SIZE_SHARES[zoom]) - math.log(max(count, 1)) for zoom, count in counts.items()}
    loss = {zoom: WEIGHT * (max(likely.values()) - each) for zoom, each in likely.items()}
    found, place = np.unique(zooms, return_inverse=True)
    return np.asarray(np.array([loss[zoom] for zoom in found.tolist()])[place])


def prior_penalty(
    index: Index,
    nadir: Nadir | None,
    radius_km: float,
    counts: Mapping[int, int] | None = None,
    field_ratio: float | None = None,
) -> np.ndarray | None:
    """Penalty on each block's score for distance from the nadir and for size (arguments as for ``search.retrieve``).

    Args:
        index: an index, or a shard of one.
        nadir: the sub-satellite point.
        radius_km: about it.
        counts: of a shard's whole index, the number of blocks by zoom on ground that all zooms cover.
        field_ratio: of the photo.

    Returns:
        (N,); None if neither the photo's field nor its nadir is known, or its nadir is and ``radius_km`` is 0.
    """
    distance = None if nadir is None or radius_km == 0 else great_circle_km(nadir.lonlat, index.centers_lonlat)
    if field_ratio is not None:
        sides = sides_m(index.blocks[:, 0], index.centers_lonlat[:, 1], index.info.block_size)
        altitude_m = ISS_ALTITUDE_M if nadir is None else nadir.altitude_m
        by_size = -WEIGHT * log_size(sides, field_ratio, altitude_m, distance)
        return by_size if distance is None else by_size + distance_penalty(distance)
    if distance is None:
        return None
    if counts is not None:
        return distance_penalty(distance) + _size_penalty(index.blocks[:, 0], counts)
    common = index.centers_lonlat[:, 1] <= min(index.info.northern_limits.values(), default=90.0)
    return distance_penalty(distance) + size_penalty(index.blocks[:, 0], common)
