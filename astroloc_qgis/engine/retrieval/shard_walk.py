"""A search of an index in shards: the shards in reach one after the other, and the best of all kept.

No more is in memory than the tables of the shards and the vectors of a few of them. Where a search has to weigh
similarity against the nadir or texture, every block in reach is scored; very many blocks are looked at by their coarse
codes first, where they have any, and the best of those are compared by their stored vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.ranking import highest
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.index.sharded.texture import texture_bonus
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.limits import Limits, NoBlocksError
from astroloc_qgis.engine.retrieval.nadir_prior import prior_penalty
from astroloc_qgis.engine.retrieval.query import Query
from astroloc_qgis.engine.retrieval.query_rotation import best_rotations
from astroloc_qgis.engine.retrieval.reach import shards_in_reach

MOST_SCORED = 3_000_000
"""Blocks in reach up to which all are scored where a nadir or texture counts; of more, those that resemble it most."""


@dataclass(frozen=True, eq=False)
class Found:
    """Blocks that a search found, best first.

    Attributes:
        scores: (n,) float, falling.
        quarter_turns: (n,) of the rotation with that score.
        blocks: (n, 3) zoom, row, column.
    """

    scores: NDArray[np.floating]
    quarter_turns: NDArray[np.int64]
    blocks: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Part:
    """What is found so far.

    Of each block its score, turns, shard, number in it, what was added to its similarity, and whether that is of coarse
    codes.
    """

    scores: NDArray[np.floating]
    quarter_turns: NDArray[np.int64]
    shards: NDArray[np.int64]
    numbers: NDArray[np.int64]
    added: NDArray[np.floating]
    is_coarse: NDArray[np.bool_]

    def only(self, places: NDArray[np.int64]) -> _Part:
        return _Part(*(getattr(self, name)[places] for name in self.__dataclass_fields__))

    def with_(self, other: _Part) -> _Part:
        names = self.__dataclass_fields__
        return _Part(*(np.concatenate((getattr(self, name), getattr(other, name))) for name in names))


def check_limits(index: ShardedIndex, limits: Limits, reference: Reference | None) -> None:
    """Refuse limits that are not valid or leave no block, before a photo is described.

    Raises:
        InputError: not valid.
        NoBlocksError: no block is left.
    """
    words = limits.words(reference)
    coverage = None if reference is None else Coverage(reference)
    for number in shards_in_reach(index, limits, reference):
        allowed = limits.allowed_or_none(index.shard(number), coverage)
        if allowed is None or allowed.any():
            return
    raise _no_blocks(index, words)


def _no_blocks(index: ShardedIndex, words: list[str]) -> NoBlocksError:
    return NoBlocksError(
        f"The index {index.folder} has no block {' and '.join(words)}: widen the search or use another index."
    )


def search_shards(
    query: Query, index: ShardedIndex, limits: Limits, *, depth: int, kept: int, reference: Reference | None = None
) -> Found:
    """Find the blocks of all shards in reach that resemble a photo most.

    Args:
        query: the photo.
        index: index to search.
        limits: of the search.
        depth: blocks that each rotation contributes of a shard, and those that are compared by their stored vectors.
        kept: blocks that are returned, at most.
        reference: imagery that shows them.

    Raises:
        InputError: the limits are not valid, or a shard is damaged.
        NoBlocksError: no block is left.
    """
    words = limits.words(reference)
    reached = shards_in_reach(index, limits, reference)
    coverage = None if reference is None else Coverage(reference)
    # The blocks of a shard are of one zoom: what the lens says of sizes changes little among its most similar ones.
    weighed = limits.weighs_nadir or (bool(index.info.texture_zooms) and query.texture is not None)
    all_scored = weighed and sum(index.shards[number].rows for number in reached) <= MOST_SCORED
    counts = index.common_counts()
    best: _Part | None = None
    for number in reached:
        shard = index.shard(number)
        allowed = limits.allowed_or_none(shard, coverage)
        if allowed is not None:
            if not allowed.any():
                continue
            allowed = None if allowed.all() else allowed
        penalty = prior_penalty(shard, limits.nadir, limits.radius_km, counts, query.field_ratio)
        bonus = None if query.texture is None else texture_bonus(index, number, query.texture)
        found = _search_shard(query, shard, number, allowed, penalty, bonus, depth, all_scored)
        best = found if best is None else best.with_(found)
        best = best.only(highest(best.scores, kept))
        index.searched(number)
    if best is None:
        raise _no_blocks(index, words)
    best = _compared_by_vectors(query, index, best, depth)
    blocks = np.empty((len(best.scores), 3), np.int32)
    for number in np.unique(best.shards).tolist():
        own = best.shards == number
        blocks[own] = index.shard(number).blocks[best.numbers[own]]
    return Found(best.scores, best.quarter_turns, blocks)


def _search_shard(
    query: Query,
    shard: Index,
    number: int,
    allowed: np.ndarray | None,
    penalty: np.ndarray | None,
    bonus: np.ndarray | None,
    depth: int,
    all_scored: bool,
) -> _Part:
    every = shard.score(query.vectors, allowed) if all_scored else None
    is_coarse = False
    if every is not None:
        scores, found = every[0].max(axis=0), every[1]
        turns = every[0].argmax(axis=0)
    elif allowed is None and shard.coarse is not None and len(shard) > depth:
        scores, turns, found = best_rotations(*shard.coarse.search(query.vectors, depth))
        is_coarse = True
    else:
        scores, turns, found = best_rotations(*shard.search(query.vectors, depth, allowed))
    added = np.zeros(len(found))
    if penalty is not None:
        added = added - penalty[found]
    if bonus is not None:
        added = added + bonus[found]
    return _Part(scores + added, turns, np.full(len(found), number), found, added, np.full(len(found), is_coarse))


def _compared_by_vectors(query: Query, index: ShardedIndex, found: _Part, depth: int) -> _Part:
    """The first ``depth`` with the similarities of their stored vectors in place of those of their coarse codes."""
    if not found.is_coarse.any():
        return found
    found = found.only(np.arange(min(depth, len(found.scores))))
    scores, turns = found.scores.copy(), found.quarter_turns.copy()
    for number in np.unique(found.shards[found.is_coarse]).tolist():
        own = np.flatnonzero(found.is_coarse & (found.shards == number))
        similarity = query.vectors @ index.shard(number).vectors(found.numbers[own]).T
        scores[own] = similarity.max(axis=0) + found.added[own]
        turns[own] = similarity.argmax(axis=0)
        index.searched(number)
    ranked = _Part(scores, turns, found.shards, found.numbers, found.added, np.zeros(len(scores), bool))
    return ranked.only(highest(scores, len(scores)))
