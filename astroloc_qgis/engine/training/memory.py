"""More tiles for a photo to be told from than a batch holds: those of the last batches, as they were described then.

Wang et al., "Cross-Batch Memory for Embedding Learning", CVPR 2020: a network changes slowly, so descriptors that are
some steps old are still good negatives, and cost nothing. Tiles near a photo may show its ground: they are neutral.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.training.data.overlap_zones import OverlapZones


class TileMemory:
    """Remembers which places came last.

    Args:
        places: (N, 4, 2) EPSG:3857, the pool.
        size: how many places are remembered; 0 for none.
    """

    def __init__(self, places: Array, size: int) -> None:
        self._size = size
        self.recent: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._nearness = OverlapZones(places[: len(places) if size else 0])

    def neutral(self, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B, M) whether the tiles of the M recent places may show ground of the photos of B places."""
        return self._nearness.between(members, self.recent)

    def cosines(
        self, photos: torch.Tensor, members: NDArray[np.int64], descriptors: NDArray[np.float32]
    ) -> torch.Tensor | None:
        """How much the photos of a batch are like the tiles of the recent places.

        Args:
            photos: (B, D), L2-normalised.
            members: (B,) their places.
            descriptors: (N, D), the newest known of every place's tile.

        Returns:
            (B, M), minus infinity for a tile that may show ground of the photo; None while nothing is remembered.
        """
        if not len(self.recent):
            return None
        tiles = torch.from_numpy(descriptors[self.recent]).to(photos.device)
        return (photos @ tiles.T).masked_fill(torch.from_numpy(self.neutral(members)).to(photos.device), float("-inf"))

    def remember(self, members: NDArray[np.int64]) -> None:
        """Add the places of a batch; the oldest are forgotten."""
        if self._size:
            self.recent = np.concatenate([self.recent, members])[-self._size :]
