"""Tiles of earlier batches as further negatives: many more strangers a photo than a batch can hold, for nothing.

Wang et al., "Cross-Batch Memory for Embedding Learning", CVPR 2020: the network changes so slowly that what it made of
a tile some dozens of steps ago still tells it from another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.places import centre_and_radius, unit_vectors
from astroloc_qgis.engine.tiles import EARTH_RADIUS_M

NEVER = -1
_REACH = 3.0
"""A tile belongs to its place with an IoU of 0.2 or so: it lies within three of the place's radii."""


@dataclass(frozen=True)
class Memory:
    """Where the places of the pool are, so that tiles of the same ground are not taken for strangers.

    Attributes:
        directions: (N, 3) unit vectors of the places' centres.
        radius_km: (N,) to their farthest corner.
        size: so many of the newest tiles are remembered.
    """

    directions: NDArray[np.float64]
    radius_km: NDArray[np.float64]
    size: int

    @classmethod
    def of(cls, places: NDArray[np.float64], size: int) -> Memory:
        """The memory of a pool (N, 4, 2) in EPSG:3857."""
        found = [centre_and_radius(place) for place in places] if size else []
        centres = np.array([centre for centre, _ in found]).reshape(-1, 2)
        return cls(unit_vectors(centres), np.array([radius for _, radius in found]), size)

    def newest(self, trained_at: NDArray[np.int64]) -> NDArray[np.int64]:
        """(M,) the places whose tiles were described last, at most ``size``, in the order of the pool.

        Args:
            trained_at: (N,) the step at which the tile of each place was described last; ``NEVER`` for none.
        """
        known = np.flatnonzero(trained_at != NEVER)
        if len(known) > self.size:
            newest = np.argsort(-trained_at[known], kind="stable")[: self.size]
            known = np.sort(known[newest])
        return known

    def strangers(self, members: NDArray[np.int64], remembered: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B, M) whether the tile of a remembered place surely shows none of the ground of a member's photo."""
        cosines = np.clip(self.directions[members] @ self.directions[remembered].T, -1, 1)
        apart_km = np.arccos(cosines) * EARTH_RADIUS_M / 1000
        reach_km = _REACH * (self.radius_km[members][:, None] + self.radius_km[remembered])
        return np.asarray(apart_km > reach_km)
