"""Augmentation does to a picture what plain arithmetic does, and the same to all tiles of a year."""

from __future__ import annotations

import colorsys
import math

import numpy as np
import pytest
import torch

from astroloc_qgis.engine.training.year_wise_augmentation import (
    Augmentation,
    AugmentationRanges,
    augment_by_year,
    augment_each,
)


def pictures(count: int, size: int = 12, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(0, 1, (count, 3, size, size)).astype(np.float32))


def test_the_augmentation_that_changes_nothing_changes_nothing():
    images = pictures(2)
    assert torch.allclose(Augmentation(np.eye(3))(images, 12), images, atol=1e-5)


def test_a_quarter_turn_is_rot90():
    images = pictures(1)
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert torch.allclose(Augmentation(turn)(images, 12), torch.rot90(images, 1, (2, 3)), atol=1e-5)


def test_a_view_samples_where_the_homography_says():
    view = np.array([[0.6, -0.2, 0.05], [0.1, 0.7, -0.1], [0.1, -0.05, 1.0]])
    size, image = 12, pictures(1)
    seen = Augmentation(view)(image, 5)[0, 0]
    for row in range(5):
        for column in range(5):
            x, y, w = view @ np.array([(column + 0.5) * 2 / 5 - 1, (row + 0.5) * 2 / 5 - 1, 1.0])
            u, v = (x / w + 1) * size / 2 - 0.5, (y / w + 1) * size / 2 - 0.5
            left, top = math.floor(u), math.floor(v)
            value = 0.0
            for down in (0, 1):
                for right in (0, 1):
                    weight = (1 - abs(u - left - right)) * (1 - abs(v - top - down))
                    value += weight * float(image[0, 0, top + down, left + right])
            assert float(seen[row, column]) == pytest.approx(value, abs=1e-4)


def test_colours_change_pixel_by_pixel_as_the_factors_say():
    image = pictures(1, 4)
    changed = Augmentation(np.eye(3), brightness=0.7, contrast=1.4, saturation=0.5)(image, 4)
    luma = np.array([0.299, 0.587, 0.114])
    pixels = image[0].numpy().transpose(1, 2, 0).reshape(-1, 3)
    bright = np.clip(pixels * 0.7, 0, 1)
    mean = np.mean([luma @ pixel for pixel in bright])
    for at, pixel in enumerate(bright):
        contrasted = np.clip([mean + (value - mean) * 1.4 for value in pixel], 0, 1)
        grey = luma @ contrasted
        expected = np.clip([grey + (value - grey) * 0.5 for value in contrasted], 0, 1)
        assert changed[0, :, at // 4, at % 4].numpy() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("third", [1, 2])
def test_a_third_of_a_turn_of_hue_exchanges_the_primaries(third):
    red = torch.zeros(1, 3, 2, 2)
    red[:, 0] = 0.8
    turned = Augmentation(np.eye(3), hue=third / 3)(red, 2)[0, :, 0, 0].numpy()
    assert turned == pytest.approx(colorsys.hsv_to_rgb(third / 3, 1.0, 0.8), abs=1e-5)


def test_grey_stays_grey_whatever_the_hue_and_saturation():
    grey = torch.full((1, 3, 4, 4), 0.37)
    changed = Augmentation(np.eye(3), saturation=1.8, hue=0.3)(grey, 4)
    assert torch.allclose(changed, grey, atol=1e-5)


def test_all_tiles_of_a_year_are_changed_alike_and_years_differ():
    images = pictures(6, 16).unflatten(0, (3, 2))
    changed = augment_by_year(images, 10, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    for year in range(2):
        augment = Augmentation.draw(rng, AugmentationRanges())
        for tile in range(3):
            alone = augment(images[tile, year][None], 10)[0]
            assert torch.allclose(changed[tile, year], alone, atol=1e-6)
    same = images[:, :1].expand(-1, 2, -1, -1, -1)
    both = augment_by_year(same, 10, np.random.default_rng(5))
    assert (both[:, 0] - both[:, 1]).abs().mean() > 0.02


def test_without_the_year_rule_every_picture_is_changed_on_its_own():
    images = pictures(1, 16)[None].expand(3, 2, -1, -1, -1)
    changed = augment_each(images, 10, np.random.default_rng(1)).flatten(0, 1)
    assert all((changed[0] - other).abs().mean() > 0.01 for other in changed[1:])


def test_the_same_seed_draws_the_same():
    images = pictures(4, 16).unflatten(0, (2, 2))
    first = augment_by_year(images, 10, np.random.default_rng(3))
    assert torch.equal(first, augment_by_year(images, 10, np.random.default_rng(3)))


def test_ranges_bound_what_is_drawn():
    narrow = AugmentationRanges(
        rotation_deg=0, least_side=1, perspective=0, brightness=0, contrast=0, saturation=0, hue=0
    )
    images = pictures(1, 16)
    drawn = Augmentation.draw(np.random.default_rng(0), narrow)
    assert torch.allclose(drawn(images, 16), images, atol=1e-4)


@pytest.mark.parametrize("seed", range(20))
def test_results_are_finite_and_within_0_and_1(seed):
    images = pictures(2, 16, seed)[None]
    changed = augment_by_year(images, 12, np.random.default_rng(seed))
    assert changed.shape == (1, 2, 3, 12, 12)
    assert torch.isfinite(changed).all()
    assert changed.min() >= 0
    assert changed.max() <= 1
