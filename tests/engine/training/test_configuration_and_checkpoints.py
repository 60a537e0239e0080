"""The parts of training that can be held against something slow and obvious."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from toy import CONFIG

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.simulation.places import Zone
from astroloc_qgis.engine.tiles import Block, block_iou, blocks_in_extent, lonlat_to_mercator, mercator_to_lonlat
from astroloc_qgis.engine.training import records
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.overlap import blocks_about, iou_matrix, square_of
from astroloc_qgis.engine.training.data.positives import fitting_blocks
from astroloc_qgis.engine.training.data.training_places import balanced_order, epoch_batches, tile_batches
from astroloc_qgis.engine.training.losses.photo_tile_pairs import symmetric_infonce
from astroloc_qgis.engine.training.objective import photo_tile_loss
from astroloc_qgis.engine.training.validation import recalls, zone_blocks


def places(count: int, seed: int = 0, side_m: float = 2e5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = lonlat_to_mercator(np.column_stack([rng.uniform(-180, 180, count), rng.uniform(-50, 50, count)]))
    corners = np.array([[-0.5, 0.5], [0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]])
    return centres[:, None] + (corners + rng.uniform(-0.1, 0.1, (count, 4, 2))) * side_m


def unit(rows: int, columns: int, seed: int) -> torch.Tensor:
    vectors = torch.from_numpy(np.random.default_rng(seed).normal(size=(rows, columns)))
    return torch.nn.functional.normalize(vectors, dim=1)


def test_infonce_is_the_mean_of_what_each_photo_and_each_tile_pays() -> None:
    photos, tiles, temperature = unit(5, 8, 1), unit(5, 8, 2), 0.1
    neutral = torch.zeros(5, 5, dtype=torch.bool)
    neutral[0, 3] = neutral[2, 1] = neutral[4, 4] = True
    costs = []
    for i in range(5):
        for rows, columns, skip in ((photos, tiles, neutral[i]), (tiles, photos, neutral[:, i])):
            powers = {
                j: math.exp(float(rows[i] @ columns[j]) / temperature) for j in range(5) if j == i or not bool(skip[j])
            }
            costs.append(-math.log(powers[i] / sum(powers.values())))
    assert float(symmetric_infonce(photos, tiles, neutral, temperature)) == pytest.approx(sum(costs) / 10)


@pytest.mark.parametrize("loss", ["infonce", "pair", "multi-similarity"])
def test_without_the_mask_an_overlapping_tile_is_a_negative_and_with_it_none(loss: str) -> None:
    photos, tiles = unit(6, 4, 3), unit(6, 4, 4)
    tiles[1] = photos[0]
    iou = torch.eye(6, dtype=torch.float64)
    iou[0, 1] = 0.1  # below what makes a positive
    masked, plain = (
        photo_tile_loss(TrainingConfig(loss=loss, overlap_mask=mask), photos, tiles, iou) for mask in (True, False)
    )
    apart = photo_tile_loss(TrainingConfig(loss=loss), photos, tiles, torch.eye(6, dtype=torch.float64))
    assert float(plain) == pytest.approx(float(apart))
    assert float(masked) != pytest.approx(float(plain))


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
    assert {block.zoom for block in blocks} == {9, 10, 11}


def test_what_is_frozen_and_what_is_trained_make_the_whole_network() -> None:
    torch.manual_seed(1)
    network = LiteNetwork(16)
    images = torch.rand(2, 3, 64, 96) * 255
    with torch.inference_mode():
        whole = network(images)
        network.freeze(5)
        torch.testing.assert_close(network.finish(network.begin(images)), whole)
    network.finish(network.begin(images)).sum().backward()
    assert network.blocks[4].project.weight.grad is None
    assert network.blocks[5].project.weight.grad is not None


def test_the_centre_follows_the_mean_so_that_strangers_are_not_alike() -> None:
    torch.manual_seed(2)
    network = LiteNetwork(16)
    drifted = torch.randn(400, 16) + 10
    for part in drifted.split(20):
        network.recentre(part, 0.3)
    vectors = torch.nn.functional.normalize(drifted - network.centre, dim=1)
    assert float((vectors @ vectors.T).mean()) < 0.1


def test_the_log_goes_on_where_it_was(tmp_path: Path) -> None:
    for step in (1, 2):
        with records.Records(tmp_path) as log:
            log.write({"step": step, "loss": 1.5, "validation": {"overlap": {"1": 3.0}}})
    assert [json.loads(line)["step"] for line in (tmp_path / records.LOG).read_text().splitlines()] == [1, 2]
