"""Retrieval: from a photo to a ranked list of places that look like it.

Berton et al., "EarthLoc: Astronaut Photography Localization by Indexing Earth from Space", CVPR 2024. EarthLoc indexes
each block in four rotations; here the photo is turned instead, which finds the same with a quarter of the memory.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.block_table import iou_with, overlaps_extent
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.retrieval.nadir_prior import WEIGHT, distance_penalty, size_penalty
from astroloc_qgis.engine.retrieval.search_polygon import overlaps_polygon
from astroloc_qgis.engine.tiles import Block, Extent

log = logging.getLogger(__name__)

ROTATIONS = 4
PLACES = 100
"""The first candidates are of so many different places, if there are as many; behind them the list is by score alone.
Measured on 300 simulated photos: a right block is among the first 50 for 84.7 % then, for 81.0 % with 10 places."""
SAME_PLACE_IOU = 0.2
"""Blocks that overlap more than this are one place. Neighbours half a block apart have 1/3 and a block of the next
finer zoom wholly inside one 1/4; diagonal neighbours have 1/7. Registration looks at three times a candidate's width,
so it sees the neighbour anyway, and trying both would be trying twice."""
NEARLY = WEIGHT * math.log(2)
"""A block that scores so little less than its place's best is at least half as likely."""
SIMILAR_ZOOM = 1
"""Blocks further apart in zoom than this are different guesses of the scale and never one place."""
SEEN_WITHIN = 0.75
"""Blocks of one zoom that are no further apart, in blocks, are searched together: what spills over the edge of a photo
that the further one shows in its middle still has a margin."""
_DEPTH = 1000


@dataclass(frozen=True)
class Candidate:
    """A block that may show what the photo shows.

    Attributes:
        block: the block.
        rank: from 1.
        score: cosine similarity, -1 to 1, the best over the rotations; plus the bonus of similar texture where the
            index has texture codes (``texture_codes``); less the penalty of distance and block size where the nadir is
            known (``nadir_prior``).
        quarter_turns: rotation of the photo with the best score: ``np.rot90(photo, quarter_turns)`` is like the
            north-up block.
    """

    block: Block
    rank: int
    score: float
    quarter_turns: int


def retrieve(
    photo: np.ndarray,
    index: Index,
    descriptor: Descriptor,
    *,
    top: int = 10,
    nadir: Nadir | None = None,
    radius_km: float = 2500,
    extent: Extent | None = None,
    polygon: str | None = None,
    diversify: bool = True,
    progress: Progress = no_progress,
) -> list[Candidate]:
    """Rank the blocks of an index by their similarity to a photo.

    The limits are applied before the search: never search and then filter away the answer. Within the radius about a
    nadir, near blocks are likelier than far ones, and each of few large ones than each of many small ones
    (``nadir_prior``).

    Args:
        photo: (H, W, 3) uint8 RGB.
        index: to search.
        descriptor: the one that the index was built with (``Index.create_descriptor``).
        top: how many candidates; as many as there are if the index has fewer.
        nadir: the sub-satellite point; only blocks whose centre is within
            ``radius_km`` of it are searched.
        radius_km: the ISS sees about 2,500 km; 0 to leave the nadir out of account.
        extent: west, south, east, north in degrees (west > east: across the antimeridian); only blocks that overlap it
            are searched.
        polygon: WKT in longitude and latitude; only blocks that share ground with it are searched.
        diversify: different places first: a candidate that overlaps a better one of similar zoom goes behind.
        progress: told the stages "describe" and "search".

    Returns:
        Candidates, best first.

    Raises:
        InputError: another descriptor than the index's, limits that make no sense, or limits that leave no block.
    """
    index.check_descriptor(descriptor)
    if top < 1:
        raise InputError(f"The number of candidates must be at least 1, not {top}.")
    allowed = allowed_blocks(index, nadir=nadir, radius_km=radius_km, extent=extent, polygon=polygon)
    progress("describe", 0.0)
    vectors = describe_rotations(photo, descriptor)
    progress("search", 0.0)
    penalty = prior_penalty(index, nadir, radius_km)
    bonus = index.texture_bonus(photo)
    candidates = rank_blocks(vectors, index, allowed, top=top, penalty=penalty, bonus=bonus, diversify=diversify)
    progress("search", 1.0)
    return candidates


def describe_rotations(photo: np.ndarray, descriptor: Descriptor) -> np.ndarray:
    """(4, D) vectors of a photo (H, W, 3) turned by no, one, two and three quarter turns."""
    return descriptor.describe([np.rot90(photo, turn) for turn in range(ROTATIONS)])


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
    """Rank the blocks of an index by their similarity to a photo's turns.

    Args:
        vectors: (4, D) of ``describe_rotations``.
        index: to search.
        allowed: (N,) of ``allowed_blocks``.
        top: how many candidates.
        penalty: (N,) of ``prior_penalty``; None where all blocks are as likely.
        bonus: (N,) of ``TextureCodes.bonus``; None where texture is not known.
        diversify: as for ``retrieve``.
    """
    depth = max(_DEPTH, 10 * top)
    # What is near, or has the photo's texture, may be likely though it is no close match: then every allowed block is
    # scored.
    scores, numbers = index.search(vectors, depth if penalty is None and bonus is None else len(index), allowed)
    best_scores, best_turns, found = best_rotations(scores, numbers)
    if penalty is not None:
        best_scores = best_scores - penalty[found]
    if bonus is not None:
        best_scores = best_scores + bonus[found]
    best = np.argsort(-best_scores, kind="stable")[: ROTATIONS * depth]
    best_scores, best_turns, found = best_scores[best], best_turns[best], found[best]
    order = np.arange(len(found))
    if diversify:
        order = _places_first(index.blocks[found], best_scores, order, index.info.block_size)
    return [
        Candidate(index.block(int(found[at])), rank, float(best_scores[at]), int(best_turns[at]))
        for rank, at in enumerate(order[:top], start=1)
    ]


