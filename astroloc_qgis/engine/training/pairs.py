"""Batches of photos and tiles, rendered as they are needed: the same for the same seed, epoch and place, always."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.photos import simulate_photo
from astroloc_qgis.engine.simulation.places import Zone, centre_and_radius, is_portrait, jittered
from astroloc_qgis.engine.tiles import Block
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.overlap import blocks_about, iou_matrix, square_of

Array = NDArray[np.float64]
_PAIR_STREAM = 107
_LEAST_PRESENT = 0.5


@dataclass(frozen=True)
class PairBatch:
    """A batch of B pairs.

    Attributes:
        members: (B,) places of the pool, in the batch's own order: wide photos, then high ones.
        wide: (W, 3, h, w) uint8; or, as all pictures, what the frozen part of the network makes of them.
        high: (B - W, 3, w, h) uint8.
        tiles: (B, 3, t, t) uint8.
        iou: (B, B) float32, of photo i and tile j.
    """

    members: torch.Tensor
    wide: torch.Tensor
    high: torch.Tensor
    tiles: torch.Tensor
    iou: torch.Tensor


class PairBatches(Dataset[PairBatch]):
    """The batches of one epoch.

    Args:
        config: the run.
        mosaic: folder of the mosaic (opened anew in each process).
        places: (N, 4, 2) the pool.
        epoch: counted from 0.
        batches: the places of each batch.
        first_step: steps of the run before this epoch.
        forbidden: neither photo nor tile touches it.
        network: its frozen part is applied here, beside the training process: two cores then share the work.
    """

    def __init__(
        self, config: TrainingConfig, mosaic: Path, places: Array, epoch: int, batches: Sequence[NDArray[np.int64]],
        first_step: int, forbidden: Zone, network: LiteNetwork,
    ) -> None:  # fmt: skip
        self._network = network
        self._config, self._folder, self._places, self._forbidden = config, mosaic, places, forbidden
        self._epoch, self._batches, self._first_step = epoch, batches, first_step
        self._mosaic: Mosaic | None = None

    def __len__(self) -> int:
        """Batches of the epoch."""
        return len(self._batches)

    def __getitem__(self, number: int) -> PairBatch:
        """Render batch ``number``."""
        if self._mosaic is None:
            cv2.setNumThreads(1)
            self._mosaic = Mosaic.open(self._folder)
        small = self._first_step + number < self._config.small_steps
        members = self._batches[number]
        batch = render_batch(
            self._config, self._mosaic, self._places, self._epoch, members, self._forbidden, small=small
        )  # fmt: skip
        wide, high, tiles = (self._network.begin(part.float()) for part in (batch.wide, batch.high, batch.tiles))
        return PairBatch(batch.members, wide, high, tiles, batch.iou)


def render_batch(
    config: TrainingConfig, mosaic: Mosaic, places: Array, epoch: int, members: NDArray[np.int64], forbidden: Zone, *,
    small: bool = False,
) -> PairBatch:  # fmt: skip
    """Simulate a photo of each place and render the tile that belongs to it."""
    scale = config.small_scale if small else 1.0
    tile_px, long_px = (_multiple(side * scale) for side in (config.tile_px, config.photo_px))
    short_px = _multiple(config.photo_px * 2 / 3 * scale)
    seen, photos, tiles, squares = [], [], [], []
    for member in members:
        rng = np.random.default_rng([config.seed, _PAIR_STREAM, epoch, int(member)])
        place = jittered(places[member], rng)
        centre, radius_km = centre_and_radius(place)
        block = None
        if not forbidden.touches(centre[None], radius_km)[0]:
            block = positive_block(config, mosaic, place, rng, forbidden)
        if block is None:  # moved too near to what is forbidden: as it was drawn, it is not
            place = places[member]
            block = positive_block(config, mosaic, place, rng, forbidden)
        if block is None:
            raise InputError(f"Place {member} of the pool shows no block that training may use: make the pool anew.")
        seen.append(place)
        squares.append(square_of(block))
        photos.append(simulate_photo(mosaic, place, rng, long_px=long_px, short_px=short_px))
        tiles.append(mosaic.read_block(block, tile_px))
    portrait = np.array([is_portrait(place) for place in seen])
    order = np.argsort(portrait, kind="stable")
    wide = [photos[place] for place in order if not portrait[place]]
    high = [photos[place] for place in order if portrait[place]]
    iou = iou_matrix(np.stack(seen)[order], np.stack(squares)[order])
    return PairBatch(
        torch.from_numpy(np.asarray(members)[order].astype(np.int64)),
        stacked(wide, short_px, long_px),
        stacked(high, long_px, short_px),
        stacked([tiles[place] for place in order], tile_px, tile_px),
        torch.from_numpy(iou.astype(np.float32)),
    )


def positive_block(
    config: TrainingConfig, mosaic: Mosaic, place: Array, rng: np.random.Generator, forbidden: Zone
) -> Block | None:
    """Draw a block of the index grid that shows a place, the likelier the greater their IoU; None if there is none."""
    blocks, iou = fitting_blocks(config, place, forbidden)
    if not blocks:
        return None
    present = np.array([mosaic.block_presence(block) >= _LEAST_PRESENT for block in blocks])
    weights = np.where(present, iou, iou * 1e-6)
    return blocks[int(rng.choice(len(blocks), p=weights / weights.sum()))]


def fitting_blocks(config: TrainingConfig, place: Array, forbidden: Zone) -> tuple[list[Block], Array]:
    """The blocks about a place that do not touch a zone, of IoU at least ``positive_iou``, or else the best.

    Returns:
        The blocks, and their IoU with the place; none where all that share anything with it are forbidden.
    """
    blocks = blocks_about(place, config.zooms, config.strides)
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


def stacked(images: Sequence[NDArray[np.uint8]], height: int, width: int) -> torch.Tensor:
    """(N, 3, height, width) uint8, N may be 0."""
    if not images:
        return torch.zeros((0, 3, height, width), dtype=torch.uint8)
    return torch.from_numpy(np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2)))


def _multiple(side: float) -> int:
    return max(32, round(side / 32) * 32)


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices that cover ``count`` things, ``size`` at a time."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
