"""The training loop; a run that is interrupted at any time resumes to the same result."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from astroloc_qgis.engine.descriptors.trainable import TrainableNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.photos import VERSION
from astroloc_qgis.engine.training.checkpoint import load_checkpoint, save_checkpoint
from astroloc_qgis.engine.training.cluster_sampling import epoch_batches, random_pairs, tile_batches
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.training.cross_batch_memory import CrossBatchMemory
from astroloc_qgis.engine.training.data.batches import PairBatch
from astroloc_qgis.engine.training.data.pairs import PairBatches
from astroloc_qgis.engine.training.data.world import Sources
from astroloc_qgis.engine.training.objective import photo_tile_loss, tile_batch_loss
from astroloc_qgis.engine.training.place_descriptors import describe_places
from astroloc_qgis.engine.training.records import Records

log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"
_HEAD_FACTOR = 1.5
_MOMENTUM = 0.05
_STEPS_APART = 1_000_003
"""More than the steps of a run, so that runs of other seeds share no random numbers."""

Validate = Callable[[TrainableNetwork], dict[str, dict[str, float]]]


@dataclass
class TrainingState:
    """The state of a run.

    Attributes:
        step: optimizer steps done.
        epoch: epoch of the next step.
        position: batches of this epoch done.
        descriptors: (places, D) the newest descriptor of each place's tile.
        grouped_by: the descriptors that the epoch's batches are grouped by.
        photos: (places, D) the newest descriptor of each place's photo; (0, D) where no loss needs it.
        photos_grouped_by: the descriptors of photos that the epoch's batches of tiles are grouped by.
        best: the best validation recall (any overlap, R@1 + R@10) so far.
        stale: validations since the best one.
        history: the entries of all validations.
    """

    step: int
    epoch: int
    position: int
    descriptors: NDArray[np.float32]
    grouped_by: NDArray[np.float32]
    photos: NDArray[np.float32]
    photos_grouped_by: NDArray[np.float32]
    best: float = -1.0
    stale: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


class Trainer:
    """Trains a network.

    Args:
        config: the run.
        network: the network to start from; a checkpoint in ``out`` takes precedence.
        places: (N, 4, 2) the training places.
        sources: the pictures.
        out: folder of checkpoint, log and weights.
        validate: measures recall; None for no validation.
        workers: number of processes that render batches; 0 renders in this one.
        device: torch device of the trained part; the frozen part runs beside the rendering, on the CPU.

    Attributes:
        renderer: the network whose frozen part runs beside the rendering; where training has a device of its own, a
            copy on the CPU of what it starts from.

    Raises:
        InputError: the checkpoint in ``out`` is of another configuration or simulator.
    """

    def __init__(
        self, config: TrainingConfig, network: TrainableNetwork, places: NDArray[np.float64], sources: Sources,
        out: Path, validate: Validate | None = None, workers: int = 1, device: str = "cpu",
    ) -> None:  # fmt: skip
        self.config, self.network, self._places, self._sources, self._out = config, network, places, sources, out
        self._validate, self._workers = validate, workers
        out.mkdir(parents=True, exist_ok=True)
        network.freeze(config.frozen_blocks)
        self._device = torch.device(device)
        stored = load_checkpoint(out / CHECKPOINT) if (out / CHECKPOINT).is_file() else None
        if stored is not None:
            self._check_settings(stored)
            network.load_state_dict(stored["network"])
        self.renderer = network if self._device.type == "cpu" else network.beside_rendering()
        network.to(self._device)
        check_same_frozen_part(network, self.renderer)
        head = list(network.head_parameters())
        owned = {id(parameter) for parameter in head}
        body = [p for p in network.parameters() if p.requires_grad and id(p) not in owned]
        groups = [{"params": body, "factor": 1.0}, {"params": head, "factor": _HEAD_FACTOR}]
        self._optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=config.weight_decay)
        empty = np.zeros((0 if config.cluster_every else len(places), config.dimensions), dtype=np.float32)
        photos = empty if config.tile_loss > 0 else empty[:0]
        self._memory = CrossBatchMemory(places, config.memory)
        self.state = TrainingState(0, 0, 0, empty, empty.copy(), photos.copy(), photos.copy())
        if stored is not None:
            self._resume(stored)

    def run(self, until: int | None = None) -> TrainableNetwork:
        """Train to the configuration's last step, to step ``until``, or until validation no longer improves."""
        last = min(self.config.steps, until or self.config.steps)
        saved = time.monotonic()
        with Records(self._out) as records, tqdm(total=last, initial=self.state.step, unit="step") as bar:
            while self.state.step < last and not self._exhausted():
                for batch in self._epoch(last):
                    began = time.monotonic()
                    loss = self._step(batch)
                    seconds = round(time.monotonic() - began, 3)
                    records.write({**self._place_in_run, "loss": round(loss, 5), "seconds": seconds})
                    bar.update()
                    bar.set_postfix(loss=f"{loss:.3f}")
                    if self._validate is not None and self._due(last):
                        records.write(self._measure(self._validate))
                        self._save()
                        saved = time.monotonic()
                    elif time.monotonic() - saved > self.config.checkpoint_seconds:
                        self._save()
                        saved = time.monotonic()
                    if self._exhausted():
                        break
                else:
                    self._end_epoch()
        self._save()
        return self.network

    @property
    def _place_in_run(self) -> dict[str, Any]:
        state = self.state
        return {"step": state.step, "epoch": state.epoch, "lr": self._rate(state.step - 1)}

    @property
    def _pair_places(self) -> NDArray[np.int64]:
        """The places that pairs of photo and tile are drawn from; all where no pairs are rendered."""
        every = np.arange(len(self._places))
        real_alone = not self.config.simulated and not self.config.tiles_alone
        return every[len(every) - len(self._sources.photos) :] if real_alone else every

    def _exhausted(self) -> bool:
        return 0 < self.config.patience <= self.state.stale

    def _epoch(self, last: int) -> DataLoader[PairBatch]:
        """The rest of the present epoch, up to step ``last``."""
        state = self.state
        hard = state.epoch >= self.config.hard_from_epoch
        if self.config.cluster_every:
            batches = random_pairs(self.config, state.epoch, self._pair_places)
            if hard and state.position == 0:
                self._describe_places()
        else:
            batches = epoch_batches(self.config, state.epoch, self._places, state.grouped_by if hard else None)
        data = PairBatches(
            self.config, self._sources, self._places, state.epoch, batches, state.step - state.position, self.renderer,
            self._tile_batches(len(batches), hard=hard),
            mixed_precision=self.config.mixed_precision and self._device.type == "cpu",
        )  # fmt: skip
        end = min(len(batches), state.position + last - state.step)
        self._epoch_length = len(batches)
        loader: DataLoader[PairBatch] = DataLoader(
            data, batch_size=None, sampler=range(state.position, end), num_workers=self._workers,
            prefetch_factor=4 if self._workers else None, worker_init_fn=_step_aside if self._workers else None,
        )  # fmt: skip
        return loader

    def _tile_batches(self, count: int, *, hard: bool) -> list[NDArray[np.int64]] | None:
        if self.config.tile_loss <= 0:
            return None
        state = self.state
        tiles, photos = (state.grouped_by, state.photos_grouped_by) if hard else (None, None)
        photos = photos if self.config.relevance else None
        places = len(self._places) if self.config.cluster_every else 0
        return tile_batches(self.config, state.epoch, count, tiles, photos, places=places)

    def _describe_places(self) -> None:
        """Describe all places by the present network, and keep that: it takes as long as many steps."""
        state = self.state
        state.grouped_by, state.photos_grouped_by = describe_places(
            self.config, self.network, self._sources, self._places, state.epoch, self._workers
        )
        self._save()

    def _end_epoch(self) -> None:
        state = self.state
        if state.position >= self._epoch_length:
            state.epoch, state.position = state.epoch + 1, 0
            if self.config.cluster_every:
                return
            state.grouped_by, state.photos_grouped_by = state.descriptors.copy(), state.photos.copy()

    def _step(self, batch: PairBatch) -> float:
        state = self.state
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate(state.step) * group["factor"]
        torch.manual_seed(self.config.seed * _STEPS_APART + state.step)  # dropout is a function of the step
        pairs, projected, described = self._loss_of_pairs(batch)
        loss = pairs + self._loss_of_tiles(batch)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.config.clip:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self._optimizer.step()
        if len(batch.members):
            self.network.recentre(projected, _MOMENTUM)
            self._remember(batch.members.numpy(), described)
        state.step += 1
        state.position += 1
        return float(loss.detach())

    def _loss_of_pairs(self, batch: PairBatch) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of a batch's pairs, and of its photos and then its tiles the vectors before and after centring."""
        network, device, state = self.network, self._device, self.state
        if not len(batch.members):
            none = torch.zeros(0, network.dimensions, device=device)
            return torch.zeros((), device=device), none, none
        parts = [part.to(device) for part in (*batch.photos, batch.tiles)]
        with torch.autocast(device.type, torch.bfloat16, enabled=self.config.mixed_precision):
            pooled = [network.projected(part) for part in parts]
        projected = torch.cat(pooled).float()
        described = F.normalize(projected - network.centre, dim=1)
        photos, tiles = described.split(len(batch.members))
        others = None
        if state.step >= self.config.memory_from:
            others = self._memory.cosines(photos, batch.members.numpy(), state.descriptors)
        loss = photo_tile_loss(self.config, photos, tiles, batch.iou.to(device), others)
        return loss, projected.detach(), described.detach()

    def _loss_of_tiles(self, batch: PairBatch) -> Tensor:
        """The weighted loss of a batch's tiles alone; zero without any."""
        network, device, others = self.network, self._device, batch.others
        if others is None:
            return torch.zeros((), device=device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.config.mixed_precision):
            alone = network.projected(others.tiles.to(device))
        years = F.normalize(alone.float() - network.centre, dim=1)
        loss = tile_batch_loss(self.config, years, others.places.to(device), others.overlap.to(device))
        return self.config.tile_loss * loss

    def _remember(self, members: NDArray[np.int64], described: Tensor) -> None:
        """Keep the newest descriptors of places, and which places came last."""
        state = self.state
        self._memory.add(members)
        if len(state.descriptors):
            photos, tiles = described.cpu().split(len(members))
            state.descriptors[members] = tiles.numpy()
            if len(state.photos):
                state.photos[members] = photos.numpy()

    def _rate(self, step: int) -> float:
        config = self.config
        if step < config.warmup:
            return config.learning_rate * (step + 1) / config.warmup
        share = (step - (config.steps - config.decay_steps)) / max(1, config.decay_steps)
        return config.learning_rate * (0.5 + 0.5 * math.cos(math.pi * min(1.0, max(0.0, share)))) + 1e-7

    def _due(self, last: int) -> bool:
        every = self.config.validate_every
        return every > 0 and (self.state.step % every == 0 or self.state.step == last)

    def _measure(self, validate: Validate) -> dict[str, Any]:
        measured = validate(self.network)
        score = measured["overlap"]["1"] + measured["overlap"]["10"]
        state = self.state
        state.stale = 0 if score > state.best else state.stale + 1
        if score > state.best:
            state.best = score
            save_checkpoint(self._out / BEST, {"network": self.network.state_dict(), "step": state.step})
        entry = {"step": state.step, "validation": measured}
        state.history.append(entry)
        log.info("step %d: %s", state.step, measured)
        return entry

    def _save(self) -> None:
        state = self.state
        save_checkpoint(
            self._out / CHECKPOINT,
            {
                "config": self.config.to_json(),
                "simulator": VERSION,
                "network": self.network.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "step": state.step,
                "epoch": state.epoch,
                "position": state.position,
                "descriptors": torch.from_numpy(state.descriptors),
                "grouped_by": torch.from_numpy(state.grouped_by),
                "photos": torch.from_numpy(state.photos),
                "photos_grouped_by": torch.from_numpy(state.photos_grouped_by),
                "recent": torch.from_numpy(self._memory.recent),
                "best": state.best,
                "stale": state.stale,
                "history": json.dumps(state.history),
                "rng": torch.get_rng_state(),
            },
        )

    def _check_settings(self, stored: dict[str, Any]) -> None:
        if (made := stored.get("simulator", 1)) != VERSION:
            raise InputError(
                f"The checkpoint in {self._out} was made with version {made} of the simulator, which is now {VERSION}: "
                "train into another folder, or delete it."
            )
        # These may change: a run can be prolonged while its learning rate is still constant.
        free = {
            "checkpoint_seconds", "validate_every", "validation_photos", "patience", "steps", "small_steps",
            "decay_steps", "whiten", "refit_pairs", "refit_steps", "refit_batch", "refit_rate", "mixed_precision",
        }  # fmt: skip
        fresh = TrainingConfig().to_json()
        for name, value in self.config.to_json().items():
            before = stored["config"].get(name, fresh[name])
            if name not in free and _plain(before) != _plain(value):
                raise InputError(
                    f"The checkpoint in {self._out} was made with {name} = {before}, not {value}: train into another "
                    "folder, or delete it."
                )

    def _resume(self, stored: dict[str, Any]) -> None:
        self._optimizer.load_state_dict(stored["optimizer"])
        torch.set_rng_state(stored["rng"])
        none = torch.zeros((0, self.config.dimensions))
        self._memory.recent = stored.get("recent", torch.zeros(0, dtype=torch.int64)).numpy()
        self.state = TrainingState(
            stored["step"], stored["epoch"], stored["position"], stored["descriptors"].numpy(),
            stored["grouped_by"].numpy(), stored.get("photos", none).numpy(),
            stored.get("photos_grouped_by", none).numpy(), stored["best"], stored["stale"],
            json.loads(stored["history"]),
        )  # fmt: skip
        log.info("resuming at step %d", self.state.step)


def check_same_frozen_part(network: TrainableNetwork, copied: TrainableNetwork) -> None:
    """Check that two networks have the same frozen layers.

    Raises:
        RuntimeError: they differ: training would go on with features of another network.
    """
    if network.centre.is_meta:  # it holds no numbers
        return
    for part, other in zip(network.frozen_parts(), copied.frozen_parts(), strict=True):
        theirs = other.state_dict()
        for name, weights in part.state_dict().items():
            if not torch.equal(weights.cpu(), theirs[name].cpu()):
                raise RuntimeError(f"the frozen layers on the CPU are not those of {network.centre.device}: {name}")


def _step_aside(worker: int) -> None:
    """Lower the priority of a process that renders, so that training comes first."""
    del worker
    if hasattr(os, "nice"):
        os.nice(19)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
