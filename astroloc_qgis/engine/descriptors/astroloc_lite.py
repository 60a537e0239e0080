"""The shipped model: EfficientNet-Lite0 trained on pairs of a simulated astronaut photo and a Blue Marble block.

The model card in ``resources/models`` describes its training and its accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.lite_network import DIMENSIONS, LiteNetwork
from astroloc_qgis.engine.device import usual_batch
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.array_files import astroloc_lite_path, read_weights
from astroloc_qgis.engine.weights.checksum import file_sha256

TILE_PX = 224
PHOTO_PX = (192, 288, 384)


class AstroLocLite(Descriptor):
    """A descriptor of 256 numbers.

    Blocks are described at 224 px, as in training; photos at 192, 288 (as in training) and 384 px on their long side,
    keeping their aspect ratio: the vector is the normalised sum of the three.

    Args:
        device: for torch.
        vocabulary: not used; the model has none.
        weights: .npz to use instead of the shipped one.

    Raises:
        InputError: the weights are missing or damaged.
    """

    name = "astroloc-lite"
    dimensions = DIMENSIONS
    image_size = TILE_PX
    augmentation_weight = 0.75

    def __init__(self, device: str = "cpu", vocabulary: Path | None = None, weights: Path | None = None) -> None:
        del vocabulary
        path = weights or astroloc_lite_path()
        self._sha256 = file_sha256(path) if path.is_file() else ""
        self._device = torch.device(device)
        self.batch = usual_batch(device)
        self._network = LiteNetwork()
        try:
            self._network.load_state_dict({name: torch.from_numpy(part) for name, part in read_weights(path).items()})
        except RuntimeError as error:
            raise InputError(f"The weights {path} are of another network than {self.name}.", str(error)) from error
        self._network.eval().requires_grad_(False)
        self._network.to(self._device, memory_format=torch.channels_last)

    @property
    def model_sha256(self) -> str:
        """Hex sha256 of the weight file."""
        return self._sha256

    @property
    def settings(self) -> dict[str, str | int | float]:
        """Everything besides the weights that shapes a vector."""
        sizes = "+".join(map(str, PHOTO_PX))
        return {
            "tile_px": TILE_PX,
            "photo_px": sizes,
            "input": "standardised",
            "finer_blocks": self.augmentation_weight,
        }

    @property
    def photo_sizes(self) -> tuple[int, ...]:
        """The long sides in pixels at which a photo is described."""
        return PHOTO_PX

    def describe_blocks(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Describe blocks (see ``Descriptor.describe_blocks``).

        They are normalised once more, so that an index that is built again has the same bits.
        """
        described = super().describe_blocks(images)
        return described / np.maximum(np.linalg.norm(described, axis=1, keepdims=True), 1e-12)

    @torch.inference_mode()
    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        batch = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2).float()
        return self._network(batch).float().cpu().numpy()
