"""The settings of a training run: one frozen dataclass, kept as JSON beside the weights."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib

from astroloc_qgis.engine.errors import InputError

LOSSES = ("infonce", "pair", "log-pair", "multi-similarity", "none")
LITE, EARTHLOC, ASTROLOC = "lite", "earthloc", "astroloc"
STRIDES = {LITE: 32, EARTHLOC: 16, ASTROLOC: 14}
"""The networks, and what the sides of their pictures are multiples of, px."""
BACKBONES = ("small", "base", "large")
"""Sizes of the transformer of the network "astroloc"."""
_LEAST_IOU = 0.1
CONFIGS = Path(__file__).parent / "configs"
"""Folder of the configurations by name."""
FORMER_NAMES = {"steady": "output_renormalisation"}
"""Settings that files of older runs hold under another name."""


@dataclass(frozen=True)
class TrainingConfig:
    """A training run.

    Attributes:
        seed: seed of everything random.
        network: "lite" (ours, which ships), "earthloc" (ResNet-50 with MixVPR) or "astroloc" (DINOv2 with SALAD); the
            latter two see squares.
        backbone: size of the transformer of "astroloc": "small", "base" or "large".
        depth: blocks of this transformer; 0 for as many as the published one has.
        clusters: clusters of SALAD ("astroloc").
        cluster_dim: numbers of a cluster; the other numbers of a vector are the token's.
        simulated: whether places are simulated; else only the tiles of the dataset given are learned from, and, in
            pairs, the real photos given.
        places: number of simulated training places; an epoch shows each of them once.
        steps: optimizer steps in all.
        decay_steps: number of the last steps, in which the learning rate falls to zero (a half cosine); before, it is
            constant, so that a run can be prolonged.
        batch: pairs of photo and tile in a batch.
        small_steps: number of the first steps that see photos and tiles at ``small_scale`` of their size: less than
            half the time a step, and coarse structure is learned first.
        small_scale: size of pictures in these steps, as a part of the full size; sides stay multiples of 32.
        tile_px: side of a tile.
        photo_px: long side of a photo (short side: by its format).
        mosaic_zoom: finest web-map zoom at which the imagery is kept, about its own (8 for Blue Marble).
        zooms: web-map zooms of the tiles.
        strides: tiles from one block of a zoom to the next.
        dimensions: length of a descriptor.
        frozen_blocks: blocks at the network's start that keep their first weights; of ResNet-50 its stages.
        loss: one of ``LOSSES``, on photo-tile pairs; "none" leaves them out (EarthLoc learns from tiles alone).
        alpha: weight of the least similar positives before others (multi-similarity, and loss "log-pair").
        beta: weight of the most similar negatives before others (the same).
        miner_epsilon: margin of the miner of multi-similarity.
        temperature: temperature of InfoNCE.
        overlap_mask: whether tiles that overlap a photo besides its own are no negatives (neutral-aware mask).
        memory: number of places in the cross-batch memory, whose tiles are further negatives (InfoNCE only); 0 for
            none.
        memory_from: first step that uses the memory: at first the network changes too fast.
        cluster_every: steps after which all places are described anew and clustered, as EarthLoc and AstroLoc do; pairs
            are then drawn at random. 0 clusters the newest descriptors that training has seen, every epoch.
        group_places: places of a neighbourhood from which hard batches are drawn.
        hard_share: share of the batches grouped by k-means clusters of descriptors, the others by neighbourhood only.
        hard_from_epoch: first epoch (counted from 0) whose batches are grouped by descriptors.
        learning_rate: learning rate of the network; the head's is one and a half times as much.
        weight_decay: weight decay of AdamW.
        clip: largest norm of the gradient; 0 for any.
        warmup: steps in which the learning rate rises to its full value.
        positive_iou: a photo's tile is drawn from those of at least this IoU (or of the best, if none has), by IoU.
        real_share: share of places at real footprints.
        camera_share: share of places seen by a tilted camera in orbit.
        wide_share: share of places seen by a wide lens, 380 to 900 km across.
        validate_every: steps between validations; 0 for none.
        validation_photos: number of photos simulated for validation.
        patience: validations without a better recall after which training stops; 0 for never.
        checkpoint_seconds: time between checkpoints.
        positive_margin: similarity that a positive pair is drawn up to (loss "pair").
        negative_margin: similarity that a negative pair is pushed down to (loss "pair").
        tile_loss: weight of a second loss, multi-similarity on batches of tiles alone, in several years each
            (EarthLoc); 0 for none. AstroLoc's full method is loss "log-pair" with a tile loss of 1.
        tile_batch: tiles in a batch of tiles alone.
        years: years that each of them is shown in.
        tile_clusters: k-means clusters that batches of tiles are drawn from.
        yearwise: whether all tiles of a year in a batch share one augmentation (EarthLoc); else each has its own.
        rotation_deg: largest rotation by their augmentation, degrees, either way.
        perspective: largest move of a corner by it, as a share of half a side.
        brightness: by how much it changes the brightness.
        contrast: by how much it changes the contrast.
        saturation: by how much it changes the saturation.
        hue: by how much it rotates colours, as a share of a full circle.
        cluster_mining: whether batches of tiles are drawn from clusters of descriptors; else at random.
        relevance: whether clusters are drawn by the number of photos in them (AstroLoc); else evenly.
        output_renormalisation: whether the outputs of the trained blocks keep the statistics that they begin with.
        refit_pairs: number of pairs that the last layer is fitted to when training ends (``training.refit``); 0 for
            no fit.
        refit_steps: optimizer steps of this fit; every other one is on pairs of one part of the world, as a search with
            a known nadir is.
        refit_batch: pairs in a step of the fit.
        refit_rate: learning rate at the first step of the fit; it falls to zero.
        whiten: share of whitening of the exported descriptors, from 0 to 1 (``training.network.whitening``).
        mixed_precision: whether the network runs in bfloat16 where autocast holds that safe (the frozen part only
            where the CPU learns); losses and weights stay in float32. It is faster on recent GPUs, and on CPUs that
            multiply bfloat16 (avx512_bf16, AMX); slower on others.
    """

    seed: int = 11
    network: str = LITE
    backbone: str = "base"
    depth: int = 0
    clusters: int = 32
    cluster_dim: int = 64
    simulated: bool = True
    places: int = 30_000
    steps: int = 2_800
    decay_steps: int = 1_000
    batch: int = 64
    small_steps: int = 1_000
    small_scale: float = 0.7
    tile_px: int = 224
    photo_px: int = 288
    mosaic_zoom: int = 8
    zooms: tuple[int, ...] = (7, 8, 9, 10, 11)
    strides: tuple[int, ...] = (1, 2, 2, 2, 3)
    dimensions: int = 256
    frozen_blocks: int = 5
    loss: str = "infonce"
    alpha: float = 1.0
    beta: float = 50.0
    miner_epsilon: float = 0.1
    temperature: float = 0.05
    overlap_mask: bool = True
    memory: int = 0
    memory_from: int = 300
    cluster_every: int = 0
    group_places: int = 768
    hard_share: float = 0.85
    hard_from_epoch: int = 1
    learning_rate: float = 4e-4
    weight_decay: float = 1e-4
    clip: float = 1.0
    warmup: int = 60
    positive_iou: float = 0.2
    real_share: float = 0.55
    camera_share: float = 0.2
    wide_share: float = 0.1
    validate_every: int = 300
    validation_photos: int = 192
    patience: int = 0
    checkpoint_seconds: float = 180.0
    positive_margin: float = 0.8
    negative_margin: float = 0.3
    tile_loss: float = 0.0
    tile_batch: int = 32
    years: int = 2
    tile_clusters: int = 64
    yearwise: bool = True
    rotation_deg: float = 45.0
    perspective: float = 0.4
    brightness: float = 0.9
    contrast: float = 0.8
    saturation: float = 0.9
    hue: float = 0.05
    cluster_mining: bool = True
    relevance: bool = True
    output_renormalisation: bool = True
    refit_pairs: int = 0
    refit_steps: int = 200
    refit_batch: int = 4_096
    refit_rate: float = 1e-3
    whiten: float = 0.0
    mixed_precision: bool = False

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise InputError(f"There is no loss '{self.loss}': choose one of {', '.join(LOSSES)}.")
        if self.loss == "none" and self.tile_loss <= 0:
            raise InputError("Nothing would be learned: choose a loss, or a tile loss above 0.")
        if len(self.zooms) != len(self.strides):
            raise InputError(f"There are {len(self.zooms)} zooms but {len(self.strides)} strides: give one for each.")
        if self.batch < 2 or self.places < self.batch:
            raise InputError(f"A batch of {self.batch} pairs cannot be drawn from {self.places} places.")
        if self.refit_pairs and not 2 <= self.refit_pairs <= self.places:
            raise InputError(f"The last layer cannot be fitted to {self.refit_pairs} pairs of {self.places} places.")
        if not 0 <= self.whiten <= 1:
            raise InputError(f"Descriptors are whitened by a share from 0 to 1, not {self.whiten:g}.")
        if self.memory and self.loss != "infonce":
            raise InputError(f"The cross-batch memory is of no use to the loss '{self.loss}': set memory to 0.")
        if not self.simulated and not self.cluster_every:
            raise InputError("Without simulated places all are described before they are clustered: set cluster_every.")
        if self.network not in STRIDES:
            raise InputError(f"There is no network '{self.network}': choose one of {', '.join(STRIDES)}.")
        self._check_lite() if self.network == LITE else self._check_published()

    def _check_lite(self) -> None:
        if self.tile_px % 32 or self.photo_px % 96:
            raise InputError(
                f"Tiles of {self.tile_px} px and photos of {self.photo_px} px do not fit the network: sides must be "
                "multiples of 32, so a photo's long side one of 96."
            )

    def _check_published(self) -> None:
        if self.backbone not in BACKBONES:
            raise InputError(f"There is no backbone '{self.backbone}': choose one of {', '.join(BACKBONES)}.")
        if self.tile_px % STRIDES[self.network]:
            raise InputError(
                f"Tiles of {self.tile_px} px do not fit the network {self.network}: their side must be a multiple of "
                f"{STRIDES[self.network]}."
            )
        if self.network == EARTHLOC and self.dimensions % 4:
            raise InputError(f"A vector of {self.dimensions} numbers cannot be four rows: give a multiple of 4.")
        if self.network == ASTROLOC and self.dimensions <= self.clusters * self.cluster_dim:
            raise InputError(
                f"{self.clusters} clusters of {self.cluster_dim} numbers leave none of {self.dimensions} for the "
                "token: set dimensions higher."
            )
        ours = ("output_renormalisation", "refit_pairs", "whiten", "small_steps", "memory")
        if set_ones := [name for name in ours if getattr(self, name)]:
            raise InputError(f"The network {self.network} is trained without {set_ones[0]}: set it to 0 or false.")

    @property
    def square(self) -> bool:
        """Whether photos are squashed to squares of the tiles' size."""
        return self.network != LITE

    @property
    def tiles_alone(self) -> bool:
        """Whether no pairs of photo and tile are needed: no loss is on them, and places are described apart."""
        return self.loss == "none" and self.cluster_every > 0

    @property
    def least_iou(self) -> float:
        """IoU that a place and the block that fits it best must exceed: AstroLoc takes pairs of IoU above 0.2 alone."""
        return self.positive_iou if self.loss == "log-pair" else _LEAST_IOU

    def to_json(self) -> dict[str, Any]:
        """The settings as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> TrainingConfig:
        """Read plain values; a setting that is not given keeps its default.

        Raises:
            InputError: an unknown name, or a value out of range.
        """
        values = with_present_names(values)
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise InputError(f"A training configuration has no '{unknown[0]}': it has {', '.join(sorted(known))}.")
        lists: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**lists)

    @classmethod
    def read(cls, path: Path) -> TrainingConfig:
        """Read a file of settings, JSON or TOML.

        Raises:
            InputError: missing, neither, or not a configuration.
        """
        return cls.from_json(read_settings(str(path)))


def config_names() -> list[str]:
    """The configurations that come with the plugin, by name."""
    return sorted(path.stem for path in CONFIGS.glob("*.toml"))


def read_settings(name: str) -> dict[str, Any]:
    """The settings of a configuration.

    Args:
        name: one of ``config_names()``, or the path of a JSON or TOML file.

    Raises:
        InputError: no such configuration, or a file that cannot be read.
    """
    path = CONFIGS / f"{name}.toml" if name in config_names() else Path(name)
    if path.suffix.lower() != ".toml":
        if not path.is_file():
            raise InputError(
                f"There is no configuration '{name}': choose one of {', '.join(config_names())}, or name a JSON or "
                "TOML file."
            )
        return read_json_object(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as TOML.", str(error)) from error


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        InputError: missing, not JSON, or no object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON.", str(error)) from error
    if not isinstance(values, dict):
        raise InputError(f"{path} is not a JSON object.")
    return values


def with_present_names(values: dict[str, Any]) -> dict[str, Any]:
    """Settings of an older run under their present names."""
    return {FORMER_NAMES.get(name, name): value for name, value in values.items()}
