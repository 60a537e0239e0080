"""The fit of the last layer to thousands of pairs at once, after the network is trained.

A batch of training is small, since memory and time grow with it: it compares a photo with a few dozen tiles, and a
search compares it with thousands. The features before the last layer are a few hundred numbers a picture. They are kept
for many pairs, and the last layer, which is linear, is fitted to them in minutes, with thousands of negatives a photo.
A photo is described as in a search: by the mean over several sizes.

Kang et al., "Decoupling Representation and Classifier", ICLR 2020, fit the last layer apart for classification;
Radenović et al., TPAMI 2019, learn a projection for retrieval.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from astroloc_qgis.engine.descriptors.astroloc_lite import PHOTO_PX, TILE_PX
from astroloc_qgis.engine.descriptors.base import fit_long_side
from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.simulation.places import unit_vectors
from astroloc_qgis.engine.training.checkpoint import save_checkpoint
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.data.overlap import circles_about
from astroloc_qgis.engine.training.data.overlap_zones import OverlapZones
from astroloc_qgis.engine.training.data.pairs import render_batch
from astroloc_qgis.engine.training.data.world import LazyWorld, Sources
from astroloc_qgis.engine.training.losses.info_nce import symmetric_info_nce

log = logging.getLogger(__name__)

REFIT = "refit.pt"
"""File of the result, beside the run's checkpoint."""
_PIECE = 32
_LATER = 5
"""Epochs after the last one of training whose appearances the pairs have, so that they are new to the network."""
_ORDER_STREAM = 5
_SCALES = tuple(size / TILE_PX for size in PHOTO_PX)

Features = tuple[NDArray[np.int64], NDArray[np.float16], NDArray[np.float16]]
"""(N,) places, (N, S, C) of photos at S sizes, (N, C) of tiles."""


class PairFeatures(Dataset[Features]):
    """The features of pairs before the last layer, in pieces of 32 pairs.

    Args:
        config: the run.
        sources: the pictures (opened by each process for itself).
        places: (N, 4, 2) the training places.
        network: the trained network.
        pieces: the places of each piece.
        epoch: epoch whose appearances the pairs have.
    """

    def __init__(
        self, config: TrainingConfig, sources: Sources, places: Array, network: LiteNetwork,
        pieces: Sequence[NDArray[np.int64]], epoch: int,
    ) -> None:  # fmt: skip
        self._sizes = [round(config.tile_px * scale) for scale in _SCALES]
        self._config = _showing(config, max(self._sizes))
        self._world, self._places, self._network = LazyWorld(sources), places, network
        self._pieces, self._epoch = pieces, epoch

    def __len__(self) -> int:
        """Number of pieces."""
        return len(self._pieces)

    def __getitem__(self, number: int) -> Features:
        """Render piece ``number`` and describe it."""
        batch = render_batch(self._config, self._world.open(), self._places, self._epoch, self._pieces[number])
        photos = [
            np.stack([self._before_last(_resized(part, size)) for size in self._sizes], axis=1) for part in batch.photos
        ]
        return batch.members.numpy(), np.concatenate(photos), self._before_last(batch.tiles)

    @torch.inference_mode()
    def _before_last(self, pictures: torch.Tensor) -> NDArray[np.float16]:
        pooled = self._network.pooled(self._network.begin(pictures.float()))
        return torch.cat(pooled, dim=1).numpy().astype(np.float16)


