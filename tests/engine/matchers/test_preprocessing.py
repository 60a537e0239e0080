"""Contrast equalisation of photos and reference."""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.matchers.base import Image
from astroloc_qgis.engine.matchers.preprocessing import equalise, stretch


def test_equalising_brings_haze_and_dusk_to_the_same_contrast(small_picture: Image) -> None:
    hazy, dusk = (small_picture * 0.3 + 140).astype(np.uint8), (small_picture * 0.4).astype(np.uint8)
    difference = [np.abs(a.astype(float) - b).mean() for a, b in ((hazy, dusk), (equalise(hazy), equalise(dusk)))]
    assert difference[1] < difference[0]
    assert equalise(hazy).std() > 1.3 * hazy.std()
    assert equalise(small_picture).shape == small_picture.shape


def test_stretching_takes_the_blue_of_haze_away(small_picture: Image) -> None:
    veil, clear = np.array([30, 60, 120]), np.array([0.8, 0.6, 0.3])
    hazy = (small_picture * clear + veil).clip(0, 255).astype(np.uint8)
    assert np.abs(stretch(hazy).astype(float) - stretch(small_picture)).mean() < 4
    assert np.ptp(hazy[..., 2]) < 80 < 250 < np.ptp(stretch(hazy)[..., 2])


def test_missing_pixels_stay_black_and_have_no_part_in_the_stretch(small_picture: Image) -> None:
    dull = (small_picture * 0.2 + 100).astype(np.uint8)
    framed = np.pad(dull, ((40, 40), (0, 0), (0, 0)))
    assert (stretch(framed)[40:-40] == stretch(dull)).all()
    assert stretch(framed)[:40].max() == 0
    # Where it is known what is missing, black counts like any colour, and no colour stands for nothing.
    known = np.ones(framed.shape[:2], bool)
    known[:40] = known[-40:] = False
    framed[:40], dull[:60, :80] = (255, 0, 120), 0
    framed[40:-40] = dull
    stretched = stretch(framed, known)
    assert stretched[:40].max() == 0
    assert (stretched[40:-40] == stretch(dull, np.ones(dull.shape[:2], bool))).all()
    assert np.median(stretched[120:-40]) > np.median(stretch(dull)[80:])


def test_what_has_no_contrast_is_not_blown_up() -> None:
    flat = np.full((20, 30, 3), 90, np.uint8)
    assert stretch(flat).std() == 0
    faint = flat + np.tile(np.array([0, 1], np.uint8)[:, None], (10, 30))[..., None]
    assert np.ptp(stretch(faint)) < 40
    assert stretch(np.zeros((4, 5, 3), np.uint8)).max() == 0
