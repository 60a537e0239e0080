"""The pool of places that training draws from, and how an epoch's batches are grouped from it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.places import (
    Footprints,
    PlaceSampler,
    Zone,
    centre_and_radius,
    unit_vectors,
)
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.positives import fitting_blocks
from astroloc_qgis.engine.training.kmeans_batches import ClusterBatches, cluster, random_clusters
from astroloc_qgis.engine.training.relevance_weighted_clusters import relevant_batches

Array = NDArray[np.float64]
_PLACE_STREAM = 101
_GROUP_STREAM = 103
_TILE_STREAM = 127
_LEAST_IOU = 0.1


def training_places(
    config: TrainingConfig, footprints: Footprints, mosaic: Mosaic, forbidden: Zone, cache: Path | None = None
) -> Array:
    """(places, 4, 2) EPSG:3857 corners; the same for the same seed, and kept in ``cache`` (.npy) if given."""
    if cache is not None and cache.is_file():
        stored = np.load(cache, allow_pickle=False)
        if stored.shape == (config.places, 4, 2):
            return np.asarray(stored)
    allowed = footprints.subset(~forbidden.touches(footprints.lonlat, np.sqrt(footprints.area_km2) / 2))
    sampler = PlaceSampler(allowed, mosaic, forbidden, None, config.real_share, config.camera_share)
    rng = np.random.default_rng([config.seed, _PLACE_STREAM])
    found: list[Array] = []
    while len(found) < config.places:
        place = sampler.draw(1, rng)[0]
        blocks, iou = fitting_blocks(config, place, forbidden)
        if blocks and iou.max() > _LEAST_IOU:
            found.append(place)
    places = np.stack(found)
    if cache is not None:
        temporary = cache.with_name("writing-" + cache.name)
        np.save(temporary, places, allow_pickle=False)
        temporary.replace(cache)
    return places


def epoch_batches(
    config: TrainingConfig, epoch: int, places: Array, descriptors: NDArray[np.float32] | None
) -> list[NDArray[np.int64]]:
    """Group places into batches that are hard: near each other, and of alike descriptors.

    EarthLoc and AstroLoc draw batches from k-means clusters of descriptors; here that is done within neighbourhoods
    of ``group_places``, since a search is limited to the neighbourhood of the nadir.

    Args:
        config: the run.
        epoch: counted from 0; seeds the grouping.
        places: (N, 4, 2) EPSG:3857.
        descriptors: (N, D), the newest known of each place; None before there are any.

    Returns:
        Batches of ``config.batch`` places each, in random order; what does not fill a batch is left out this time.
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
    tiles: NDArray[np.float32] | None,
    photos: NDArray[np.float32] | None,
) -> list[NDArray[np.int64]]:
    """Choose the places of an epoch's batches of tiles alone.

    Args:
        config: the run.
        epoch: counted from 0.
        count: batches of the epoch.
        tiles: (N, D), the newest known descriptor of each place's tile; None before there are any.
        photos: (N, D), of each place's photo.
    """
    stream = [config.seed, _TILE_STREAM, epoch]
    seed = int(np.random.default_rng(stream).integers(2**31))
    clusters = min(config.tile_clusters, config.places // 2)
    if tiles is None or photos is None or not config.cluster_mining:
        drawn = ClusterBatches(random_clusters(config.places, clusters, seed=seed), config.tile_batch, seed)
    elif config.relevance:
        drawn = relevant_batches(tiles, photos, clusters=clusters, batch_size=config.tile_batch, seed=seed)
    else:
        drawn = ClusterBatches(cluster(tiles, clusters, seed=seed)[0], config.tile_batch, seed)
    return [drawn.batch(number) for number in range(count)]


def balanced_order(vectors: NDArray[np.float32], clusters: int, seed: int) -> NDArray[np.int64]:
    """Order vectors so that members of a k-means cluster, and clusters that are alike, stand together."""
    faiss: Any = importlib.import_module("faiss")  # its stubs do not know its Python layer
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
    """A walk over centres, each time to the nearest that is left."""
    left, walk = set(range(1, len(centres))), [0]
    while left:
        remaining = np.fromiter(left, dtype=np.int64)
        distances = ((centres[remaining] - centres[walk[-1]]) ** 2).sum(axis=1)
        walk.append(int(remaining[distances.argmin()]))
        left.discard(walk[-1])
    return walk
