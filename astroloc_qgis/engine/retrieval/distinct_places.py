"""Distinct places: blocks that overlap a better one go behind the best blocks of other places."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from astroloc_qgis.engine.block_table import Table, iou_with
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.nadir_prior import WEIGHT

PLACES = 100
"""Number of distinct places that come first; behind them the list is by score alone."""
SAME_PLACE_IOU = 0.2
"""Blocks that overlap more than this are one place. Neighbours half a block apart have an IoU of 1/3, a block and one
of the next finer zoom within it 1/4, diagonal neighbours 1/7. Coregistration searches three times a candidate's width,
so that it covers the other blocks of the place too."""
SECOND_BLOCK_MARGIN = WEIGHT * math.log(2)
"""A block whose score is at most this much below its place's best is at least half as likely."""
SIMILAR_ZOOM = 1
"""Blocks further apart in zoom than this are different guesses of the scale and never one place."""
COVERED_WITHIN = 0.75
"""Largest distance, in blocks of one zoom, at which the search around one block covers the other: the searched ground
then contains a photo with the other block in its middle, with a margin."""


def distinct_places_first(table: Table, scores: np.ndarray, size: int) -> np.ndarray:
    """Reorder blocks so that those of the first ``PLACES`` distinct places come first; all others follow by score.

    A place is represented by its best block, and by its second one if that is nearly as likely: a photo often lies
    between two blocks.

    Args:
        table: (N, 3) zoom, row, column of the blocks, best first.
        scores: (N,) their scores, falling.
        size: tiles a side of a block.

    Returns:
        (N,) places in the table, in the new order.
    """
    place = np.full(len(scores), -1)
    seconds: set[int] = set()
    chosen: list[int] = []
    for at in range(len(scores)):
        if place[at] < 0:
            if len(chosen) - len(seconds) == PLACES:
                break
            similar = np.abs(table[:, 0] - table[at, 0]) <= SIMILAR_ZOOM
            place[(place < 0) & similar & (iou_with(table, table[at], size) > SAME_PLACE_IOU)] = at
            place[at] = at
        elif place[at] in seconds or scores[at] < scores[place[at]] - SECOND_BLOCK_MARGIN:
            continue
        else:
            seconds.add(int(place[at]))
        chosen.append(at)
    is_chosen = np.zeros(len(scores), dtype=bool)
    is_chosen[chosen] = True
    return np.concatenate((np.array(chosen, dtype=np.int64), np.flatnonzero(~is_chosen)))


def drop_covered(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Drop candidates whose ground the search around a better one of the same zoom covers: it is three blocks wide."""
    kept: list[Candidate] = []
    for candidate in candidates:
        block = candidate.block
        covered = (
            abs(block.row - other.block.row) <= COVERED_WITHIN * block.size
            and abs(block.column - other.block.column) <= COVERED_WITHIN * block.size
            for other in kept
            if other.block.zoom == block.zoom
        )
        if not any(covered):
            kept.append(candidate)
    return kept
