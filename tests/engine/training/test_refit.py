"""The last layer fitted again: it finds what tells tiles apart, beside thousands of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.simulation.places import rectangle_place
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.refit import Features, fit_last_layer

CONFIG = TrainingConfig(
    places=600, batch=8, dimensions=32, refit_pairs=600, refit_steps=60, refit_batch=400, refit_rate=1e-2
)


def far_places(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([rectangle_place(rng.uniform(-180, 180), rng.uniform(-60, 60), 1e3, rng) for _ in range(count)])


def features(count: int, seed: int) -> Features:
    """Photos share 24 of their numbers with their tile; the other 408 say nothing."""
    rng = np.random.default_rng(seed)

    def picture(own: np.ndarray) -> np.ndarray:
        return np.concatenate([own + 0.3 * rng.normal(size=own.shape), 0.5 * rng.normal(size=(count, 408))], axis=1)

    own = rng.normal(size=(count, 24))
    photos = np.stack([picture(own) for _ in range(3)], axis=1)
    return np.arange(count), photos.astype(np.float16), picture(own).astype(np.float16)


def first_of(network: LiteNetwork, pairs: Features) -> float:
    """How many photos have their own tile in the first place."""
    with torch.no_grad():
        photos, tiles = (network.head(torch.from_numpy(part).float()) - network.centre for part in pairs[1:])
        alike = torch.nn.functional.normalize(photos, dim=-1).sum(1) @ torch.nn.functional.normalize(tiles, dim=1).T
    return float((alike.argmax(dim=1) == torch.arange(len(alike))).float().mean())


def network() -> LiteNetwork:
    torch.manual_seed(1)
    found = LiteNetwork(CONFIG.dimensions)
    found.centre.normal_(std=0.1)
    return found


def test_it_learns_what_tells_the_tiles_of_others_apart() -> None:
    model, unseen = network(), features(300, seed=9)
    before = first_of(model, unseen)
    tiles = fit_last_layer(CONFIG, model, features(600, seed=3), far_places(600))
    assert first_of(model, unseen) > before + 0.3
    assert tiles.shape == (600, 32)
    np.testing.assert_allclose(np.linalg.norm(tiles, axis=1), 1, atol=1e-5)


def test_the_same_seed_gives_the_same_layer() -> None:
    found = []
    for _ in range(2):
        model = network()
        fit_last_layer(CONFIG, model, features(600, seed=3), far_places(600))
        found.append(model.head.weight.detach().clone())
    assert torch.equal(*found)


def test_tiles_near_a_photo_do_not_stand_against_it() -> None:
    # All at one place: nothing is told apart, so there is nothing to learn.
    model = network()
    before = model.head.weight.detach().clone()
    together = np.repeat(far_places(1), 200, axis=0)
    fit_last_layer(dataclasses.replace(CONFIG, refit_steps=5), model, features(200, seed=3), together)
    assert torch.equal(model.head.weight, before)
