"""Scans of film: square, the same for the same seed, with what the film era puts on them; the ground is still there."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.simulation.film import captioned, faded, film, framed, grain, grey, reseau, square_part
from tests.engine.synthetic import landscape

GROUND = landscape(256, 3)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_same_seed_gives_the_same_scan_and_another_another() -> None:
    first, again, other = (film(GROUND, rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_scans_are_of_every_kind() -> None:
    scans = [film(GROUND, rng(seed)) for seed in range(60)]
    assert all(scan.dtype == np.uint8 and min(scan.shape[:2]) >= 256 for scan in scans)
    bordered = [scan.shape != GROUND.shape for scan in scans]
    colourless = [np.ptp(scan.astype(int), axis=2).mean() < 12 for scan in scans]
    assert 0.5 < np.mean(bordered) < 0.9
    assert 0.25 < np.mean(colourless) < 0.75


def test_the_ground_can_still_be_seen_on_most() -> None:
    luma = GROUND.mean(axis=2)
    alike = []
    for seed in range(30):
        scan = film(GROUND, rng(seed))
        if scan.shape == GROUND.shape:
            alike.append(abs(np.corrcoef(luma.ravel(), scan.mean(axis=2).ravel())[0, 1]))
    assert np.median(alike) > 0.6


def test_the_square_is_the_middle_of_a_photo_whatever_its_format() -> None:
    for shape in ((40, 60, 3), (60, 40, 3), (50, 50, 3)):
        photo = rng().integers(0, 255, shape, dtype=np.uint8)
        square, corners = square_part(photo)
        left, top = corners[0].astype(int)
        right, bottom = corners[2].astype(int)
        assert square.shape[0] == square.shape[1] == min(shape[:2])
        assert np.array_equal(square, photo[top:bottom, left:right])
        assert (left, top) == (shape[1] - right, shape[0] - bottom)


def test_each_step_does_what_it_says() -> None:
    ground = GROUND.astype(np.float32) / 255
    assert np.ptp(grey(ground, rng(4)), axis=2).mean() < np.ptp(ground, axis=2).mean()
    assert faded(ground, rng(5)).min() > ground.min()
    flat = np.full((256, 256, 3), 0.5, dtype=np.float32)
    assert 0.005 < grain(flat, rng(6)).std() < 0.15
    crossed = (reseau(flat, rng(7)) != flat).any(axis=2)
    assert crossed[128, 128]
    assert 0 < crossed.mean() < 0.05
    scan, (top, bottom, left, right) = framed(flat, rng(8))
    assert scan.shape == (256 + top + bottom, 256 + left + right, 3)
    written = (captioned(scan, (top, bottom, left, right), rng(9)) != scan).any(axis=2)
    frame = written[top : top + 256, left : left + 256]
    assert written.any()
    assert not frame.any()  # the number is on the edge of the film
