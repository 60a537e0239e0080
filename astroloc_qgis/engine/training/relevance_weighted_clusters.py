"""Relevance-weighted clusters: AstroLoc's unsupervised mining, by what astronauts photograph most.

Berton et al., "AstroLoc: Robust Space to Ground Image Localizer", ICCV 2025: tiles are clustered by their descriptors
(deserts, river plains, islands, ...), photos are assigned to the same clusters by theirs, and a cluster is drawn in
proportion to the number of its photos. This needs no footprints, only pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.training.kmeans_batches import ClusterBatches, cluster, nearest


def relevance_weights(
    photo_vectors: NDArray[np.float32], centres: NDArray[np.float32], *, smoothing: float = 0.0
) -> NDArray[np.float64]:
    """The weight of each cluster of tiles in the draw.

    Args:
        photo_vectors: (P, D) descriptors of photos; P >= 1.
        centres: (C, D) centres of the clusters of tiles.
        smoothing: photos added to each cluster, so that none is left out.

    Returns:
        (C,) shares that add up to 1.

    Raises:
        ValueError: no photos and no smoothing.
    """
    counts = np.bincount(nearest(photo_vectors, centres), minlength=len(centres)) + float(smoothing)
    if not counts.sum() > 0:
        raise ValueError("without photos no cluster is more relevant than another: give photos, or a smoothing above 0")
    return np.asarray(counts / counts.sum())


def relevant_batches(
    tile_vectors: NDArray[np.float32],
    photo_vectors: NDArray[np.float32],
    *,
    clusters: int,
    batch_size: int,
    seed: int,
    smoothing: float = 0.0,
) -> ClusterBatches:
    """Batches of tiles for the tile loss: clustered, and weighted by the photos.

    Args:
        tile_vectors: (N, D) descriptors of the tiles.
        photo_vectors: (P, D) descriptors of photos.
        clusters: number of clusters.
        batch_size: tiles a batch.
        seed: seed of k-means and of the draws.
        smoothing: as for ``relevance_weights``.
    """
    labels, centres = cluster(tile_vectors, clusters, seed=seed)
    weights = relevance_weights(photo_vectors, centres, smoothing=smoothing)
    occupied = np.bincount(labels, minlength=clusters) > 0
    return ClusterBatches(labels, batch_size, seed, np.where(occupied, weights, 0.0))
