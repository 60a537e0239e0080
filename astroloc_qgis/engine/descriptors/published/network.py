"""A published network: a backbone, an aggregation and perhaps a linear layer, put together as a checkpoint has them.

The sizes of all parts are read from the shapes of the checkpoint's tensors, the size of the pictures among them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from astroloc_qgis.engine.descriptors.published.dinov2 import HEAD, PATCH, DinoV2
from astroloc_qgis.engine.descriptors.published.mixvpr import MixVPR
from astroloc_qgis.engine.descriptors.published.resnet50 import CHANNELS, STRIDE, ResNet50
from astroloc_qgis.engine.descriptors.published.salad import Salad

EARTHLOC, ASTROLOC = "earthloc", "astroloc"
"""The two architectures."""
EXPECTED = {
    EARTHLOC: "ResNet-50 to its third stage, MixVPR and a linear layer (names begin with backbone.model., aggregator. "
    "and fc.; the published one takes 320 px and gives 4,096 numbers)",
    ASTROLOC: "DINOv2 with registers, ViT-S, B or L, with SALAD, MixVPR or its token alone (names begin with "
    "backbone.blocks. and, where it aggregates, aggregator.)",
}
"""What a checkpoint of an architecture holds, in words."""


class UnknownLayout(ValueError):
    """Tensors that belong to neither architecture; the text says what is missing."""


@dataclass(frozen=True)
class Layout:
    """The sizes of a network.

    Attributes:
        architecture: ``EARTHLOC`` or ``ASTROLOC``.
        image_size: pixels a side of the square pictures that it was made for.
        width: channels of the backbone's features.
        depth: blocks of the transformer; 0 without one.
        hidden: neurons of a block's perceptron; 0 without one.
        registers: tokens of the transformer that stand for no patch.
        aggregation: "salad", "mixvpr" or "token".
        sizes: of the aggregation: clusters, numbers a cluster, numbers of the token (SALAD); mixers, their neurons,
            channels, rows (MixVPR).
        linear: numbers in and out of the linear layer at the end; None without one.
    """

    architecture: str
    image_size: int
    width: int
    depth: int
    hidden: int
    registers: int
    aggregation: str
    sizes: tuple[int, ...]
    linear: tuple[int, int] | None

    @property
    def places(self) -> int:
        """Number of patches, or of features, of a picture."""
        return (self.image_size // (STRIDE if self.architecture == EARTHLOC else PATCH)) ** 2

    @property
    def aggregated(self) -> int:
        """Numbers that the aggregation gives."""
        if self.aggregation == "salad":
            clusters, cluster_dim, token_dim = self.sizes
            return token_dim + clusters * cluster_dim
        if self.aggregation == "mixvpr":
            _, _, channels, rows = self.sizes
            return channels * rows
        return self.width

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.linear[1] if self.linear else self.aggregated


class PublishedNetwork(nn.Module):
    """Pictures to vectors."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.backbone: nn.Module
        if layout.architecture == EARTHLOC:
            self.backbone = ResNet50()
        else:
            self.backbone = DinoV2(layout.width, layout.depth, layout.hidden, layout.places, layout.registers)
        if layout.aggregation == "salad":
            self.aggregator = Salad(layout.width, *layout.sizes)
        elif layout.aggregation == "mixvpr":
            mixers, neurons, channels, rows = layout.sizes
            self.aggregator = MixVPR(layout.width, layout.places, mixers, neurons, channels, rows)
        if layout.linear:
            self.fc = nn.Linear(*layout.linear)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised RGB -> (B, D) float32, L2-normalised.

        H and W are multiples of 14 with a transformer; with MixVPR they are those of the layout.
        """
        if self.layout.architecture == EARTHLOC:
            vectors = self.aggregator(self.backbone(images))
        else:
            patches, token = self.backbone(images)
            if self.layout.aggregation == "salad":
                vectors = self.aggregator(patches, token)
            else:
                vectors = self.aggregator(patches) if self.layout.aggregation == "mixvpr" else token
        if self.layout.linear:
            vectors = self.fc(vectors)
        return F.normalize(vectors.float(), dim=-1)


def layout_of(state: Mapping[str, Tensor]) -> Layout:
    """The layout of a checkpoint.

    Args:
        state: its tensors by name.

    Raises:
        UnknownLayout: the tensors are of neither architecture.
    """
    linear = _pair(state, "fc.weight") if "fc.weight" in state else None
    if "backbone.model.conv1.weight" in state:
        mixvpr, places = _mixvpr(state)
        side = _root(places, "aggregator.mix.0.mix.0.weight")
        return Layout(EARTHLOC, side * STRIDE, CHANNELS, 0, 0, 0, "mixvpr", mixvpr, linear)
    if "backbone.pos_embed" not in state:
        raise UnknownLayout("it has neither backbone.model.conv1.weight nor backbone.pos_embed")
    _, patches, width = _shape(state, "backbone.pos_embed", 3)
    if width % HEAD:
        raise UnknownLayout(f"backbone.pos_embed has {width} channels, and a multiple of {HEAD} is expected")
    image_size = _root(patches, "backbone.pos_embed") * PATCH
    depth = _count(state, r"backbone\.blocks\.(\d+)\.")
    hidden = _shape(state, "backbone.blocks.0.mlp.fc1.weight", 2)[0]
    registers = _shape(state, "backbone.reg_token", 3)[1]
    aggregation, sizes = "token", tuple[int, ...]()
    if "aggregator.score.3.weight" in state:
        aggregation = "salad"
        sizes = (
            _shape(state, "aggregator.score.3.weight", 4)[0],
            _shape(state, "aggregator.cluster_features.3.weight", 4)[0],
            _shape(state, "aggregator.token_features.2.weight", 2)[0],
        )
        if patches <= sizes[0]:
            raise UnknownLayout(f"backbone.pos_embed has {patches} patches for {sizes[0]} clusters")
    elif "aggregator.channel_proj.weight" in state:
        aggregation = "mixvpr"
        sizes, places = _mixvpr(state)
        if places != patches:
            raise UnknownLayout(f"the aggregation mixes {places} places, and backbone.pos_embed has {patches} patches")
    return Layout(ASTROLOC, image_size, width, depth, hidden, registers, aggregation, sizes, linear)


def build(state: Mapping[str, Tensor]) -> PublishedNetwork:
    """The network of a checkpoint with its weights, in evaluation mode, float32, on the CPU.

    Raises:
        UnknownLayout: the tensors are not all of one of the two architectures, and no others.
    """
    with torch.device("meta"):
        network = PublishedNetwork(layout_of(state))
    wanted = network.state_dict()
    _compare(wanted.keys(), state.keys())
    for name, tensor in wanted.items():
        if state[name].shape != tensor.shape:
            raise UnknownLayout(f"{name} is {_words(state[name])} and {_words(tensor)} is expected")
        if tensor.is_floating_point() and not state[name].is_floating_point():
            raise UnknownLayout(f"{name} holds whole numbers")
        if not torch.isfinite(state[name]).all():
            raise UnknownLayout(f"{name} holds numbers that are none or infinite")
    ready = {
        name: state[name].float() if tensor.is_floating_point() else state[name] for name, tensor in wanted.items()
    }
    network.load_state_dict(ready, assign=True)
    return network.eval().requires_grad_(False)


def _compare(wanted: Collection[str], given: Collection[str]) -> None:
    missing = [name for name in wanted if name not in given]
    more = [name for name in given if name not in wanted]
    if missing:
        raise UnknownLayout(f"it lacks {missing[0]}{_others(missing)}")
    if more:
        raise UnknownLayout(f"it has {more[0]}{_others(more)}, which no such network has")


def _others(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def _words(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "one number"


def _mixvpr(state: Mapping[str, Tensor]) -> tuple[tuple[int, int, int, int], int]:
    """Mixers, their neurons, channels and rows of MixVPR; and the number of places that it mixes."""
    places, neurons = _pair(state, "aggregator.mix.0.mix.1.weight")
    channels = _shape(state, "aggregator.channel_proj.weight", 2)[0]
    rows = _shape(state, "aggregator.row_proj.weight", 2)[0]
    return (_count(state, r"aggregator\.mix\.(\d+)\."), neurons, channels, rows), places


def _pair(state: Mapping[str, Tensor], name: str) -> tuple[int, int]:
    """Numbers in and out of a linear layer."""
    out, into = _shape(state, name, 2)
    return into, out


def _shape(state: Mapping[str, Tensor], name: str, axes: int) -> tuple[int, ...]:
    if name not in state:
        raise UnknownLayout(f"it lacks {name}")
    shape = tuple(state[name].shape)
    if len(shape) != axes or 0 in shape:
        raise UnknownLayout(f"{name} is {_words(state[name])}")
    return shape


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    return 1 + max((int(found[1]) for name in state if (found := re.match(pattern, name))), default=0)


def _root(count: int, name: str) -> int:
    """The side of a square grid."""
    side = math.isqrt(count)
    if side * side != count:
        raise UnknownLayout(f"{name} is of {count} places, which are no square")
    return side
