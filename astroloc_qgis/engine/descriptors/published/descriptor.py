"""The published models as descriptors: EarthLoc, EarthLoc2, and checkpoints of the same architectures.

Berton et al., "EarthLoc", CVPR 2024; Berton, Stoken, Masone, "AstroLoc", ICCV 2025. As in their code, every picture is
squashed to a square, whatever its shape, and normalised with ImageNet's mean and deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from astroloc_qgis.engine.descriptors.base import Descriptor, fit_long_side
from astroloc_qgis.engine.descriptors.published.checkpoint import read_network
from astroloc_qgis.engine.descriptors.published.dinov2 import PATCH
from astroloc_qgis.engine.device import usual_batch
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.checksum import file_sha256
from astroloc_qgis.engine.weights.lookup import weight_path
from astroloc_qgis.engine.weights.models import architecture_of

PHOTO_PX = 1024
"""The long side to which larger photos are reduced before they are squashed; the authors keep theirs at 1,024 px."""
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


class PublishedDescriptor(Descriptor):
    """A published model with its weights.

    Args:
        device: for torch; half precision on a graphics processor, float32 on the CPU.
        vocabulary: not used; the models have none.
        name: of the model's weights (``weights.models``).
        weights: checkpoint to use instead of that of the folder of weights.
        image_size: pixels a side of the square; by default the checkpoint's. Another one needs a transformer, whose
            position embedding is interpolated.

    Raises:
        InputError: the weights are not here, are damaged or of another network, or cannot describe that size.
    """

    def __init__(
        self,
        device: str = "cpu",
        vocabulary: Path | None = None,
        *,
        name: str = "earthloc",
        weights: Path | None = None,
        image_size: int | None = None,
    ) -> None:
        del vocabulary
        self.name = name
        path = weights or weight_path(name)
        network = read_network(path, architecture_of(name))
        layout = network.layout
        self._sha256 = file_sha256(path)
        self.dimensions = layout.dimensions
        self.image_size = image_size or layout.image_size
        if self.image_size != layout.image_size and (layout.aggregation == "mixvpr" or self.image_size % PATCH):
            raise InputError(
                f"The checkpoint {path} describes pictures of {layout.image_size} px, not {self.image_size}: other "
                f"sizes need a transformer without MixVPR, and a multiple of {PATCH}."
            )
        self._device = torch.device(device)
        self._half = self._device.type != "cpu"
        self.batch = usual_batch(device)
        self._network = network.to(self._device)
        self._mean = torch.tensor(MEAN, device=self._device)[:, None, None]
        self._deviation = torch.tensor(DEVIATION, device=self._device)[:, None, None]

    @property
    def model_sha256(self) -> str:
        """Hex sha256 of the checkpoint."""
        return self._sha256

    @property
    def settings(self) -> dict[str, str | int | float]:
        """Everything besides the weights that shapes a vector."""
        return {"image_px": self.image_size, "shape": "square", "input": "ImageNet"}

    @property
    def photo_sizes(self) -> tuple[int, ...]:
        """The long side in pixels to which a photo is reduced before it is squashed."""
        return (PHOTO_PX,)

    def describe_blocks(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Describe blocks (see ``Descriptor.describe_blocks``), squashed in one step."""
        return self._describe_fitted(images)

    def describe_photos(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Describe photos (see ``Descriptor.describe_photos``); small ones are not enlarged before."""
        return self.describe_copies(
            [[fit_long_side(image, PHOTO_PX) if max(image.shape[:2]) > PHOTO_PX else image] for image in images]
        )

    def _describe_fitted(self, images: Sequence[np.ndarray]) -> np.ndarray:
        return super()._describe_fitted([_squashed(image, self.image_size) for image in images])

    @torch.inference_mode()
    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        batch = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2).float().div_(255)
        batch = (batch - self._mean) / self._deviation
        with torch.autocast(self._device.type, torch.float16, enabled=self._half):
            vectors = self._network(batch)
        result: np.ndarray = vectors.float().cpu().numpy()
        return result


def _squashed(image: np.ndarray, size: int) -> np.ndarray:
    """A picture (h, w, 3) uint8 as a square of ``size`` pixels a side: bilinear with antialiasing, as by Pillow."""
    if image.shape[:2] == (size, size):
        return image
    picture = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]
    square = F.interpolate(picture, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
    return square[0].permute(1, 2, 0).contiguous().numpy()
