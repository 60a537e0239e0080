"""Positives: the blocks of an index that show a place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.places import Zone
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.overlap import blocks_about, iou_matrix, square_of
from astroloc_qgis.engine.training.data.world import World

Array = NDArray[np.float64]
_LEAST_PRESENT = 0.5


def positive_block(config: TrainingConfig, world: World, place: Array, rng: np.random.Generator) -> Block | None:
    """Draw a block of the index grid that shows a place, with probability by their IoU; None if there is none."""
    blocks, iou = fitting_blocks(config, place, world.sources.forbidden, world.only_blocks)
    if not blocks:
        return None
    present = np.array([world.presence(block) >= _LEAST_PRESENT for block in blocks])
    weights = np.where(present, iou, iou * 1e-6)
    return blocks[int(rng.choice(len(blocks), p=weights / weights.sum()))]


def fitting_blocks(
    config: TrainingConfig, place: Array, forbidden: Zone, among: frozenset[Block] | None = None
) -> tuple[list[Block], Array]:
    """The blocks about a place that do not touch a zone, of IoU at least ``positive_iou``, or else the best one.

    Args:
        config: the run.
        place: (4, 2) EPSG:3857.
        forbidden: the zone.
        among: blocks to choose from; None for those of the index grid.

    Returns:
        The blocks, and their IoU with the place; none where all blocks that overlap the place are forbidden.
    """
    strides = config.strides if among is None else (1,) * len(config.zooms)
    blocks = blocks_about(place, config.zooms, strides)
    if among is not None:
        blocks = [block for block in blocks if block in among]
    if not blocks:
        return [], np.zeros(0)
    iou = iou_matrix(place[None], np.stack([square_of(block) for block in blocks]))[0]
    order = [int(number) for number in np.argsort(-iou, kind="stable") if iou[number] > 0]
    chosen: list[int] = []
    for number in order:
        if chosen and iou[number] < config.positive_iou:
            break
        block = blocks[number]
        radius_km = block.side_m / 2**0.5 / 1000
        if not forbidden.touches(block.center_lonlat[None], radius_km)[0]:
            chosen.append(number)
    return [blocks[number] for number in chosen], iou[chosen]
