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
from astroloc_qgis.engine.training.data.pairs import render_batch, render_place_tiles
from astroloc_qgis.engine.training.data.world import LazyWorld, Sources

_PIECE = 32


@dataclass(frozen=True)
class PlacePictures(Dataset[PairBatch]):
    """The tiles of all places, and the photos of some, in pieces of 32, as they look in one epoch.

    Attributes:
        config: the run.
        world: the pictures.
        places: (N, 4, 2).
        epoch: whose appearances the photos have.
        first_photo: the places from this one on have photos that count.
    """

    config: TrainingConfig
    world: LazyWorld
    places: Array
    epoch: int
    first_photo: int

    @property
    def _pieces(self) -> list[NDArray[np.int64]]:
        parts = np.split(np.arange(len(self.places)), [self.first_photo])
        return [part[at : at + _PIECE] for part in parts for at in range(0, len(part), _PIECE)]

    def __len__(self) -> int:
        """Number of pieces."""
        return len(self._pieces)

    def __getitem__(self, number: int) -> PairBatch:
        """Render piece ``number``."""
        members = self._pieces[number]
        render = render_batch if members[0] >= self.first_photo else render_place_tiles
        return render(self.config, self.world.open(), self.places, self.epoch, members)


@torch.inference_mode()
def describe_places(
    config: TrainingConfig, network: TrainableNetwork, sources: Sources, places: Array, epoch: int, workers: int
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Describe the tile of each place, and the photos that tell which clusters are relevant.

    Args:
        config: the run.
        network: on the device that learns; its mode is as before afterwards.
        sources: the pictures.
        places: (N, 4, 2) the training places.
        epoch: number of the epoch that begins.
        workers: number of processes that render; 0 for this one.

    Returns:
        (N, D) of tiles and (P, D) of photos, half precision, L2-normalised; no photos where only tiles count, and the
        real ones alone where none are simulated.
    """
    device, training = network.centre.device, network.training
    network.eval()
    tiles = np.zeros((len(places), network.dimensions), dtype=np.float16)
    first = 0 if config.simulated else len(places) - len(sources.photos)
    first = first if config.relevance else len(places)
    photos = tiles[first:].copy()

    def described(pictures: torch.Tensor) -> NDArray[np.float16]:
        with torch.autocast(device.type, torch.bfloat16, enabled=config.mixed_precision):
            vectors = network.finish(network.begin(pictures.float().to(device)))
        half: NDArray[np.float16] = F.normalize(vectors.float(), dim=1).cpu().numpy().astype(np.float16)
        return half

    pictures = PlacePictures(config, LazyWorld(sources), places, epoch, first)
    loader: DataLoader[PairBatch] = DataLoader(pictures, batch_size=None, num_workers=workers)
    for batch in tqdm(loader, unit="piece", desc="describing all places"):
        members = batch.members.numpy()
        tiles[members] = described(batch.tiles)
        if batch.photos:
            photos[members - first] = np.concatenate([described(part) for part in batch.photos])
    network.train(training)
    return tiles, photos
