"""What is known of where photos lie about their nadir: a density, checked by adding it up."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.retrieval.nadir_prior import (
    ANYWHERE,
    SEEN_KM,
    SIGMA_KM,
    SIZE_SHARES,
    WEIGHT,
    distance_penalty,
    log_prior,
    size_penalty,
)


def test_it_is_nothing_at_the_nadir_and_falls_to_a_floor() -> None:
    values = log_prior(np.array([0, 100, 320, 800, 1600, 2500, 9000]))
    assert values[0] == 0
    assert (np.diff(values) <= 0).all()
    assert values[2] == pytest.approx(-0.5, abs=0.01)
    assert values[-1] == pytest.approx(values[-2], abs=1e-6)
    assert (distance_penalty(np.array([0.0, 320.0])) == -WEIGHT * log_prior(np.array([0.0, 320.0]))).all()


def test_the_share_of_photos_in_a_circle_is_that_of_a_rayleigh_distribution_and_a_flat_rest() -> None:
    distance = (np.arange(250_000) + 0.5) * SEEN_KM / 250_000
    density = np.exp(log_prior(distance)) * distance
    cumulated = np.cumsum(density) / density.sum()
    for radius in (200, 400, 800, 1600):
        near = 1 - np.exp(-((radius / SIGMA_KM) ** 2) / 2)
        expected = (1 - ANYWHERE) * near + ANYWHERE * (radius / SEEN_KM) ** 2
        assert np.interp(radius, distance, cumulated) == pytest.approx(expected, abs=1e-3)


def test_each_of_few_large_blocks_is_likelier_than_each_of_many_small_ones() -> None:
    zooms = np.repeat(np.array([11, 9, 7, 10, 8], np.int32), [600, 100, 8, 360, 30])
    loss = size_penalty(zooms)
    chance = np.exp(-loss / WEIGHT)
    assert loss.min() == 0
    total = {zoom: chance[zooms == zoom].sum() / chance.sum() for zoom in SIZE_SHARES}
    assert total == pytest.approx(
        dict(SIZE_SHARES), abs=1e-9
    )  # together, blocks of a size are as likely as photos of it
    assert sum(SIZE_SHARES.values()) == pytest.approx(1)


def test_what_only_some_zooms_cover_does_not_make_their_blocks_less_likely() -> None:
    zooms = np.repeat(np.array([9, 10, 11], np.int32), [100, 360, 600])
    alone = size_penalty(zooms)
    further = np.concatenate((zooms, np.full(50, 9, np.int32)))
    found = size_penalty(further, np.arange(len(further)) < len(zooms))
    assert found[: len(zooms)] == pytest.approx(alone)
    assert (found[len(zooms) :] == found[0]).all()
    assert size_penalty(further)[0] > found[0]


def test_an_index_without_the_largest_blocks_counts_the_others_as_before() -> None:
    zooms = np.repeat(np.array([9, 10, 11], np.int32), [100, 360, 600])
    chance = np.exp(-size_penalty(zooms) / WEIGHT)
    total = np.array([chance[zooms == zoom].sum() for zoom in (9, 10, 11)])
    shares = np.array([SIZE_SHARES[zoom] for zoom in (9, 10, 11)])
    assert total / total.sum() == pytest.approx(shares / shares.sum())


def test_sizes_of_which_nothing_is_known_cost_nothing() -> None:
    assert not size_penalty(np.array([9, 10, 11, 12, 12], np.int32)).any()
    assert not size_penalty(np.array([14, 14], np.int32)).any()
    assert not size_penalty(np.array([10, 10], np.int32)).any()
