"""Validation: recall on a region that training never sees, of simulated photos in four rotations among all blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from astroloc_qgis.engine.descriptors.trainable import TrainableNetwork
from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.photos import simulate_photo
from astroloc_qgis.engine.simulation.places import Footprints, PlaceSampler, Zone
from astroloc_qgis.engine.tiles import Block, blocks_in_extent
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.overlap import iou_matrix, square_of
from astroloc_qgis.engine.training.data.pairs import chunks

RANKS = (1, 5, 10, 20, 100)
_STREAM = 109
_LEAST_PRESENT = 0.5
_NEVER = 2**31


@dataclass(frozen=True)
class ValidationSet:
    """The photos and tiles that recall is measured on.

    Attributes:
        photos: simulated photos, (h, w, 3) uint8 each.
        tiles: (N, t, t, 3) uint8.
        iou: (photos, N) IoU of photo and tile.
    """

    photos: list[NDArray[np.uint8]]
    tiles: NDArray[np.uint8]
    iou: NDArray[np.float32]


def validation_set(
    config: TrainingConfig, mosaic: Mosaic, footprints: Footprints, zone: Zone, *, photos: int
) -> ValidationSet:
    """Simulate photos in a zone and render the blocks of the zone; the same seed gives the same set."""
    rng = np.random.default_rng([config.seed, _STREAM])
    nowhere = Zone(np.zeros((0, 2)), np.zeros(0))
    inside = footprints.subset(zone.touches(footprints.lonlat, 0.0))
    shares = config.real_share, config.camera_share, config.wide_share
    sampler = PlaceSampler(inside, mosaic, nowhere, zone, *shares)
    places = sampler.draw(photos, rng)
    square = (config.tile_px, config.tile_px) if config.square else None
    taken = [simulate_photo(mosaic, place, rng, long_px=config.photo_px, size=square) for place in places]
    blocks = [block for block in zone_blocks(config, zone) if mosaic.block_presence(block) >= _LEAST_PRESENT]
    tiles = np.stack([mosaic.read_block(block, config.tile_px) for block in blocks])
    iou = iou_matrix(places, np.stack([square_of(block) for block in blocks]))
    return ValidationSet(taken, tiles, iou.astype(np.float32))


def zone_blocks(config: TrainingConfig, zone: Zone) -> list[Block]:
    """The index's blocks whose centre lies in a zone."""
    degrees = zone.radius_km / 111.2
    found: set[Block] = set()
    for (lon, lat), reach in zip(zone.lonlat, degrees, strict=True):
        wide = reach / max(0.2, np.cos(np.radians(min(89.0, abs(lat) + reach))))
        extent = (max(-180.0, lon - wide), max(-85.0, lat - reach), min(180.0, lon + wide), min(85.0, lat + reach))
        for zoom, stride in zip(config.zooms, config.strides, strict=True):
            found.update(blocks_in_extent(extent, [zoom], stride=stride))
    blocks = sorted(found)
    inside = zone.touches(np.array([block.center_lonlat for block in blocks]), 0.0)
    return [block for block, within in zip(blocks, inside, strict=True) if within]


@torch.inference_mode()
def describe(network: TrainableNetwork, images: NDArray[np.uint8], batch: int = 64) -> torch.Tensor:
    """(N, h, w, 3) uint8 -> (N, D), on the CPU."""
    device = network.centre.device
    described = [
        network(torch.from_numpy(np.ascontiguousarray(images[part].transpose(0, 3, 1, 2))).to(device).float()).cpu()
        for part in chunks(len(images), batch)
    ]
    return torch.cat(described)


@torch.inference_mode()
def describe_rotations(network: TrainableNetwork, photos: list[NDArray[np.uint8]]) -> torch.Tensor:
    """(P, 4, D) descriptors of photos of any sizes, each rotated by 0, 90, 180 and 270 degrees."""
    result = torch.empty((len(photos), 4, network.dimensions))
    for shape in sorted({photo.shape for photo in photos}):
        chosen = [number for number, photo in enumerate(photos) if photo.shape == shape]
        for quarter_turns in range(4):
            rotated = np.stack([np.rot90(photos[number], quarter_turns) for number in chosen])
            result[chosen, quarter_turns] = describe(network, rotated)
    return result


def recalls(similarity: torch.Tensor, right: NDArray[np.bool_]) -> dict[str, float]:
    """Recall at ``RANKS`` in per cent.

    Args:
        similarity: (P, N) the best over the rotations.
        right: (P, N) whether a tile is right.
    """
    order = similarity.argsort(dim=1, descending=True).numpy()
    ranked = np.take_along_axis(right, order, axis=1)
    first = np.where(ranked.any(axis=1), ranked.argmax(axis=1), _NEVER)
    return {str(rank): round(100 * float((first < rank).mean()), 2) for rank in RANKS}


def validate(network: TrainableNetwork, data: ValidationSet) -> dict[str, dict[str, float]]:
    """Measure ``{"overlap": {rank: %}, "iou20": {rank: %}}``."""
    training = network.training
    network.eval()
    tiles = describe(network, data.tiles)
    photos = describe_rotations(network, data.photos)
    network.train(training)
    similarity = (photos.reshape(-1, photos.shape[2]) @ tiles.T).reshape(len(data.photos), 4, -1).amax(dim=1)
    return {"overlap": recalls(similarity, data.iou > 0), "iou20": recalls(similarity, data.iou > 0.2)}
