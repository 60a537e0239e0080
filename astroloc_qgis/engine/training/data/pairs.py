"""Rendering of batches of photos and tiles: a function of seed, epoch and place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from astroloc_qgis.engine.descriptors.trainable import TrainableNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.formats import photo_size, size_of_place
from astroloc_qgis.engine.simulation.mosaic import resized
from astroloc_qgis.engine.simulation.photos import simulate_photo
from astroloc_qgis.engine.simulation.places import centre_and_radius, jittered
from astroloc_qgis.engine.training.config import STRIDES, TrainingConfig
from astroloc_qgis.engine.training.data.batches import PairBatch, TileBatch
from astroloc_qgis.engine.training.data.overlap import iou_matrix, square_of
from astroloc_qgis.engine.training.data.positives import positive_block
from astroloc_qgis.engine.training.data.world import LazyWorld, Sources, World
from astroloc_qgis.engine.training.year_wise_augmentation import AugmentationRanges, augment_by_year, augment_each

Array = NDArray[np.float64]
_PAIR_STREAM = 107
_TILE_STREAM = 113
_RANGES = ("rotation_deg", "perspective", "brightness", "contrast", "saturation", "hue")
NO_PAIRS = PairBatch(torch.zeros(0, dtype=torch.int64), (), torch.zeros(0, 3, 1, 1), torch.zeros(0, 0))
"""The pairs of a step that learns from tiles alone."""


class PairBatches(Dataset[PairBatch]):
    """The batches of one epoch.

    Args:
        config: the run.
        sources: the pictures (opened by each process for itself).
        places: (N, 4, 2) the training places: simulated ones, then those of the sources' photos.
        epoch: number of the epoch, from 0.
        batches: the places of each batch.
        first_step: steps of the run before this epoch.
        network: its frozen part is applied here, beside the training process, so that two cores share the work.
        tile_batches: the places of each batch of tiles alone; None without the tile loss.
        mixed_precision: whether the frozen part is applied in bfloat16.
    """

    def __init__(
        self, config: TrainingConfig, sources: Sources, places: Array, epoch: int, batches: Sequence[NDArray[np.int64]],
        first_step: int, network: TrainableNetwork, tile_batches: Sequence[NDArray[np.int64]] | None = None, *,
        mixed_precision: bool = False,
    ) -> None:  # fmt: skip
        self._config, self._world, self._places, self._network = config, LazyWorld(sources), places, network
        self._epoch, self._batches, self._first_step = epoch, batches, first_step
        self._tile_batches, self._mixed_precision = tile_batches, mixed_precision

    def __len__(self) -> int:
        """Batches of the epoch."""
        return len(self._batches)

    def __getitem__(self, number: int) -> PairBatch:
        """Render batch ``number``."""
        config, world, step = self._config, self._world.open(), self._first_step + number
        small = step < config.small_steps
        batch = NO_PAIRS
        if not config.tiles_alone:
            # Where an epoch shows a place several times, it looks different each time.
            epoch = step * config.batch // len(self._places) if config.cluster_every else self._epoch
            batch = render_batch(config, world, self._places, epoch, self._batches[number], small=small)
        photos, tiles = tuple(map(self._begin, batch.photos)), self._begin(batch.tiles)
        others = None
        if self._tile_batches is not None:
            drawn = render_tiles(config, world, self._places, step, self._tile_batches[number], small=small)
            others = TileBatch(drawn.places, self._begin(drawn.tiles), drawn.overlap)
        return PairBatch(batch.members, photos, tiles, batch.iou, others)

    def _begin(self, pictures: torch.Tensor) -> torch.Tensor:
        if not len(pictures):
            return pictures.float()
        with torch.autocast("cpu", torch.bfloat16, enabled=self._mixed_precision):
            return self._network.begin(pictures.float())


def render_batch(
    config: TrainingConfig, world: World, places: Array, epoch: int, members: NDArray[np.int64], *, small: bool = False
) -> PairBatch:
    """Simulate a photo of each place (or read its real one) and render a tile that shows the place.

    Raises:
        InputError: a place without a block that training may use, or a photo that cannot be read.
    """
    scale = config.small_scale if small else 1.0
    tile_px, long_px = (_multiple(side * scale, config) for side in (config.tile_px, config.photo_px))
    seen, photos, tiles, squares = [], [], [], []
    for member in members:
        rng = np.random.default_rng([config.seed, _PAIR_STREAM, epoch, int(member)])
        taken = int(member) - (len(places) - len(world.sources.photos))
        if taken >= 0:
            image, place = world.sources.photos[taken].read(rng)
            block = positive_block(config, world, place, rng)
        else:
            image, place = None, jittered(places[member], rng)
            centre, radius_km = centre_and_radius(place)
            block = None
            if not world.sources.forbidden.touches(centre[None], radius_km)[0]:
                block = positive_block(config, world, place, rng)
            if block is None:  # moved too near to the forbidden zone: the place as it was drawn is allowed
                place = places[member]
                block = positive_block(config, world, place, rng)
        if block is None:
            raise InputError(
                f"Training place {member} shows no block that training may use: delete places.npy in the run's folder."
            )
        seen.append(place)
        squares.append(square_of(block))
        if image is None:
            size = _seen_size(config, size_of_place(place, long_px))
            photos.append(simulate_photo(world.ground(rng), place, rng, size=size))
        else:
            size = _seen_size(config, photo_size(image.shape[1], image.shape[0], long_px))
            photos.append(resized(image, *size))
        tiles.append(world.tile(block, tile_px, rng))
    shapes = [photo.shape for photo in photos]
    order = sorted(range(len(photos)), key=lambda number: shapes[number])
    iou = iou_matrix(np.stack(seen)[order], np.stack(squares)[order])
    return PairBatch(
        torch.from_numpy(np.asarray(members)[order].astype(np.int64)),
        tuple(
            _stacked([photos[number] for number in order if shapes[number] == shape]) for shape in sorted(set(shapes))
        ),
        _stacked([tiles[number] for number in order]),
        torch.from_numpy(iou.astype(np.float32)),
    )


def render_place_tiles(
    config: TrainingConfig, world: World, places: Array, epoch: int, members: NDArray[np.int64]
) -> PairBatch:
    """Render a tile of each place as it is, without a photo."""
    tiles = []
    for member in members:
        rng = np.random.default_rng([config.seed, _PAIR_STREAM, epoch, int(member)])
        block = positive_block(config, world, places[member], rng)
        if block is None:
            raise InputError(f"Training place {member} shows no block that training may use.")
        tiles.append(world.tile(block, _multiple(config.tile_px, config), rng))
    return PairBatch(torch.from_numpy(np.asarray(members, dtype=np.int64)), (), _stacked(tiles), torch.zeros(0, 0))


def render_tiles(
    config: TrainingConfig, world: World, places: Array, stream: int, members: NDArray[np.int64], *, small: bool = False
) -> TileBatch:
    """Render the tiles of places in several years, augmented; the same picture again where there are fewer years."""
    side = _multiple(config.tile_px * (config.small_scale if small else 1.0), config)
    rng = np.random.default_rng([config.seed, _TILE_STREAM, stream])
    chosen = {int(member): positive_block(config, world, places[member], rng) for member in members}
    blocks = {member: block for member, block in chosen.items() if block is not None}
    images = np.stack([world.tile_in_years(block, side, config.years, rng) for block in blocks.values()])
    years = torch.from_numpy(images).permute(0, 1, 4, 2, 3).float() / 255
    augment = augment_by_year if config.yearwise else augment_each
    ranges = AugmentationRanges(**{name: getattr(config, name) for name in _RANGES})
    squares = np.stack([square_of(block) for block in blocks.values()])
    overlap = torch.from_numpy(iou_matrix(squares, squares) > 0)
    return TileBatch(
        torch.tensor(list(blocks)).repeat_interleave(config.years),
        augment(years.contiguous(), side, rng, ranges).flatten(0, 1) * 255,
        overlap.repeat_interleave(config.years, 0).repeat_interleave(config.years, 1),
    )


def _stacked(images: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    """Stack images (h, w, 3) of one size into (N, 3, h, w) uint8."""
    return torch.from_numpy(np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2)))


def _seen_size(config: TrainingConfig, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height at which the network sees a photo: a square, or the nearest that its strides divide."""
    if config.square:
        return config.tile_px, config.tile_px
    return _multiple(size[0], config), _multiple(size[1], config)


def _multiple(side: float, config: TrainingConfig) -> int:
    """The nearest size that the network's strides divide."""
    stride = STRIDES[config.network]
    return max(stride, round(side / stride) * stride)


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices that cover ``count`` items, ``size`` at a time."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
