"""Cluster sampling: which training places make up the batches of an epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.places import centre_and_radius, unit_vectors
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.kmeans_batches import ClusterBatches, balanced_order, cluster, random_clusters
from astroloc_qgis.engine.training.relevance_weighted_clusters import relevant_batches

Array = NDArray[np.float64]
_GROUP_STREAM = 103
_TILE_STREAM = 127


def epoch_batches(
    config: TrainingConfig, epoch: int, places: Array, descriptors: NDArray[np.float32] | None
) -> list[NDArray[np.int64]]:
    """Group places into hard batches: near each other, and of similar descriptors.

    EarthLoc and AstroLoc draw batches from k-means clusters of descriptors. Here each neighbourhood of ``group_places``
    has clusters of its own, since a search is limited to the neighbourhood of the nadir.

    Args:
        config: the run.
        epoch: number of the epoch, from 0; seeds the grouping.
        places: (N, 4, 2) EPSG:3857.
        descriptors: (N, D), the newest descriptor of each place; None before there are any.

    Returns:
        Batches of ``config.batch`` places each, in random order; places that do not fill a batch are left out.
    """
    rng = np.random.default_rng([config.seed, _GROUP_STREAM, epoch])
    directions = unit_vectors(np.array([centre_and_radius(place)[0] for place in places]))
    groups = max(1, round(len(places) / config.group_places))
    neighbourhood = balanced_order(directions.astype(np.float32), groups, int(rng.integers(2**31)))
    batches = []
    for members in np.array_split(neighbourhood, groups):
        order = rng.permutation(members)
        if descriptors is not None:
            hard = order[: round(config.hard_share * len(order))]
            clusters = max(1, round(len(hard) / config.batch))
            hard = hard[balanced_order(descriptors[hard], clusters, int(rng.integers(2**31)))]
            order = np.concatenate([hard, order[len(hard) :]])
        batches += [order[at : at + config.batch] for at in range(0, len(order) - config.batch + 1, config.batch)]
    return [batches[number] for number in rng.permutation(len(batches))]


def tile_batches(
    config: TrainingConfig,
    epoch: int,
    count: int,
    tiles: NDArray[np.floating] | None,
    photos: NDArray[np.floating] | None,
    *,
    places: int = 0,
) -> list[NDArray[np.int64]]:
    """Choose the places of an epoch's batches of tiles alone.

    Args:
        config: the run.
        epoch: number of the epoch, from 0.
        count: number of batches of the epoch.
        tiles: (N, D), the newest descriptor of each place's tile; None before there are any.
        photos: (N, D), the newest descriptor of each place's photo; None before there are any, or where they do not
            count.
        places: number of places, where that is not ``config.places``.
    """
    places = places or config.places
    stream = [config.seed, _TILE_STREAM, epoch]
    seed = int(np.random.default_rng(stream).integers(2**31))
    clusters = min(config.tile_clusters, places // 2)
    if tiles is None or not config.cluster_mining or (config.relevance and photos is None):
        drawn = ClusterBatches(random_clusters(places, clusters, seed=seed), config.tile_batch, seed)
    elif config.relevance and photos is not None:
        drawn = relevant_batches(
            tiles.astype(np.float32), photos.astype(np.float32), clusters=clusters, batch_size=config.tile_batch,
            seed=seed,
        )  # fmt: skip
    else:
        drawn = ClusterBatches(cluster(tiles.astype(np.float32), clusters, seed=seed)[0], config.tile_batch, seed)
    return [drawn.batch(number) for number in range(count)]


def random_pairs(config: TrainingConfig, epoch: int, places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The places of ``config.cluster_every`` batches of pairs: each place comes as often as any other, in random order.

    Args:
        config: the run.
        epoch: number of the epoch, from 0.
        places: (N,) numbers of the places to draw from.
    """
    rng = np.random.default_rng([config.seed, _GROUP_STREAM, epoch])
    wanted = config.cluster_every * config.batch
    order = np.concatenate([rng.permutation(places) for _ in range(-(-wanted // max(1, len(places))))])[:wanted]
    return list(order.reshape(config.cluster_every, config.batch))
