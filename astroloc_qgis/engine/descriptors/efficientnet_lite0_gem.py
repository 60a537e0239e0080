"""EfficientNet-Lite0 features, GeM-pooled: a general descriptor with ImageNet weights, nothing of it trained on maps.

Tan and Le, "EfficientNet", ICML 2019 (the Lite variant has neither swish nor squeeze-and-excitation); Radenović et al.,
"Fine-tuning CNN Image Retrieval with No Human Annotation", TPAMI 2019 (generalised-mean pooling).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .. import weights
from ..errors import InputError
from .base import Descriptor

_WEIGHTS = "efficientnet-lite0"
_GEM_POWER = 3.0


class EfficientNetLite0Gem(Descriptor):
    """GeM over the last feature map of EfficientNet-Lite0 (1280 channels), L2-normalised.

    Args:
        device: for torch.
        vocabulary: not used; the model has none.

    Raises:
        InputError: the weights or the architecture's package are not installed.
    """

    name = "efficientnet-lite0-gem"
    dimensions = 1280
    image_size = 224

    def __init__(self, device: str = "cpu", vocabulary: Path | None = None) -> None:
        del vocabulary
        self._device = torch.device(device)
        self._network = _network().to(self._device)

    @property
    def model_sha256(self) -> str:
        """Hex sha256 of the weight file."""
        return weights.WEIGHTS[_WEIGHTS].sha256

    @property
    def settings(self) -> dict[str, str | int | float]:
        """All that shapes a vector beside the weights."""
        return {"image_size": self.image_size, "input": "-1 to 1", "pooling": "gem", "power": _GEM_POWER}

    @torch.inference_mode()
    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        # The Lite networks were trained on (value - 127) / 128. ImageNet's mean and deviation, which the package's
        # own page suggests, put the right block of one real photo at rank 5 to 137 that is first with this.
        batch = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2).float() / 127.5 - 1
        features = self._network(batch)
        pooled = features.clamp(min=1e-6).pow(_GEM_POWER).mean(dim=(2, 3)).pow(1 / _GEM_POWER)
        return pooled.float().cpu().numpy()


def _network() -> nn.Module:
    """The convolutions up to the 1280-channel head, batch normalisation folded into them (twice as fast)."""
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise InputError(
            "The package efficientnet_lite_pytorch is not installed: install it with "
            "'pip install --no-deps efficientnet-lite-pytorch==0.1.0'.",
            details=str(error),
        ) from error
    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(weights.load_state_dict(_WEIGHTS))
    model.eval().requires_grad_(False)
    _fold(model, "_conv_stem", "_bn0")
    for block in model._blocks:
        if hasattr(block, "_expand_conv"):
            _fold(block, "_expand_conv", "_bn0")
        _fold(block, "_depthwise_conv", "_bn1")
        _fold(block, "_project_conv", "_bn2")
    _fold(model, "_conv_head", "_bn1")
    return _FeatureExtractor(model)


def _fold(module: Any, convolution: str, norm: str) -> None:
    setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
    setattr(module, norm, nn.Identity())


class _FeatureExtractor(nn.Module):
    """The network without its classifier."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, h, w) -> (B, 1280, h/32, w/32)."""
        features: torch.Tensor = self.model.extract_features(images)
        return features
