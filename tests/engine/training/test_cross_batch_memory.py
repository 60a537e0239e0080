"""The cross-batch memory: tiles far from a photo are its negatives, as long as they are fresh."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.places import rectangle_place
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.cross_batch_memory import CrossBatchMemory
from astroloc_qgis.engine.training.data.overlap import blocks_about, iou_matrix, square_of
from astroloc_qgis.engine.training.losses.info_nce import symmetric_info_nce
from tests.engine.training.random_inputs import unit


def crowded_places(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack(
        [rectangle_place(rng.uniform(-12, 12), rng.uniform(-50, -38), 2e4, rng) for _ in range(count)]
    )  # crowded: many overlap


def test_a_tile_that_shows_ground_of_a_photo_is_never_its_negative() -> None:
    places = crowded_places(120)
    memory = CrossBatchMemory(places, 120)
    memory.add(np.arange(120))
    neutral = memory.neutral(np.arange(40))
    assert neutral.shape == (40, 120)
    # The tile that was rendered of a place is one of the blocks that fit it best.
    best = []
    for place in places:
        squares = np.stack([square_of(block) for block in blocks_about(place, (9, 10, 11), (2, 2, 3))])
        best.append(squares[iou_matrix(place[None], squares)[0].argmax()])
    shown = iou_matrix(places[:40], np.stack(best)) > 0
    assert shown.sum() > 80
    assert not (shown & ~neutral).any()
    assert 0.3 < (~neutral).mean() < 1


def test_the_oldest_are_dropped() -> None:
    memory = CrossBatchMemory(crowded_places(12), 5)
    for first in (0, 3, 6):
        memory.add(np.arange(first, first + 3))
    assert memory.recent.tolist() == [4, 5, 6, 7, 8]


def test_a_memory_of_size_0_keeps_nothing() -> None:
    memory = CrossBatchMemory(crowded_places(4), 0)
    memory.add(np.arange(4))
    assert len(memory.recent) == 0


def test_each_photo_pays_for_similar_tiles_of_the_memory() -> None:
    photos, tiles, remembered, temperature = unit(4, 6, 1), unit(4, 6, 2), unit(7, 6, 3), 0.1
    nothing = torch.zeros(4, 4, dtype=torch.bool)
    cosines = photos @ remembered.T
    cosines[1, 2:5] = float("-inf")
    costs = []
    for i in range(4):
        own = math.exp(float(photos[i] @ tiles[i]) / temperature)
        against = sum(math.exp(float(photos[i] @ tiles[j]) / temperature) for j in range(4) if j != i)
        extra = sum(math.exp(float(value) / temperature) for value in cosines[i] if value > -2)
        backwards = sum(math.exp(float(photos[j] @ tiles[i]) / temperature) for j in range(4))
        costs += [-math.log(own / (own + against + extra)), -math.log(own / backwards)]
    found = symmetric_info_nce(photos, tiles, nothing, temperature, cosines)
    assert float(found) == pytest.approx(sum(costs) / 8)
    nobody = torch.full((4, 7), float("-inf"), dtype=torch.float64)
    without = symmetric_info_nce(photos, tiles, nothing, temperature)
    assert float(symmetric_info_nce(photos, tiles, nothing, temperature, nobody)) == pytest.approx(float(without))


def test_other_losses_have_no_use_for_it() -> None:
    with pytest.raises(InputError, match="memory to 0"):
        TrainingConfig(loss="pair", memory=100)
