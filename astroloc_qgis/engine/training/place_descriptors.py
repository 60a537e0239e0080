"""All training places described by the present network, as EarthLoc and AstroLoc do before they cluster them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from astroloc_qgis.engine.descriptors.trainable import TrainableNetwork
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.batches import PairBatch
from astroloc_qgis.engine.training.data.pairs import render_batch
from astroloc_qgis.engine.training.data.world import LazyWorld, Sources

_PIECE = 32


@dataclass(frozen=True)
class PlacePictures(Dataset[PairBatch]):
    """The photos and tiles of all places, in pieces of 32, as they look in one epoch.

    Attributes:
        config: the run.
        world: the pictures.
        places: (N, 4, 2).
        epoch: whose appearances the photos have.
    """

    config: TrainingConfig
    world: LazyWorld
    places: Array
    epoch: int

    def __len__(self) -> int:
        """Number of pieces."""
        return -(-len(self.places) // _PIECE)

    def __getitem__(self, number: int) -> PairBatch:
        """Render piece ``number``."""
        members = np.arange(number * _PIECE, min((number + 1) * _PIECE, len(self.places)))
        return render_batch(self.config, self.world.open(), self.places, self.epoch, members)


@torch.inference_mode()
def describe_places(
    config: TrainingConfig, network: TrainableNetwork, sources: Sources, places: Array, epoch: int, workers: int
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Describe the tile of each place, and its photo where photos count.

    Args:
        config: the run.
        network: on the device that learns; its mode is as before afterwards.
        sources: the pictures.
        places: (N, 4, 2) the training places.
        epoch: number of the epoch that begins.
        workers: number of processes that render; 0 for this one.

    Returns:
        (N, D) of tiles and (N, D) of photos, half precision, L2-normalised; (0, D) of photos where only tiles count.
    """
    device, training = network.centre.device, network.training
    network.eval()
    tiles = np.zeros((len(places), network.dimensions), dtype=np.float16)
    photos = tiles.copy() if config.relevance else tiles[:0].copy()

    def described(pictures: torch.Tensor) -> NDArray[np.float16]:
        with torch.autocast(device.type, torch.bfloat16, enabled=config.mixed_precision):
            vectors = network.finish(network.begin(pictures.float()).to(device))
        half: NDArray[np.float16] = F.normalize(vectors.float(), dim=1).cpu().numpy().astype(np.float16)
        return half

    pictures = PlacePictures(config, LazyWorld(sources), places, epoch)
    loader: DataLoader[PairBatch] = DataLoader(pictures, batch_size=None, num_workers=workers)
    for batch in tqdm(loader, unit="piece", desc="describing all places"):
        members = batch.members.numpy()
        tiles[members] = described(batch.tiles)
        if len(photos):
            photos[members] = np.concatenate([described(part) for part in batch.photos])
    network.train(training)
    return tiles, photos