def pair_features(
    config: TrainingConfig, sources: Sources, places: Array, network: LiteNetwork, epoch: int, folder: Path,
    workers: int,
) -> Features:  # fmt: skip
    """Render and describe ``config.refit_pairs`` pairs, each of another place; pieces that exist are kept.

    Args:
        config: the run.
        sources: the pictures.
        places: (N, 4, 2) the training places.
        network: the trained network, on the CPU.
        epoch: epoch whose appearances the pairs have.
        folder: folder of the pieces.
        workers: number of processes; 0 for this one.

    Raises:
        InputError: a piece of an earlier call cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng([_ORDER_STREAM, epoch]).permutation(len(places))[: config.refit_pairs]
    pieces = [order[start : start + _PIECE] for start in range(0, len(order), _PIECE)]
    paths = [folder / f"{number:05d}.npz" for number in range(len(pieces))]
    missing = [number for number, path in enumerate(paths) if not path.is_file()]
    loader: DataLoader[Features] = DataLoader(
        PairFeatures(config, sources, places, network, [pieces[number] for number in missing], epoch),
        batch_size=None, num_workers=workers if missing else 0,
    )  # fmt: skip
    for number, (members, photos, tiles) in zip(missing, tqdm(loader, unit="piece"), strict=True):
        temporary = paths[number].with_suffix(".tmp")
        with temporary.open("wb") as stream:
            np.savez(stream, members=members, photos=photos, tiles=tiles)
        temporary.replace(paths[number])
    found = [_read(path) for path in paths]
    members, photos, tiles = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return members, photos, tiles


def fit_last_layer(
    config: TrainingConfig, network: LiteNetwork, features: Features, places: Array
) -> NDArray[np.float32]:
    """Fit ``network.head`` by symmetric InfoNCE; tiles near a photo are neutral.

    Args:
        config: ``refit_steps``, ``refit_batch``, ``refit_rate``, ``temperature``, ``seed``.
        network: changed in place.
        features: the result of ``pair_features``.
        places: (N, 4, 2) the training places.

    Returns:
        (N, D) descriptors of the tiles by the fitted layer.
    """
    members = features[0]
    photos, tiles = (torch.from_numpy(part).float() for part in features[1:])
    overlap_zones = OverlapZones(places)
    neutral = torch.from_numpy(overlap_zones.between(members, members))
    directions = unit_vectors(circles_about(places[members])[0].reshape(-1, 2))
    network.head.requires_grad_()
    optimizer = torch.optim.Adam(network.head.parameters(), lr=config.refit_rate)
    rng = np.random.default_rng(config.seed)

    def described(parts: torch.Tensor) -> torch.Tensor:
        return F.normalize(network.head(parts) - network.centre, dim=-1)

    for step in range(config.refit_steps):
        for group in optimizer.param_groups:
            group["lr"] = config.refit_rate * (0.5 + 0.5 * math.cos(math.pi * step / config.refit_steps))
        some = torch.from_numpy(_pairs_of_a_step(step, directions, config.refit_batch, rng))
        means = F.normalize(described(photos[some]).sum(dim=1), dim=1)
        loss = symmetric_info_nce(means, described(tiles[some]), neutral[some[:, None], some], config.temperature)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            log.info("last layer, step %d: loss %.3f", step, float(loss.detach()))
    with torch.no_grad():
        return described(tiles).numpy()


def _pairs_of_a_step(step: int, directions: Array, batch: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The pairs of a step: of all the world, or, every other step, those nearest to one of them.

    A search with a known nadir compares a photo with the blocks about it alone.

    Args:
        step: number of the step.
        directions: (N, 3) unit vectors of the pairs' places.
        batch: number of pairs, N at most.
        rng: generator.

    Returns:
        (batch,) numbers of pairs.
    """
    if step % 2 == 0:
        return rng.permutation(len(directions))[:batch]
    middle = directions[int(rng.integers(len(directions)))]
    return np.argsort(-(directions @ middle), kind="stable")[:batch]


def refit(
    config: TrainingConfig, network: LiteNetwork, places: Array, sources: Sources, out: Path, step: int, epoch: int,
    workers: int,
) -> None:  # fmt: skip
    """Fit the last layer of a trained network, and keep the result in ``out`` / ``REFIT``.

    Args:
        config: the run.
        network: the trained network without output renormalisation, on the CPU; changed in place.
        places: (N, 4, 2) the training places.
        sources: the pictures.
        out: folder of the run.
        step: step that the network has been trained to.
        epoch: epoch of that step.
        workers: number of processes that render and describe; 0 for this one.

    Raises:
        InputError: as ``pair_features``.
    """
    features = pair_features(config, sources, places, network, epoch + _LATER, out / f"features-{step}", workers)
    tiles = fit_last_layer(config, network, features, places)
    descriptors = torch.from_numpy(tiles)
    save_checkpoint(out / REFIT, {"network": network.state_dict(), "descriptors": descriptors, "step": step})


def _read(path: Path) -> Features:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["members"], stored["photos"], stored["tiles"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"The features in {path} cannot be read: delete that file.", str(error)) from error


def _showing(config: TrainingConfig, long_px: int) -> TrainingConfig:
    """The same configuration with photos large enough to be shrunk to ``long_px``."""
    return dataclasses.replace(config, photo_px=math.ceil(long_px / 96) * 96)


def _resized(pictures: torch.Tensor, long_px: int) -> torch.Tensor:
    """(B, 3, h, w) uint8, shrunk as the descriptor does it."""
    shrunk = [fit_long_side(picture, long_px) for picture in pictures.permute(0, 2, 3, 1).numpy()]
    return torch.from_numpy(np.stack(shrunk).transpose(0, 3, 1, 2))
