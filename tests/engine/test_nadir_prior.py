"""What is known of where photos lie about their nadir: a density, checked by adding it up."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.nadir_prior import ANYWHERE, SEEN_KM, SIGMA_KM, WEIGHT, log_prior, score_loss


def test_it_is_nothing_at_the_nadir_and_falls_to_a_floor() -> None:
    values = log_prior(np.array([0, 100, 320, 800, 1600, 2500, 9000]))
    assert values[0] == 0
    assert (np.diff(values) <= 0).all()
    assert values[2] == pytest.approx(-0.5, abs=0.01)
    assert values[-1] == pytest.approx(values[-2], abs=1e-6)
    assert (score_loss(np.array([0.0, 320.0])) == -WEIGHT * log_prior(np.array([0.0, 320.0]))).all()


def test_the_share_of_photos_in_a_circle_is_that_of_a_rayleigh_distribution_and_a_flat_rest() -> None:
    distance = (np.arange(250_000) + 0.5) * SEEN_KM / 250_000
    density = np.exp(log_prior(distance)) * distance
    cumulated = np.cumsum(density) / density.sum()
    for radius in (200, 400, 800, 1600):
        near = 1 - np.exp(-((radius / SIGMA_KM) ** 2) / 2)
        expected = (1 - ANYWHERE) * near + ANYWHERE * (radius / SEEN_KM) ** 2
        assert np.interp(radius, distance, cumulated) == pytest.approx(expected, abs=1e-3)
