"""The published architectures as training sees them: random weights, or those of a backbone, to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from astroloc_qgis.engine.descriptors.published.descriptor import DEVIATION, MEAN
from astroloc_qgis.engine.descriptors.published.dinov2 import PATCH, DinoV2, resampled
from astroloc_qgis.engine.descriptors.published.network import ASTROLOC, EARTHLOC, Layout, PublishedNetwork
from astroloc_qgis.engine.descriptors.published.resnet50 import CHANNELS, STRIDE
from astroloc_qgis.engine.descriptors.trainable import TrainableNetwork
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.config import TrainingConfig
from astroloc_qgis.engine.weights.lookup import read_state_dict

_TRANSFORMERS = {"small": (384, 12), "base": (768, 12), "large": (1024, 24)}
"""Channels and blocks of DINOv2 by size."""
_REGISTERS = 4
_MIXERS, _ROWS = 4, 4
_INSIDE = "network."
"""What the names of a ``TrainablePublished`` have before those of the checkpoint that it becomes."""
_OF_RESNET = ("conv1.", "bn1.", "layer1.", "layer2.", "layer3.")
_LEFT_OUT = ("head.", "fc.", "layer4.", "mask_token")
"""Parts of published backbones that these networks do not have."""


def layout_of_config(config: TrainingConfig) -> Layout:
    """The sizes of the network that a configuration names."""
    if config.network == EARTHLOC:
        places = (config.tile_px // STRIDE) ** 2
        sizes = (_MIXERS, places, config.dimensions // _ROWS, _ROWS)
        linear = (config.dimensions, config.dimensions)
        return Layout(EARTHLOC, config.tile_px, CHANNELS, 0, 0, 0, "mixvpr", sizes, linear)
    width, depth = _TRANSFORMERS[config.backbone]
    token = config.dimensions - config.clusters * config.cluster_dim
    salad = (config.clusters, config.cluster_dim, token)
    return Layout(ASTROLOC, config.tile_px, width, config.depth or depth, 4 * width, _REGISTERS, "salad", salad, None)


class _Pictures(TrainableNetwork):
    """Stands for a ``TrainablePublished`` beside the rendering."""

    def begin(self, images: Tensor) -> Tensor:
        return images


class TrainablePublished(TrainableNetwork):
    """A published network, with random weights.

    All of it runs on the device that learns; beside the rendering nothing is computed.

    Args:
        layout: its sizes.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.dimensions = layout.dimensions
        self.network = PublishedNetwork(layout)
        for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
            self.register_buffer(name, 255 * torch.tensor(values)[:, None, None], persistent=False)
        self.register_buffer("centre", torch.zeros(layout.dimensions), persistent=False)
        _initialise(self.network)

    def freeze(self, blocks: int) -> None:
        """Exclude the start of the backbone from training.

        Args:
            blocks: of ResNet-50 the first stages after its stem, which is excluded too; of a transformer its first
                blocks, and where there are any, what comes before them.
        """
        backbone = self.network.backbone
        if self.network.layout.architecture == EARTHLOC:
            stages = [part for name, part in backbone.model.named_children() if name.startswith("layer")]
            frozen: list[nn.Module | nn.Parameter] = [backbone.model.conv1, backbone.model.bn1, *stages[:blocks]]
        else:
            before = [backbone.patch_embed, backbone.cls_token, backbone.reg_token, backbone.pos_embed]
            frozen = [*before, *backbone.blocks[:blocks]] if blocks else []
        for part in frozen:
            part.requires_grad_(False)

    def beside_rendering(self) -> TrainableNetwork:
        """Nothing is computed there, so no weights are copied."""
        return _Pictures()

    def begin(self, images: Tensor) -> Tensor:
        """The pictures themselves."""
        return images

    def projected(self, features: Tensor) -> Tensor:
        """(B, 3, H, W) float from 0 to 255 -> (B, D), L2-normalised."""
        vectors: Tensor = self.network((features - self.mean) / self.deviation)
        return vectors


def checkpoint_of(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a ``TrainablePublished`` under the names of published checkpoints, on the CPU."""
    return {name.removeprefix(_INSIDE): tensor.detach().cpu().contiguous() for name, tensor in state.items()}


def load_start(network: TrainablePublished, path: Path) -> None:
    """Load weights to start from: a whole checkpoint, or a published backbone; what it lacks stays random.

    A backbone is ResNet-50 as torchvision names it, or DINOv2 with registers as timm or its authors name it. A position
    embedding of another size is interpolated.

    Raises:
        InputError: the file cannot be read, or is of another network.
    """
    state = read_state_dict(path)
    wanted = network.network.state_dict()
    given = {name.removeprefix(_INSIDE): tensor for name, tensor in state.items()}
    if not any(name.startswith("backbone.") for name in given):
        given = _backbone(given)
    embedding = "backbone.pos_embed"
    if embedding in given and embedding in wanted and given[embedding].shape != wanted[embedding].shape:
        side = network.network.layout.image_size // PATCH
        given[embedding] = resampled(given[embedding], side, side)
    strange = [name for name, tensor in given.items() if name not in wanted or wanted[name].shape != tensor.shape]
    lacking = [name for name in wanted if name.startswith("backbone.") and name not in given]
    if strange or lacking or not given:
        detail = f"strange: {strange[:3]}; lacking: {lacking[:3]}"
        raise InputError(f"The weights {path} are of another network than is trained.", detail)
    network.network.load_state_dict({**wanted, **given})


def _backbone(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a backbone that was published alone, by the names that they have in these networks."""
    kept = {name: tensor for name, tensor in state.items() if not name.startswith(_LEFT_OUT)}
    if "conv1.weight" in kept:
        return {f"backbone.model.{name}": kept[name] for name in kept if name.startswith(_OF_RESNET)}
    if "register_tokens" in kept:  # of DINOv2's authors, whose token of the whole has a position too
        kept["reg_token"] = kept.pop("register_tokens")
        positions = kept["pos_embed"]
        kept["cls_token"] = kept["cls_token"] + positions[:, :1]
        kept["pos_embed"] = positions[:, 1:]
    return {f"backbone.{name}": tensor for name, tensor in kept.items()}


def _initialise(network: PublishedNetwork) -> None:
    """Random weights as each part's authors begin with."""
    for module in network.backbone.modules():
        if isinstance(module, nn.Conv2d) and module.bias is None:
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)
    if isinstance(network.backbone, DinoV2):
        for token in (network.backbone.cls_token, network.backbone.reg_token, network.backbone.pos_embed):
            nn.init.trunc_normal_(token, std=0.02)
