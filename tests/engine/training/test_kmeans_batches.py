"""Batches come from one cluster each, as often as they should, and again the same after a restart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from astroloc_qgis.engine.training.kmeans_batches import ClusterBatches, cluster, nearest, random_clusters
from astroloc_qgis.engine.training.relevance_weighted_clusters import relevance_weights, relevant_batches
from tests.engine.training.random_inputs import SEEDS

THREE = np.array([[10.0, 0.0], [0.0, 10.0], [-10.0, -10.0]], dtype=np.float32)


def blobs(counts: list[int], seed: int = 0) -> np.ndarray:
    """Vectors about three centres far apart."""
    rng = np.random.default_rng(seed)
    parts = [THREE[place] + rng.normal(0, 0.5, (count, 2)) for place, count in enumerate(counts)]
    return np.concatenate(parts).astype(np.float32)


@given(SEEDS)
def test_nearest_is_the_nearest_by_distance(seed):
    rng = np.random.default_rng(seed)
    vectors, centres = rng.normal(0, 1, (12, 3)).astype(np.float32), rng.normal(0, 1, (4, 3)).astype(np.float32)
    for found, vector in zip(nearest(vectors, centres), vectors, strict=True):
        distances = [float(np.linalg.norm(vector.astype(np.float64) - centre)) for centre in centres]
        assert distances[found] == pytest.approx(min(distances), abs=1e-5)


def test_clustering_finds_what_lies_together():
    labels, centres = cluster(blobs([30, 20, 10]), 3, seed=1)
    assert [len(set(part.tolist())) for part in np.split(labels, [30, 50])] == [1, 1, 1]
    assert len(set(labels.tolist())) == 3
    for place, centre in enumerate(THREE):
        mine = labels[[0, 30, 50][place]]
        assert np.linalg.norm(centres[mine] - centre) < 1


def test_more_clusters_than_vectors_are_refused():
    with pytest.raises(ValueError, match="cannot form 4 clusters"):
        cluster(blobs([1, 1, 1]), 4, seed=0)


def test_random_clusters_are_of_equal_size():
    assert sorted(np.bincount(random_clusters(10, 3, seed=5)).tolist()) == [3, 3, 4]


def test_a_batch_is_of_one_cluster_and_repeats_nothing_that_it_need_not():
    labels = np.array([0] * 20 + [1] * 20 + [2] * 3)
    batches = ClusterBatches(labels, batch_size=8, seed=3)
    drawn = [batches.batch(number) for number in range(60)]
    for batch in drawn:
        assert len(set(labels[batch].tolist())) == 1
        assert len(set(batch.tolist())) == (8 if labels[batch[0]] != 2 else len(set(batch.tolist())))
    assert {int(labels[batch[0]]) for batch in drawn} == {0, 1, 2}


def test_a_resumed_run_draws_the_same_batches():
    labels = random_clusters(100, 4, seed=0)
    first = [ClusterBatches(labels, 16, seed=9).batch(number) for number in range(10)]
    resumed = ClusterBatches(labels, 16, seed=9)
    assert all((resumed.batch(number) == first[number]).all() for number in (7, 8, 9))
    assert (ClusterBatches(labels, 16, seed=10).batch(7) != first[7]).any()


def test_clusters_are_drawn_as_often_as_their_weights_say():
    labels = np.array([0] * 10 + [1] * 10 + [2] * 10)
    batches = ClusterBatches(labels, 4, seed=2, weights=np.array([1.0, 3.0, 0.0]))
    share = np.bincount([int(labels[batches.batch(number)[0]]) for number in range(2000)], minlength=3) / 2000
    assert share == pytest.approx([0.25, 0.75, 0.0], abs=0.03)


def test_weights_that_leave_nothing_are_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        ClusterBatches(np.array([0, 0]), 2, seed=0, weights=np.array([0.0, 1.0]))


def test_relevance_is_the_share_of_photos_in_a_cluster():
    photos = blobs([6, 3, 1], seed=4)
    assert relevance_weights(photos, THREE).tolist() == pytest.approx([0.6, 0.3, 0.1])
    assert relevance_weights(photos, THREE, smoothing=10).tolist() == pytest.approx([0.4, 0.325, 0.275])


def test_without_photos_there_is_no_relevance():
    with pytest.raises(ValueError, match="photos"):
        relevance_weights(np.empty((0, 2), np.float32), THREE)


def test_tiles_are_drawn_where_photos_are_taken():
    tiles, photos = blobs([40, 40, 40]), blobs([30, 10, 0], seed=8)
    batches = relevant_batches(tiles, photos, clusters=8, batch_size=4, seed=0)
    kind = np.repeat([0, 1, 2], 40)
    share = np.bincount([int(kind[batches.batch(number)[0]]) for number in range(1000)], minlength=3) / 1000
    assert share == pytest.approx([0.75, 0.25, 0.0], abs=0.05)
