"""The cross-batch memory: the tiles of the last batches, as further negatives for a photo.

Wang et al., "Cross-Batch Memory for Embedding Learning", CVPR 2020: a network changes slowly, so descriptors that are
some steps old are still good negatives, and cost nothing. Tiles near a photo may show its ground: they are neutral.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.training.data.overlap_zones import OverlapZones


class CrossBatchMemory:
    """Keeps the places of the last batches.

    Args:
        places: (N, 4, 2) EPSG:3857, the training places.
        size: how many places are kept; 0 for none.
    """

    def __init__(self, places: Array, size: int) -> None:
        self._size = size
        self.recent: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._overlap_zones = OverlapZones(places[: len(places) if size else 0])

    def neutral(self, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B, M) whether the tiles of the M places kept may show ground of the photos of B places."""
        return self._overlap_zones.between(members, self.recent)

    def cosines(
        self, photos: torch.Tensor, members: NDArray[np.int64], descriptors: NDArray[np.float32]
    ) -> torch.Tensor | None:
        """The similarities of the photos of a batch and the tiles kept.

        Args:
            photos: (B, D), L2-normalised.
            members: (B,) the places of the photos.
            descriptors: (N, D), the newest descriptor of each place's tile.

        Returns:
            (B, M), minus infinity for a tile that may show ground of the photo; None while nothing is kept.
        """
        if not len(self.recent):
            return None
        tiles = torch.from_numpy(descriptors[self.recent]).to(photos.device)
        return (photos @ tiles.T).masked_fill(torch.from_numpy(self.neutral(members)).to(photos.device), float("-inf"))

    def add(self, members: NDArray[np.int64]) -> None:
        """Add the places of a batch; the oldest are dropped."""
        if self._size:
            self.recent = np.concatenate([self.recent, members])[-self._size :]
