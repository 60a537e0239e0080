"""Retrieval: from a photo to a ranked list of blocks that resemble it.

After Berton et al., "EarthLoc: Astronaut Photography Localization by Indexing Earth from Space", CVPR 2024: describe
the photo in four rotations, rank the blocks by similarity, and put distinct places first.
"""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.ranking import highest
from astroloc_qgis.engine.index.sharded.index import ShardedIndex
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.distinct_places import distinct_places_first
from astroloc_qgis.engine.retrieval.limits import Limits
from astroloc_qgis.engine.retrieval.nadir_prior import prior_penalty
from astroloc_qgis.engine.retrieval.photo_centre import CENTRE_KM
from astroloc_qgis.engine.retrieval.query import Query, describe_query
from astroloc_qgis.engine.retrieval.query_picture import query_picture
from astroloc_qgis.engine.retrieval.query_rotation import ROTATIONS, best_rotations
from astroloc_qgis.engine.retrieval.remote_index import RemoteIndex
from astroloc_qgis.engine.retrieval.shard_walk import Found, check_limits, search_shards
from astroloc_qgis.engine.tiles import Block, Extent

_DEPTH = 1000
"""Blocks that each rotation contributes to the ranking, at least."""


def retrieve(
    photo: np.ndarray,
    index: Index | ShardedIndex | RemoteIndex,
    descriptor: Descriptor,
    *,
    alpha: np.ndarray | None = None,
    top: int = 10,
    nadir: Nadir | None = None,
    radius_km: float = 2500,
    centre: tuple[float, float] | None = None,
    centre_km: float = CENTRE_KM,
    extent: Extent | None = None,
    polygon: str | None = None,
    reference: Reference | None = None,
    field_ratio: float | None = None,
    diversify: bool = True,
    progress: Progress = no_progress,
) -> list[Candidate]:
    """Rank the blocks of an index by their similarity to a photo.

    The limits apply before the search, so that they cannot filter the right block out of its results. Within the radius
    around a nadir, near blocks are likelier than far ones, and each of few large ones than each of many small ones
    (``nadir_prior``). Where the photo's field is known, so are blocks of the size that it shows (``size_prior``).

    Args:
        photo: (H, W, 3) uint8 RGB.
        index: index to search, here (in one piece or in shards) or behind a service.
        descriptor: the one that the index was built with (``Index.create_descriptor``).
        alpha: (H, W) uint8 opacity of the photo; what is transparent is not described.
        top: number of candidates; all blocks if the index has fewer.
        nadir: the sub-satellite point; only blocks whose centre is within ``radius_km`` of it are searched.
        radius_km: the ISS sees about 2,500 km; 0 to ignore the nadir.
        centre: latitude, longitude of the photo's middle, roughly; only blocks that reach to within ``centre_km`` of it
            are searched.
        centre_km: 0 to ignore the centre.
        extent: west, south, east, north in degrees (west > east: across the antimeridian); only blocks that overlap it
            are searched.
        polygon: WKT in longitude and latitude; only blocks that share ground with it are searched.
        reference: imagery that the photo is to be registered to, where it is not the index's own; only blocks that it
            shows are searched.
        field_ratio: what the photo's long side shows, as a part of the distance (``Photo.field_ratio``); None if not
            known.
        diversify: distinct places first: a candidate that overlaps a better one of similar zoom goes behind.
        progress: told the stages "describe" and "search".

    Returns:
        Candidates, best first.

    Raises:
        InputError: the descriptor is not the index's, or the limits are not valid or leave no block.
    """
    index.check_descriptor(descriptor)
    if top < 1:
        raise InputError(f"The number of candidates must be at least 1, not {top}.")
    limits = Limits(nadir, radius_km, centre, centre_km, extent, polygon)
    # What is wrong with the limits is said before the photo is described.
    allowed = limits.allowed(index, reference) if isinstance(index, Index) else None
    if isinstance(index, ShardedIndex):
        check_limits(index, limits, reference)
    progress("describe", 0.0)
    picture, texture = query_picture(photo, descriptor, alpha), bool(index.info.texture_zooms)
    query = describe_query(picture, descriptor, texture=texture, field_ratio=field_ratio)
    progress("search", 0.0)
    if isinstance(index, RemoteIndex):
        candidates = index.rank(query, limits, top=top, diversify=diversify, reference=reference)
    else:
        candidates = rank(query, index, limits, top=top, diversify=diversify, allowed=allowed, reference=reference)
    progress("search", 1.0)
    return candidates


