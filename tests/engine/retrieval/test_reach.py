"""A shard that a limit reaches is never left out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.retrieval.reach import distance_to_boxes_km

LATITUDES = st.floats(-85, 85)


@given(
    st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    st.floats(-180, 180), st.floats(0.1, 359), LATITUDES, LATITUDES,
)  # fmt: skip
def test_the_distance_to_a_box_is_that_to_its_nearest_point(point, west, width, one, other) -> None:
    south, north = sorted((one, other))
    found = distance_to_boxes_km(np.array(point), np.array([[west, south, west + width, north]]))[0]
    lons, lats = np.meshgrid(np.linspace(west, west + width, 181), np.linspace(south, north, 61))
    sampled = great_circle_km(np.array(point), np.column_stack((lons.ravel(), lats.ravel()))).min()
    step = np.hypot(width / 180, (north - south) / 60) * 111.4
    assert found <= sampled + 1e-6
    assert sampled <= found + step
