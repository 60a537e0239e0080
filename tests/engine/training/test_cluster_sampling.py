"""The batches of an epoch: hard, of one neighbourhood or one cluster, and the same for the same seed."""

from __future__ import annotations

import dataclasses

import numpy as np

from astroloc_qgis.engine.training.cluster_sampling import epoch_batches, random_pairs, tile_batches
from astroloc_qgis.engine.training.kmeans_batches import balanced_order
from tests.engine.training.random_inputs import places
from tests.engine.training.toy import CONFIG


def test_batches_are_the_same_for_a_seed_and_hold_each_place_once() -> None:
    config = dataclasses.replace(CONFIG, places=200, batch=8, group_places=40)
    pool = places(200)
    vectors = np.random.default_rng(0).normal(size=(200, 32)).astype(np.float32)
    first, again, later = (epoch_batches(config, epoch, pool, vectors) for epoch in (3, 3, 4))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert any((one != other).any() for one, other in zip(first, later, strict=True))
    shown = np.concatenate(first)
    assert len(np.unique(shown)) == len(shown) >= 150
    assert all(len(batch) == 8 for batch in first)


def test_batches_are_of_one_neighbourhood_and_of_alike_descriptors() -> None:
    config = dataclasses.replace(CONFIG, places=320, batch=8, group_places=64, hard_share=1.0)
    pool = places(320)
    kinds = np.random.default_rng(1).integers(0, 8, 320)
    vectors = np.eye(32, dtype=np.float32)[kinds] + np.random.default_rng(2).normal(0, 0.01, (320, 32))

    def mixed(batches: list[np.ndarray]) -> float:
        return float(np.mean([len(np.unique(kinds[batch])) for batch in batches]))

    def wide(batches: list[np.ndarray]) -> float:
        return float(np.mean([np.linalg.norm(pool[batch].mean(axis=1).std(axis=0)) for batch in batches]))

    soft, hard = (epoch_batches(config, 0, pool, known) for known in (None, vectors.astype(np.float32)))
    anyhow = list(np.random.default_rng(0).permutation(320).reshape(-1, 8))
    assert mixed(hard) < 0.6 * mixed(soft)
    assert wide(soft) < 0.7 * wide(anyhow)


def test_neighbours_in_the_balanced_order_are_alike() -> None:
    vectors = np.repeat(np.eye(6, dtype=np.float32), 10, axis=0)[np.random.default_rng(0).permutation(60)]
    order = balanced_order(vectors, 6, seed=1)
    assert sorted(order) == list(range(60))
    same = (vectors[order[1:]] == vectors[order[:-1]]).all(axis=1)
    assert same.sum() >= 50


def test_tile_batches_follow_the_photos_where_relevance_is_asked_for() -> None:
    config = dataclasses.replace(CONFIG, places=60, tile_loss=1.0, tile_batch=5, tile_clusters=2)
    tiles = np.repeat(np.eye(2, 32, dtype=np.float32), 30, axis=0)
    photos = np.eye(1, 32, dtype=np.float32).repeat(60, axis=0)  # all look like the first kind of tile
    relevant = np.concatenate(tile_batches(config, 1, 20, tiles, photos))
    evenly = np.concatenate(tile_batches(dataclasses.replace(config, relevance=False), 1, 20, tiles, photos))
    assert (relevant < 30).all()
    assert 0 < (evenly < 30).mean() < 1


def test_pairs_at_random_show_each_place_as_often_as_any_other() -> None:
    config = dataclasses.replace(CONFIG, places=30, batch=8, cluster_every=15)
    first, again, later = (random_pairs(config, epoch, np.arange(30)) for epoch in (1, 1, 2))
    assert [len(batch) for batch in first] == [8] * 15
    assert np.array_equal(np.bincount(np.concatenate(first)), np.full(30, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)


def test_without_photos_or_before_the_first_clusters_tiles_are_drawn_among_all_places() -> None:
    config = dataclasses.replace(CONFIG, places=60, tile_loss=1.0, tile_batch=5, tile_clusters=2)
    drawn = np.concatenate(tile_batches(config, 0, 200, None, None, places=90))
    assert set(drawn) == set(range(90))
