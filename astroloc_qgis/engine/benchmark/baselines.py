"""The baselines of retrieval: other descriptors, each with exact vectors, over the same blocks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.benchmark.retrieval import Query
from astroloc_qgis.engine.block_table import Table
from astroloc_qgis.engine.geometry.distances import great_circle_km
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.builder import build_index
from astroloc_qgis.engine.index.plan import EXACT
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress

BASELINES = ("efficientnet-lite0-gem", "xfeat-vlad", "sift-vlad", "colour-histogram")
"""ImageNet features, learned and classical local features, and colours alone."""


def blocks_in_reach(index: Index, queries: Sequence[Query], radius_km: float) -> Table:
    """(M, 3) the blocks of an index within a radius of any query's nadir; with radius 0 all of them."""
    if not radius_km:
        return index.blocks
    centers = index.centers_lonlat
    reached = np.zeros(len(index), dtype=bool)
    for nadir in {query.nadir for query in queries}:
        reached |= great_circle_km(nadir.lonlat, centers) <= radius_km
    return np.asarray(index.blocks[reached])


def thin_out(blocks: Table, queries: Sequence[Query], index: Index, share: float) -> Table:
    """Keep a random share of the blocks, and all blocks that overlap a query: an easier task, for slow descriptors.

    Args:
        blocks: (M, 3).
        queries: photos whose right blocks are kept.
        index: the index of the blocks.
        share: share of the other blocks, 0 to 1.
    """
    from astroloc_qgis.engine.block_table import overlaps_extent

    keep = np.random.default_rng(0).random(len(blocks)) < share
    for query in queries:
        longitudes = np.unwrap(query.footprint[:, 0], period=360)
        west, east = ((float(edge) + 180) % 360 - 180 for edge in (longitudes.min(), longitudes.max()))
        south, north = (float(edge) for edge in (query.footprint[:, 1].min(), query.footprint[:, 1].max()))
        keep |= overlaps_extent(blocks, index.info.block_size, (west, south, east, north))
    return np.asarray(blocks[keep])


def exact_index(
    folder: Path,
    model: str,
    blocks: Table,
    index: Index,
    imagery: str,
    *,
    device: str = "cpu",
    workers: int = 1,
    progress: Progress = no_progress,
) -> Index:
    """Describe given blocks with a model, with exact vectors; an index that exists is opened, or completed.

    With the index's own model, texture is kept for the same blocks, not quantised either.

    Args:
        folder: folder of these indexes, one subfolder a model.
        model: name of a descriptor.
        blocks: (M, 3) zoom, row, column.
        index: the index that the blocks belong to.
        imagery: imagery to read the blocks from.
        device: torch device.
        workers: number of processes that describe, on the CPU; 1 for this one, on ``device``.
        progress: called with the stages "read" and "describe".

    Raises:
        InputError: as ``build_index``; or the folder holds an index of other blocks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reference = Reference.open(imagery)
    try:
        return build_index(
            reference,
            index.info.zooms,
            index.info.extent,
            model,
            folder / model,
            stride=index.info.stride,
            blocks=blocks,
            kind=EXACT,
            texture_zooms=index.info.texture_zooms if model == index.info.model else (),
            device=device,
            workers=workers,
            progress=progress,
        )
    finally:
        reference.close()
