"""Validation counts recall as a person would, among the blocks of its zone."""

from __future__ import annotations

import numpy as np
import torch

from astroloc_qgis.engine.simulation.places import Zone
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.validation import recalls, zone_blocks


def test_recall_counts_photos_with_a_right_tile_among_the_first() -> None:
    similarity = torch.tensor([[0.9, 0.8, 0.1], [0.9, 0.8, 0.1], [0.9, 0.8, 0.1], [0.9, 0.8, 0.1]])
    right = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    found = recalls(similarity, right)
    assert found["1"] == 25.0
    assert found["5"] == 75.0


def test_the_blocks_of_a_zone_have_their_centre_in_it() -> None:
    zone = Zone(np.array([[25.0, -25.0]]), np.array([400.0]))
    blocks = zone_blocks(TrainingConfig(), zone)
    assert zone.touches(np.array([block.center_lonlat for block in blocks]), 0.0).all()
    assert Block(9, 290, 290) in blocks
    assert {block.zoom for block in blocks} == {7, 8, 9, 10, 11}