def rank(
    query: Query,
    index: Index | ShardedIndex,
    limits: Limits,
    *,
    top: int,
    diversify: bool = True,
    allowed: np.ndarray | None = None,
    reference: Reference | None = None,
) -> list[Candidate]:
    """Rank the blocks of an index by their similarity to a described photo, with the priors of its nadir and lens.

    Args:
        query: the photo.
        index: index to search.
        limits: of the search.
        top: number of candidates.
        diversify: as for ``retrieve``.
        allowed: (N,) of ``Limits.allowed``; of an index in shards the limits are applied shard by shard.
        reference: imagery that shows the blocks, for an index in shards.
    """
    if isinstance(index, ShardedIndex):
        depth = max(_DEPTH, 10 * top)
        hits = search_shards(query, index, limits, depth=depth, kept=ROTATIONS * depth, reference=reference)
        return _candidates(hits, index.info.block_size, top, diversify)
    penalty = prior_penalty(index, limits.nadir, limits.radius_km, field_ratio=query.field_ratio)
    bonus = None if index.texture is None or query.texture is None else index.texture.bonus_of(query.texture)
    return rank_blocks(query.vectors, index, allowed, top=top, penalty=penalty, bonus=bonus, diversify=diversify)


def rank_blocks(
    vectors: np.ndarray,
    index: Index,
    allowed: np.ndarray | None,
    *,
    top: int,
    penalty: np.ndarray | None = None,
    bonus: np.ndarray | None = None,
    diversify: bool = True,
) -> list[Candidate]:
    """Rank the blocks of an index by their similarity to a photo in four rotations.

    Args:
        vectors: (4, D) of ``describe_rotations``.
        index: index to search.
        allowed: (N,) of ``limits.allowed_blocks``.
        top: number of candidates.
        penalty: (N,) of ``nadir_prior.prior_penalty``; None without a prior.
        bonus: (N,) of ``Index.texture_bonus``; None without texture codes.
        diversify: as for ``retrieve``.
    """
    depth = max(_DEPTH, 10 * top)
    # With a prior or texture, a block of low similarity may rank high: then every allowed block is scored.
    every = None if penalty is None and bonus is None else index.score(vectors, allowed)
    if every is not None:
        scores, quarter_turns, found = every[0].max(axis=0), every[0].argmax(axis=0), every[1]
    else:
        numbered = index.search(vectors, depth if penalty is None and bonus is None else len(index), allowed)
        scores, quarter_turns, found = best_rotations(*numbered)
    if penalty is not None:
        scores = scores - penalty[found]
    if bonus is not None:
        scores = scores + bonus[found]
    best = highest(scores, ROTATIONS * depth)
    hits = Found(scores[best], quarter_turns[best], index.blocks[found[best]])
    return _candidates(hits, index.info.block_size, top, diversify)


def _candidates(found: Found, size: int, top: int, diversify: bool) -> list[Candidate]:
    order = np.arange(len(found.scores))
    if diversify:
        order = distinct_places_first(found.blocks, found.scores, size)
    return [
        Candidate(
            Block(int(found.blocks[at, 0]), int(found.blocks[at, 1]), int(found.blocks[at, 2]), size),
            rank,
            float(found.scores[at]),
            int(found.quarter_turns[at]),
        )
        for rank, at in enumerate(order[:top], start=1)
    ]
