"""EfficientNet-Lite0 features, GeM-pooled: a general descriptor with ImageNet weights, not trained on maps.

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

from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.device import usual_batch
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.lookup import load_state_dict
from astroloc_qgis.engine.weights.packaged import WEIGHTS

_WEIGHTS = "efficientnet-lite0"
_GEM_POWER = 3.0
_LAST_BLOCK = 10
"""The last of the 112-channel blocks, 16 px a cell: deeper layers describe ImageNet's objects rather than texture."""


class EfficientNetLite0Gem(Descriptor):
    """GeM over the 112-channel feature map of EfficientNet-Lite0, L2-normalised.

    Args:
        device: for torch.
        vocabulary: not used; the model has none.

    Raises:
        InputError: the weights or the architecture's package are not installed.
    """

    name = "efficientnet-lite0-gem"
    dimensions = 112
    image_size = 224

    def __init__(self, device: str = "cpu", vocabulary: Path | None = None) -> None:
        del vocabulary
        self._device = torch.device(device)
        self.batch = usual_batch(device)
        self._network = _network().to(self._device, memory_format=torch.channels_last)

    @property
    def model_sha256(self) -> str:
        """Hex sha256 of the weight file."""
        return WEIGHTS[_WEIGHTS].sha256

    @property
    def settings(self) -> dict[str, str | int | float]:
        """Everything besides the weights that shapes a vector."""
        return {
            "image_size": self.image_size,
            "input": "standardised",
            "block": _LAST_BLOCK,
            "pooling": "gem",
            "power": _GEM_POWER,
        }

    @torch.inference_mode()
    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        batch = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2).float() / 255
        features = self._network(_standardised(batch).contiguous(memory_format=torch.channels_last))
        pooled = features.clamp(min=1e-6).pow(_GEM_POWER).mean(dim=(2, 3)).pow(1 / _GEM_POWER)
        return pooled.float().cpu().numpy()


def _standardised(images: torch.Tensor) -> torch.Tensor:
    """Give each image (0 to 1) zero mean and a standard deviation of 0.5, to remove haze and exposure.

    The Lite networks were trained on values from -1 to 1, which have about that deviation.
    """
    deviation, mean = torch.std_mean(images, dim=(1, 2, 3), keepdim=True)
    return (images - mean) / (deviation + 0.02) * 0.5


def _network() -> nn.Module:
    """The network up to ``_LAST_BLOCK``, batch normalisation folded into the convolutions (twice as fast)."""
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise InputError(
            "The package efficientnet_lite_pytorch is not installed: install it with "
            "'pip install --no-deps efficientnet-lite-pytorch==0.1.0'.",
            details=str(error),
        ) from error
    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(load_state_dict(_WEIGHTS))
    model.eval().requires_grad_(False)
    _fold(model, "_conv_stem", "_bn0")
    blocks = list(model._blocks)[: _LAST_BLOCK + 1]
    for block in blocks:
        if hasattr(block, "_expand_conv"):
            _fold(block, "_expand_conv", "_bn0")
        _fold(block, "_depthwise_conv", "_bn1")
        _fold(block, "_project_conv", "_bn2")
    return nn.Sequential(model._conv_stem, nn.ReLU6(), *blocks)


def _fold(module: Any, convolution: str, norm: str) -> None:
    setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
    setattr(module, norm, nn.Identity())
