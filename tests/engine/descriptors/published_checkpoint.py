"""Checkpoints of the published architectures, of random numbers: small ones for tests, and the published sizes."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

State = dict[str, torch.Tensor]
Shapes = dict[str, tuple[int, ...]]


def resnet50_shapes() -> Shapes:
    """Every tensor of ResNet-50 up to its third stage, as torchvision names them."""
    shapes: Shapes = {"conv1.weight": (64, 3, 7, 7), **_norm("bn1", 64)}
    before = 64
    for stage, width, blocks in ((1, 64, 3), (2, 128, 4), (3, 256, 6)):
        for block in range(blocks):
            at = f"layer{stage}.{block}"
            after = 4 * width
            for number, shape in enumerate(
                ((width, before, 1, 1), (width, width, 3, 3), (after, width, 1, 1)), start=1
            ):
                shapes |= {f"{at}.conv{number}.weight": shape, **_norm(f"{at}.bn{number}", shape[0])}
            if block == 0:
                shapes |= {f"{at}.downsample.0.weight": (after, before, 1, 1), **_norm(f"{at}.downsample.1", after)}
            before = after
    return shapes


def _norm(name: str, channels: int) -> Shapes:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {**{f"{name}.{part}": (channels,) for part in parts}, f"{name}.num_batches_tracked": ()}


def mixvpr_shapes(channels: int, places: int, depth: int, out: int, rows: int = 4) -> Shapes:
    shapes: Shapes = {}
    for mixer in range(depth):
        at = f"mix.{mixer}.mix"
        shapes |= {f"{at}.0.weight": (places,), f"{at}.0.bias": (places,)}
        for layer in (1, 3):
            shapes |= _linear(f"{at}.{layer}", places, places)
    return {**shapes, **_linear("channel_proj", channels, out), **_linear("row_proj", places, rows)}


def dinov2_shapes(width: int, depth: int, patches: int, registers: int = 4) -> Shapes:
    """Every tensor of a vision transformer of patches of 14 px, as timm names them."""
    shapes: Shapes = {
        "cls_token": (1, 1, width),
        "reg_token": (1, registers, width),
        "pos_embed": (1, patches, width),
        "patch_embed.proj.weight": (width, 3, 14, 14),
        "patch_embed.proj.bias": (width,),
    }
    for block in range(depth):
        at = f"blocks.{block}"
        shapes |= {f"{at}.norm{number}.{part}": (width,) for number in (1, 2) for part in ("weight", "bias")}
        shapes |= {f"{at}.ls{number}.gamma": (width,) for number in (1, 2)}
        shapes |= _linear(f"{at}.attn.qkv", width, 3 * width) | _linear(f"{at}.attn.proj", width, width)
        shapes |= _linear(f"{at}.mlp.fc1", width, 4 * width) | _linear(f"{at}.mlp.fc2", 4 * width, width)
    return {**shapes, "norm.weight": (width,), "norm.bias": (width,)}


def salad_shapes(channels: int, clusters: int, cluster_dim: int, token_dim: int) -> Shapes:
    shapes: Shapes = {"dust_bin": ()}
    shapes |= _linear("token_features.0", channels, 512) | _linear("token_features.2", 512, token_dim)
    for name, out in (("cluster_features", cluster_dim), ("score", clusters)):
        for layer, (after, before) in ((0, (512, channels)), (3, (out, 512))):
            shapes |= {f"{name}.{layer}.weight": (after, before, 1, 1), f"{name}.{layer}.bias": (after,)}
    return shapes


def _linear(name: str, into: int, out: int) -> Shapes:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def earthloc_shapes(image_size: int = 320, channels: int = 1024, depth: int = 4) -> Shapes:
    """EarthLoc: 320 px and 4,096 numbers as published; smaller ones take less time."""
    numbers = 4 * channels
    return {
        **{f"backbone.model.{name}": shape for name, shape in resnet50_shapes().items()},
        **_aggregator(mixvpr_shapes(1024, (image_size // 16) ** 2, depth, channels)),
        **_linear("fc", numbers, numbers),
    }


SIZES = {"small": (384, 12, 24, 512), "base": (768, 12, 32, 1024), "large": (1024, 24, 48, 1024)}
"""Width and depth of the transformer, clusters of 64 and numbers of the token."""


def astroloc_shapes(size: str = "base", image_size: int = 518) -> Shapes:
    """AstroLoc's architecture as EarthLoc2 publishes it."""
    width, depth, clusters, token = SIZES[size]
    backbone = dinov2_shapes(width, depth, (image_size // 14) ** 2)
    return {**_backbone(backbone), **_aggregator(salad_shapes(width, clusters, 64, token))}


def tiny_astroloc_shapes(aggregation: str = "salad", image_size: int = 56, linear: bool = False) -> Shapes:
    """A transformer of two blocks and 64 channels, for tests."""
    patches = (image_size // 14) ** 2
    shapes = _backbone(dinov2_shapes(64, 2, patches))
    numbers = 64
    if aggregation == "salad":
        shapes |= _aggregator(salad_shapes(64, 5, 8, 24))
        numbers = 5 * 8 + 24
    elif aggregation == "mixvpr":
        shapes |= _aggregator(mixvpr_shapes(64, patches, 1, 16))
    return shapes | (_linear("fc", numbers, 48) if linear else {})


def _backbone(shapes: Shapes) -> Shapes:
    return {f"backbone.{name}": shape for name, shape in shapes.items()}


def _aggregator(shapes: Shapes) -> Shapes:
    return {f"aggregator.{name}": shape for name, shape in shapes.items()}


def filled(shapes: Mapping[str, tuple[int, ...]]) -> State:
    """Numbers that depend on the name of each tensor alone, and let signals through at their size.

    They are those of ``spec.json`` among the real data: normal numbers, seeded with the name's checksum.
    """
    return {name: torch.from_numpy(_filled(name, tuple(shape))) for name, shape in shapes.items()}


def _filled(name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, dtype=np.int64)
    rng = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    normal = np.asarray(rng.standard_normal(shape), dtype=np.float32)
    if len(shape) >= 2:
        values = normal / math.sqrt(math.prod(shape[1:]))
    elif name.endswith("running_var"):
        values = 1 + 0.02 * np.abs(normal)
    else:
        values = 0.02 * normal + (1 if name.endswith("weight") or not shape else 0)
    return np.asarray(values, dtype=np.float32)


def normalised_images(side: int, seeds: tuple[int, ...] = (1, 2, 3)) -> torch.Tensor:
    """(B, 3, side, side) smooth random pictures, normalised as ImageNet's."""
    pictures = []
    for seed in seeds:
        low = np.random.RandomState(seed).rand(3, side // 16 + 2, side // 16 + 2).astype(np.float32)
        pictures.append(F.interpolate(torch.from_numpy(low)[None], size=(side, side), mode="bilinear")[0])
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (torch.stack(pictures) - mean[:, None, None]) / deviation[:, None, None]


def write_checkpoint(path: Path, shapes: Mapping[str, tuple[int, ...]], **wrapping: object) -> Path:
    """Write a checkpoint as its authors do, or, with more beside it, as a training script does."""
    state = filled(shapes)
    torch.save({"model_state_dict": state, **wrapping} if wrapping else state, path)
    return path
