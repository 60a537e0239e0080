"""Remembered tiles: only those far from a photo stand against it, and each only as long as it is fresh."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.places import rectangle_place
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.overlap import blocks_about, iou_matrix, square_of
from astroloc_qgis.engine.training.losses.photo_tile_pairs import symmetric_infonce
from astroloc_qgis.engine.training.memory import TileMemory


def pool(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack(
        [rectangle_place(rng.uniform(-12, 12), rng.uniform(-50, -38), 2e4, rng) for _ in range(count)]
    )  # crowded: many overlap


def unit(rows: int, columns: int, seed: int) -> torch.Tensor:
    vectors = torch.from_numpy(np.random.default_rng(seed).normal(size=(rows, columns)))
    return torch.nn.functional.normalize(vectors, dim=1)


def test_a_tile_that_shows_ground_of_a_photo_never_stands_against_it() -> None:
    places = pool(120)
    memory = TileMemory(places, 120)
    memory.remember(np.arange(120))
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


def test_the_oldest_are_forgotten() -> None:
    memory = TileMemory(pool(12), 5)
    for first in (0, 3, 6):
        memory.remember(np.arange(first, first + 3))
    assert memory.recent.tolist() == [4, 5, 6, 7, 8]


def test_a_memory_of_nothing_remembers_nothing() -> None:
    memory = TileMemory(pool(4), 0)
    memory.remember(np.arange(4))
    assert len(memory.recent) == 0


def test_each_photo_pays_for_remembered_tiles_that_are_like_it() -> None:
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
    found = symmetric_infonce(photos, tiles, nothing, temperature, cosines)
    assert float(found) == pytest.approx(sum(costs) / 8)
    nobody = torch.full((4, 7), float("-inf"), dtype=torch.float64)
    without = symmetric_infonce(photos, tiles, nothing, temperature)
    assert float(symmetric_infonce(photos, tiles, nothing, temperature, nobody)) == pytest.approx(float(without))


def test_other_losses_have_no_use_for_it() -> None:
    with pytest.raises(InputError, match="memory to 0"):
        TrainingConfig(loss="pair", memory=100)
