"""The kinds of network that can be trained, by name: how each begins, what training adds to it, and how it ships."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch

from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.descriptors.trainable import TrainableNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.checkpoint import load_checkpoint, save_checkpoint
from astroloc_qgis.engine.training.config import ASTROLOC, EARTHLOC, LITE, TrainingConfig
from astroloc_qgis.engine.training.data.batches import PairBatch
from astroloc_qgis.engine.training.network.depthwise import speed_up_depthwise
from astroloc_qgis.engine.training.network.initial_weights import images_by_size, initial_network
from astroloc_qgis.engine.training.network.output_renormalisation import (
    add_output_renormalisation,
    folded,
    measure_output_statistics,
    without_output_renormalisation,
)
from astroloc_qgis.engine.training.network.published import TrainablePublished, layout_of_config, load_start
from astroloc_qgis.engine.weights.array_files import read_weights

log = logging.getLogger(__name__)

START = "start.pt"
"""File of a run with the weights that it began with."""
FirstBatches = Callable[[], list[PairBatch]]
"""Renders batches to measure a network on before it learns."""


_Network = TypeVar("_Network", bound=TrainableNetwork)


class NetworkKind(ABC, Generic[_Network]):
    """A kind of network."""

    start_of: str
    """What it begins with where nothing is given, in words."""

    @abstractmethod
    def empty(self, config: TrainingConfig) -> _Network:
        """The network as a checkpoint's weights fit it."""

    @abstractmethod
    def started(self, config: TrainingConfig, warm_start: Path | None, batches: FirstBatches, out: Path) -> _Network:
        """The network with the weights that training starts from; those that were made for it are kept in ``out``.

        Args:
            config: the run.
            warm_start: weights to start from; None for the kind's own.
            batches: renders the first batches.
            out: folder of the run.

        Raises:
            InputError: weights of another network, or missing ones.
        """

    @abstractmethod
    def prepare(self, network: _Network) -> None:
        """Make ready for training what changes no result."""

    @abstractmethod
    def shipped(self, network: _Network) -> TrainableNetwork:
        """The network as it ships, to describe pictures."""


class Lite(NetworkKind[LiteNetwork]):
    """Ours: begins with ImageNet's weights, measured on the first batches."""

    start_of = "ImageNet weights of EfficientNet-Lite0"

    def empty(self, config: TrainingConfig) -> LiteNetwork:
        """With output renormalisation, where the run has it."""
        network = self._plain(config)
        if config.output_renormalisation:
            add_output_renormalisation(network)
        return network

    def _plain(self, config: TrainingConfig) -> LiteNetwork:
        network = LiteNetwork(config.dimensions).to(memory_format=torch.channels_last)
        network.freeze(config.frozen_blocks)
        return network

    def started(self, config: TrainingConfig, warm_start: Path | None, batches: FirstBatches, out: Path) -> LiteNetwork:
        """As ``NetworkKind.started``."""
        network = self._plain(config)
        first = batches() if config.output_renormalisation or warm_start is None else []
        if warm_start is not None:
            state = _given(warm_start)
        else:
            state = initial_network(config, first).state_dict()
            save_checkpoint(out / START, {"network": state})
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise InputError(f"The weights {warm_start} are of another network than is trained.", str(error)) from error
        if config.output_renormalisation:
            add_output_renormalisation(network)
            measure_output_statistics(network, (images.float() for batch in first for images in images_by_size(batch)))
        return network

    def prepare(self, network: LiteNetwork) -> None:
        """Gradients of depthwise convolutions that are fast on the CPU."""
        speed_up_depthwise(network)

    def shipped(self, network: LiteNetwork) -> LiteNetwork:
        """Without output renormalisation."""
        return without_output_renormalisation(network)


class Published(NetworkKind[TrainablePublished]):
    """A published architecture: begins with the weights given, else with random ones."""

    start_of = "random weights"

    def empty(self, config: TrainingConfig) -> TrainablePublished:
        """With random weights."""
        network = TrainablePublished(layout_of_config(config))
        network.freeze(config.frozen_blocks)
        return network

    def started(
        self, config: TrainingConfig, warm_start: Path | None, batches: FirstBatches, out: Path
    ) -> TrainablePublished:
        """As ``NetworkKind.started``."""
        del batches
        network = self.empty(config)
        if warm_start is None:
            log.warning("training %s begins with random weights: name others with --warm-start", config.network)
        else:
            load_start(network, warm_start)
        save_checkpoint(out / START, {"network": network.state_dict()})
        return network.train()

    def prepare(self, network: TrainablePublished) -> None:
        """Nothing is to be done."""

    def shipped(self, network: TrainablePublished) -> TrainablePublished:
        """In evaluation mode."""
        return network.eval()


KINDS: Mapping[str, NetworkKind[Any]] = {LITE: Lite(), EARTHLOC: Published(), ASTROLOC: Published()}
"""The kinds by the name that a configuration gives."""


def _given(path: Path) -> Mapping[str, torch.Tensor]:
    """The state of our own network in a checkpoint or in exported weights."""
    if path.suffix == ".npz":
        return {name: torch.from_numpy(part) for name, part in read_weights(path).items()}
    return folded(load_checkpoint(path)["network"])
