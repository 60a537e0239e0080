"""Distinct places come first, and no block is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from astroloc_qgis.engine.block_table import iou_with
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval import distinct_places
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.distinct_places import distinct_places_first, drop_covered
from astroloc_qgis.engine.retrieval.search import retrieve
from astroloc_qgis.engine.tiles import Block
from tests.engine.retrieval.photos import picture


def test_different_places_come_first_and_nothing_is_lost(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(9))
    plain = retrieve(photo, index, descriptor, top=len(index), diversify=False)
    diverse = retrieve(photo, index, descriptor, top=len(index))
    places: list[list[Candidate]] = []
    for candidate in plain:
        row = np.array([candidate.block.zoom, candidate.block.row, candidate.block.column], np.int32)
        others = np.array([(c.block.zoom, c.block.row, c.block.column) for c, *_ in places], np.int32).reshape(-1, 3)
        same = np.flatnonzero(iou_with(others, row, 4) > distinct_places.SAME_PLACE_IOU)
        if not len(same) and len(places) < distinct_places.PLACES:
            places.append([candidate])
        elif len(same) and candidate.score > places[same[0]][0].score - distinct_places.SECOND_BLOCK_MARGIN:
            places[same[0]].append(candidate)
    firsts = sorted((c for place in places for c in place[:2]), key=lambda c: c.rank)
    assert 1 < len(places) < len(plain)
    rest = [candidate for candidate in plain if candidate not in firsts]
    assert [c.block for c in diverse] == [c.block for c in firsts + rest]
    assert {(c.block, c.score, c.quarter_turns) for c in diverse} == {
        (c.block, c.score, c.quarter_turns) for c in plain
    }


def test_a_candidate_that_the_search_around_a_better_one_covers_is_dropped() -> None:
    blocks = [(10, 400, 400), (10, 403, 397), (10, 404, 400), (10, 400, 396), (11, 800, 800), (10, 402, 402)]
    candidates = [Candidate(Block(*block), rank, 1 - rank / 10, 0) for rank, block in enumerate(blocks, start=1)]
    assert [candidate.rank for candidate in drop_covered(candidates)] == [1, 3, 4, 5]


def test_a_second_block_of_a_place_is_kept_if_it_is_nearly_as_likely() -> None:
    table = np.array([(10, 400, 400), (10, 402, 400), (10, 400, 402), (10, 440, 400), (10, 442, 400)], np.int32)
    scores = np.array([0.9, 0.88, 0.87, 0.6, 0.5])
    assert distinct_places_first(table, scores, 4).tolist() == [0, 1, 3, 2, 4]


def test_blocks_far_apart_in_zoom_are_never_one_place() -> None:
    table = np.array([(10, 400, 400), (12, 1600, 1600), (11, 800, 800), (10, 402, 400), (10, 404, 404)], np.int32)
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    order = distinct_places_first(table, scores, 4)
    assert order.tolist() == [0, 1, 4, 2, 3]  # 11/800/800 lies in the first, 10/402/400 half on it
