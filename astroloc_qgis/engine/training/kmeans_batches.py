"""Hard batches: pictures of one k-means cluster, which look alike to the model, so that the model must tell them apart.

Every batch is a function of the seed and its number alone: a run that was killed draws the same batches when resumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


def cluster(
    vectors: NDArray[np.float32], clusters: int, *, seed: int, iterations: int = 20
) -> tuple[Labels, NDArray[np.float32]]:
    """K-means of descriptors, as EarthLoc does every few epochs with those of its tiles (CVPR 2024, section 3).

    Args:
        vectors: (N, D) descriptors; N >= clusters.
        clusters: number of clusters.
        seed: seed of the first centres.
        iterations: iterations of Lloyd's algorithm.

    Returns:
        (N,) number of each vector's nearest centre, and the centres (clusters, D).

    Raises:
        ValueError: fewer vectors than clusters.
    """
    if not 1 <= clusters <= len(vectors):
        raise ValueError(f"{len(vectors)} vectors cannot form {clusters} clusters")
    import faiss

    data = np.ascontiguousarray(vectors, dtype=np.float32)
    kmeans = faiss.Kmeans(data.shape[1], clusters, niter=iterations, seed=seed, min_points_per_centroid=1)
    kmeans.train(data)
    return nearest(data, kmeans.centroids), kmeans.centroids.copy()


def nearest(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> Labels:
    """(N,) number of the centre (C, D) nearest to each vector (N, D), by Euclidean distance."""
    return np.asarray((vectors @ centres.T - (centres**2).sum(axis=1) / 2).argmax(axis=1), dtype=np.int64)


def random_clusters(count: int, clusters: int, *, seed: int) -> Labels:
    """(count,) random cluster numbers, of equal size to within one: EarthLoc's clusters before the first k-means."""
    return np.random.default_rng(seed).permutation(np.arange(count, dtype=np.int64) % clusters)


@dataclass(frozen=True)
class ClusterBatches:
    """Batches, each of one cluster.

    Attributes:
        labels: (N,) cluster of each picture.
        batch_size: pictures a batch; a cluster of fewer gives some of them twice (as in EarthLoc).
        seed: seed of the draws.
        weights: (C,) weight of each cluster in the draw (AstroLoc: ``relevance_weighted_clusters``); None for equal
            weights (EarthLoc). Empty clusters are never drawn.

    Raises:
        ValueError: fewer weights than clusters, or no cluster with members and a weight above zero.
    """

    labels: Labels
    batch_size: int
    seed: int
    weights: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.weights is not None and len(self.weights) < len(self._members):
            raise ValueError(f"{len(self.weights)} weights for {len(self._members)} clusters")
        if not np.isfinite(self._shares).all():
            raise ValueError("no cluster with members has a weight above zero: there is nothing to draw")

    @cached_property
    def _members(self) -> list[Labels]:
        return [np.flatnonzero(self.labels == number) for number in range(int(self.labels.max(initial=-1)) + 1)]

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        weights = np.ones(len(self._members)) if self.weights is None else self.weights[: len(self._members)]
        weights = np.where([len(members) > 0 for members in self._members], weights, 0.0)
        total = weights.sum()
        return np.asarray(weights / total) if total > 0 else np.array([np.nan])

    def batch(self, number: int) -> Labels:
        """(batch_size,) the pictures of batch ``number``."""
        rng = np.random.default_rng((self.seed, number))
        members = self._members[int(rng.choice(len(self._shares), p=self._shares))]
        return rng.choice(members, self.batch_size, replace=len(members) < self.batch_size)


def balanced_order(vectors: NDArray[np.float32], clusters: int, seed: int) -> NDArray[np.int64]:
    """Order vectors so that the members of a k-means cluster, and similar clusters, stand together.

    Args:
        vectors: (N, D).
        clusters: number of clusters.
        seed: seed of k-means.

    Returns:
        (N,) numbers of the vectors.
    """
    import faiss

    if clusters < 2 or len(vectors) < 2 * clusters:
        return np.arange(len(vectors))
    data = np.ascontiguousarray(vectors, dtype=np.float32)
    kmeans = faiss.Kmeans(
        data.shape[1], clusters, niter=10, seed=seed % 2**31, min_points_per_centroid=1,
        max_points_per_centroid=max(1, len(data) // clusters + 1),
    )  # fmt: skip
    kmeans.train(data)
    _, nearest = kmeans.index.search(data, 1)
    rank = np.empty(clusters, dtype=np.int64)
    rank[_chain(kmeans.centroids)] = np.arange(clusters)
    return np.argsort(rank[nearest[:, 0]], kind="stable")


def _chain(centres: NDArray[np.float32]) -> list[int]:
    """An order of centres in which each is followed by the nearest one that is left."""
    left, chain = set(range(1, len(centres))), [0]
    while left:
        remaining = np.fromiter(left, dtype=np.int64)
        distances = ((centres[remaining] - centres[chain[-1]]) ** 2).sum(axis=1)
        chain.append(int(remaining[distances.argmin()]))
        left.discard(chain[-1])
    return chain
