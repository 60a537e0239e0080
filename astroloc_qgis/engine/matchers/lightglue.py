"""LightGlue (Lindenberger, Sarlin and Pollefeys, ICCV 2023), and the base class of the matchers that pair with it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from kornia.feature import LightGlue
from torch import nn

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, pair_up
from astroloc_qgis.engine.matchers.loading import Architecture, load


class FusedCrossAttention(nn.Module):
    """kornia's cross attention with torch's fused kernel, which kornia uses on CUDA alone: twice as fast on a CPU.

    Args:
        block: kornia's, whose weights are used.
    """

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(
        self, x0: torch.Tensor, x1: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Update the (1, M, D) and (1, N, D) descriptors of two pictures, each from those of the other."""
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


def lightglue(**configuration: Any) -> Architecture:
    """The architecture of a file of LightGlue's weights.

    Args:
        **configuration: what differs from kornia's default configuration.
    """
    return Architecture(
        lambda: LightGlue(None, **configuration),
        rename=current_name,
        may_lack=("confidence_thresholds",),
        may_have_more=True,
        optimise=with_fused_attention,
    )


def with_fused_attention(model: nn.Module) -> nn.Module:
    """Put the fused cross attention into every layer of a LightGlue, in place."""
    layers: Any = model.transformers
    for layer in layers:
        layer.cross_attn = FusedCrossAttention(layer.cross_attn)
    return model


def current_name(key: str) -> str:
    """The name that kornia's LightGlue has for a tensor of the published files."""
    parts = key.removeprefix("matcher.").split(".")
    if parts[0] in ("self_attn", "cross_attn"):
        parts = ["transformers", parts[1], parts[0], *parts[2:]]
    return ".".join(parts)


class LightGlueMatcher(Matcher):
    """Keypoints of a network, paired by LightGlue; a subclass names its weights and makes the keypoints.

    Attributes:
        lightglue: name of the weights of LightGlue.
    """

    lightglue: ClassVar[str]

    def __init__(self, device: str = "cpu", max_keypoints: int = 1536) -> None:
        """Load the weights.

        Args:
            device: torch device.
            max_keypoints: limit on the keypoints of a picture; the strongest are kept.

        Raises:
            InputError: the weights are not on this machine.
        """
        self._device = device
        self._max_keypoints = max_keypoints
        self._network: Any = self.load_network()
        self._lightglue = load(self.lightglue, device)

    @abstractmethod
    def load_network(self) -> nn.Module:
        """The network that finds and describes keypoints, with its weights loaded."""

    @abstractmethod
    def keypoints(self, image: Image, mask: Mask | None, limit: int) -> tuple[np.ndarray, dict[str, Any]]:
        """Find and describe keypoints.

        Args:
            image: (H, W, 3) RGB.
            mask: (H, W), True where the picture shows something.
            limit: most keypoints returned.

        Returns:
            (N, 2) float32 pixels in the corner convention, and ``Features.data``: ``descriptors``, an (N, D) tensor.
        """

    @torch.inference_mode()
    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        """See ``Matcher.extract``."""
        limit = self._max_keypoints if most is None else min(most, self._max_keypoints)
        keypoints, data = self.keypoints(image, mask, limit)
        return Features(keypoints, (image.shape[1], image.shape[0]), data)

    @torch.inference_mode()
    def match(self, a: Features, b: Features) -> Matches:
        """See ``Matcher.match``."""
        if min(len(a.keypoints), len(b.keypoints)) < 2:
            return pair_up(a, b, np.zeros((0, 2), np.int64), np.zeros(0, np.float32))
        found = self._lightglue({"image0": self.lightglue_input(a), "image1": self.lightglue_input(b)})
        return pair_up(a, b, found["matches"][0].cpu().numpy(), found["scores"][0].float().cpu().numpy())

    def lightglue_input(self, features: Features) -> dict[str, torch.Tensor]:
        """What LightGlue is given of one picture."""
        return {
            "keypoints": torch.from_numpy(features.keypoints)[None].to(self._device),
            "descriptors": features.data["descriptors"][None],
            "image_size": torch.tensor([features.size], dtype=torch.float32, device=self._device),
        }
