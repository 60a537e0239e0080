"""The overlap of places and blocks agrees with the tiling scheme's own."""

from __future__ import annotations

import numpy as np
import pytest

from astroloc_qgis.engine.simulation.places import Zone
from astroloc_qgis.engine.tiles import block_iou, blocks_in_extent, lonlat_to_mercator, mercator_to_lonlat
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.overlap import blocks_about, iou_matrix, square_of
from astroloc_qgis.engine.training.data.positives import fitting_blocks
from tests.engine.training.random_inputs import places


def test_iou_agrees_with_the_tiling_schemes_own() -> None:
    footprints = places(12, side_m=3e5)
    blocks = [block for place in footprints for block in blocks_about(place, (8, 9), (2, 2))][::5]
    matrix = iou_matrix(footprints, np.stack([square_of(block) for block in blocks]))
    for i, footprint in enumerate(footprints):
        for j, block in enumerate(blocks):
            assert matrix[i, j] == pytest.approx(block_iou(block, mercator_to_lonlat(footprint)), abs=1e-4)


def test_the_blocks_about_a_place_are_those_of_an_index_also_across_the_antimeridian() -> None:
    for lon in (30.0, 179.9, -179.9):
        place = places(1)[0]
        place += lonlat_to_mercator([(lon, 10.0)])[0] - place.mean(axis=0)
        lonlat = mercator_to_lonlat(place)
        west, east = ((value + 180) % 360 - 180 for value in (lonlat[:, 0].min(), lonlat[:, 0].max()))
        extent = (west, lonlat[:, 1].min(), east, lonlat[:, 1].max())
        expected = [*blocks_in_extent(extent, [9], stride=2), *blocks_in_extent(extent, [11], stride=2)]
        assert sorted(set(blocks_about(place, (9, 11), (2, 2)))) == sorted(expected)


def test_a_places_blocks_overlap_it_well_and_touch_nothing_forbidden() -> None:
    config = TrainingConfig()
    zone = Zone(np.array([[0.0, 0.0], [60.0, 20.0]]), np.array([1500.0, 2500.0]))
    for place in places(30, seed=2):
        blocks, iou = fitting_blocks(config, place, zone)
        assert (iou[1:] >= config.positive_iou).all()
        assert sorted(iou, reverse=True) == list(iou)
        for block in blocks:
            assert not zone.touches(block.corners_lonlat, 0.0).any()
