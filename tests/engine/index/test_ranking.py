"""The highest scores are those of a whole sort, with ties in their order."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.index.ranking import highest


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("top", [1, 2, 7, 49, 50, 51, 1000])
@pytest.mark.parametrize("levels", [1, 3, 10_000])
def test_they_are_the_first_of_a_stable_sort(dtype: type, top: int, levels: int) -> None:
    scores = (np.random.default_rng(levels).integers(-levels, levels, 50) / levels).astype(dtype)
    np.testing.assert_array_equal(highest(scores, top), np.argsort(-scores, kind="stable")[:top])