def worth_a_look(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Leave out candidates that a search about a better one of the same zoom sees whole: it looks at three blocks."""
    kept: list[Candidate] = []
    for candidate in candidates:
        block = candidate.block
        seen = (
            abs(block.row - other.block.row) <= SEEN_WITHIN * block.size
            and abs(block.column - other.block.column) <= SEEN_WITHIN * block.size
            for other in kept
            if other.block.zoom == block.zoom
        )
        if not any(seen):
            kept.append(candidate)
    return kept


def prior_penalty(index: Index, nadir: Nadir | None, radius_km: float) -> np.ndarray | None:
    """What distance from the nadir, and size, take off each block's score (arguments as for ``retrieve``).

    Returns:
        (N,), or None where the nadir is not known or to be left out of account.
    """
    if nadir is None or radius_km == 0:
        return None
    distance = great_circle_km(nadir.lonlat, index.centers_lonlat)
    return distance_penalty(distance) + size_penalty(index.blocks[:, 0])


def allowed_blocks(
    index: Index,
    *,
    nadir: Nadir | None = None,
    radius_km: float = 2500,
    extent: Extent | None = None,
    polygon: str | None = None,
) -> np.ndarray | None:
    """Tell which blocks the limits leave (arguments as for ``retrieve``).

    Returns:
        (N,) bool, or None where nothing is limited.

    Raises:
        InputError: limits that make no sense, or leave no block.
    """
    allowed: np.ndarray | None = None
    limits = []
    if nadir is not None and radius_km != 0:
        latitude, longitude = nadir.latitude, nadir.longitude
        if not (-90 <= latitude <= 90 and -360 <= longitude <= 360):
            raise InputError(f"The nadir {latitude:g},{longitude:g} is not LATITUDE,LONGITUDE in degrees.")
        if not radius_km > 0:
            raise InputError(f"The radius about the nadir must be above 0 km (or 0 for no limit), not {radius_km:g}.")
        allowed = great_circle_km(nadir.lonlat, index.centers_lonlat) <= radius_km
        limits.append(f"within {radius_km:g} km of the nadir {latitude:g},{longitude:g}")
    if extent is not None:
        west, south, east, north = extent
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90 and west != east):
            raise InputError(
                f"The extent {west:g},{south:g},{east:g},{north:g} is not WEST,SOUTH,EAST,NORTH in degrees."
            )
        inside = overlaps_extent(index.blocks, index.info.block_size, extent)
        allowed = inside if allowed is None else allowed & inside
        limits.append(f"in the extent {west:g},{south:g},{east:g},{north:g}")
    if polygon is not None:
        inside = overlaps_polygon(index.blocks, index.info.block_size, polygon)
        allowed = inside if allowed is None else allowed & inside
        limits.append("in the polygon")
    if allowed is not None and not allowed.any():
        raise InputError(
            f"The index {index.folder} has no block {' and '.join(limits)}: widen the search or use another index."
        )
    return allowed


def best_rotations(scores: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge the lists of the turns, (turns, T) each: a block's best score, the turn that had it, and its number."""
    turns = np.repeat(np.arange(len(scores)), scores.shape[1])
    flat_scores, flat_numbers = scores.ravel(), numbers.ravel()
    real = flat_numbers >= 0
    turns, flat_scores, flat_numbers = turns[real], flat_scores[real], flat_numbers[real]
    order = np.lexsort((turns, -flat_scores))
    found, first = np.unique(flat_numbers[order], return_index=True)
    best = order[first]
    return flat_scores[best], turns[best], found


def _places_first(table: np.ndarray, scores: np.ndarray, order: np.ndarray, size: int) -> np.ndarray:
    """Reorder so that the blocks of the first ``PLACES`` places come first; all others follow by score.

    Of a place come its best block, and its second one if that is nearly as likely: a photo often lies between two.
    """
    place = np.full(len(scores), -1)
    seconds: set[int] = set()
    chosen: list[int] = []
    for at in map(int, order):
        if place[at] < 0:
            if len(chosen) - len(seconds) == PLACES:
                break
            similar = np.abs(table[:, 0] - table[at, 0]) <= SIMILAR_ZOOM
            place[(place < 0) & similar & (iou_with(table, table[at], size) > SAME_PLACE_IOU)] = at
            place[at] = at
        elif place[at] in seconds or scores[at] < scores[place[at]] - NEARLY:
            continue
        else:
            seconds.add(int(place[at]))
        chosen.append(at)
    is_chosen = np.zeros(len(scores), dtype=bool)
    is_chosen[chosen] = True
    return np.concatenate((np.array(chosen, dtype=np.int64), order[~is_chosen[order]]))
