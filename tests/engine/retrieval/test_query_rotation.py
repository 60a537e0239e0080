"""Query rotation: a photo finds its block in any of four rotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.geometry.footprint import footprint_lonlat
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.search import retrieve
from astroloc_qgis.engine.tiles import block_iou
from tests.engine.retrieval.photos import picture
from tests.engine.synthetic import make_world, shot


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_photo_finds_its_block_and_its_rotation(
    searchable: tuple[Index, Descriptor], imagery: Path, quarter_turns: int
) -> None:
    index, descriptor = searchable
    for number in (5, len(index) // 2):
        block = index.block(number)
        photo = np.rot90(picture(imagery, block), -quarter_turns)
        best = retrieve(photo, index, descriptor)[0]
        assert (best.block, best.quarter_turns, best.rank) == (block, quarter_turns, 1)


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_photo_with_its_own_footprint_finds_a_block_that_it_overlaps(
    searchable: tuple[Index, Descriptor], quarter_turns: int
) -> None:
    index, descriptor = searchable
    world = make_world()
    size = (360, 240)
    homography = shot(world, size, gsd=90.0, turn_deg=-90.0 * quarter_turns + 8, tilt=0.05, offset_m=(4000, -6000))
    footprint = footprint_lonlat(homography, world.plane, *size)
    found = retrieve(world.photo(homography, size, seed=3), index, descriptor, top=3)
    right = [candidate for candidate in found if block_iou(candidate.block, footprint) > 0.2]
    assert right
    assert right[0].quarter_turns == quarter_turns


def test_a_block_has_the_best_score_of_its_four_rotations(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(7))
    turned = descriptor.describe_photos([np.rot90(photo, turn) for turn in range(4)])
    vectors = np.stack([index.store.reconstruct(number) for number in range(len(index))])
    similarity = vectors @ turned.T
    for candidate in retrieve(photo, index, descriptor, top=len(index)):
        number = next(n for n in range(len(index)) if index.block(n) == candidate.block)
        assert candidate.score == pytest.approx(similarity[number].max(), abs=1e-5)
        assert similarity[number, candidate.quarter_turns] == pytest.approx(candidate.score, abs=1e-5)
