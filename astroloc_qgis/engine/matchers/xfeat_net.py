"""XFeat: the network, its keypoints and its dense features.

Potje et al., "XFeat: Accelerated Features for Lightweight Image Matching", CVPR 2024. The layers are kornia's, the
weights are the published ones; kornia's own ``XFeat`` is not used because it fetches weights at run time.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from astroloc_qgis.engine.matchers.loading import load

_STRIDE = 32
"""The network halves five times: its input's sides are multiples of this."""
_NMS_KERNEL = 5
_BICUBIC_ON = ("cpu", "cuda")
"""Devices that ``grid_sample`` reads bicubically on; in some versions of torch Apple's does not."""
_MASK_MARGIN = 4
"""Half a cell of the keypoint head: keypoints nearer than this to invalid pixels see the edge of the data."""


class XFeatNet(nn.Module):
    """The published XFeat network, in evaluation mode.

    Raises:
        InputError: the weights are not installed.
    """

    def __init__(self, device: str | torch.device = "cpu") -> None:
        super().__init__()
        self.model: Any = load("xfeat", str(device))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Run the network.

        Args:
            images: (B, C, H, W) float, 0 to 1, H and W multiples of 32; the channels are averaged.

        Returns:
            Features (B, 64, H/8, W/8), not normalised; keypoint probability (B, 1, H, W); reliability (B, 1, H/8, W/8).
        """
        features, logits, reliability = self.model(images)
        # 65 classes a cell of 8 x 8 pixels, row-major, the last one being "no keypoint".
        probability = F.pixel_shuffle(logits.softmax(dim=1)[:, :64], 8)
        return features, probability, reliability


@torch.inference_mode()
def detect_and_describe(
    net: XFeatNet,
    image_rgb: np.ndarray,
    top_k: int = 4096,
    mask: np.ndarray | None = None,
    detection_threshold: float = 0.05,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sparse keypoints with descriptors, as the published ``detectAndCompute`` finds them.

    Args:
        net: the network.
        image_rgb: (H, W, 3) uint8.
        top_k: how many keypoints to keep, best score first.
        mask: (H, W) bool, True where the image is valid; no keypoint lies on, or within 4 px of, an invalid pixel.
        detection_threshold: least keypoint probability.

    Returns:
        Keypoints (N, 2) float32, x and y in pixels of ``image_rgb``, (0.5, 0.5) being the centre of its first pixel;
        descriptors (N, 64) float32, L2-normalised; scores (N,) float32, falling. N may be 0.
    """
    height, width = image_rgb.shape[:2]
    images = _as_input(image_rgb, mask).to(net.device)
    rows, columns = images.shape[-2:]
    features, probability, reliability = net(images)

    maximum = F.max_pool2d(probability, _NMS_KERNEL, stride=1, padding=_NMS_KERNEL // 2)
    peak = (probability == maximum) & (probability > detection_threshold)
    ys, xs = torch.nonzero(peak[0, 0], as_tuple=True)
    to_photo = np.array([width / columns, height / rows], dtype=np.float32)
    if mask is not None:
        keep = torch.from_numpy(_inside(mask, xs.cpu().numpy(), ys.cpu().numpy(), to_photo)).to(xs.device)
        xs, ys = xs[keep], ys[keep]

    # The published network was trained with positions normalised by (size - 1) but read with align_corners=False;
    # its descriptors are only themselves when they are read in the same way.
    span = torch.tensor([columns - 1, rows - 1], dtype=torch.float32, device=xs.device)
    grid = (2 * torch.stack([xs, ys], dim=-1).float() / span - 1)[None, :, None]
    scores = probability[0, 0, ys, xs] * _sample(reliability, grid, "bilinear")[:, 0]
    order = torch.argsort(scores, descending=True, stable=True)[:top_k]
    order = order[scores[order] > 0]
    descriptors = F.normalize(_sample(F.normalize(features, dim=1), grid[:, order], "bicubic"), dim=-1)

    # Pixel indices of the resized image to the corner convention of the image given.
    centres = torch.stack([xs[order], ys[order]], dim=-1).cpu().numpy().astype(np.float32) + np.float32(0.5)
    return centres * to_photo, descriptors.cpu().numpy(), scores[order].cpu().numpy()


@torch.inference_mode()
def dense_features(net: XFeatNet, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Dense features on the grid of 8 x 8 px cells.

    Args:
        net: the network.
        images: (B, C, H, W) float, 0 to 1, H and W multiples of 32.

    Returns:
        Features (B, H/8 * W/8, 64), L2-normalised; reliability (B, H/8 * W/8), 0 to 1; row-major, on ``net.device``.
    """
    features, _, reliability = net.model(images.to(net.device))
    return F.normalize(features, dim=1).flatten(2).transpose(1, 2), reliability.flatten(1)


def _as_input(image_rgb: np.ndarray, mask: np.ndarray | None) -> torch.Tensor:
    """(1, 3, H', W') float from 0 to 1, sides rounded down to multiples of 32."""
    if mask is not None and mask.any() and not mask.all():
        # Invalid pixels take the mean of the valid ones: the network normalises over the whole image.
        image_rgb = image_rgb.copy()
        image_rgb[~mask] = image_rgb[mask].mean(axis=0).astype(np.uint8)
    height, width = image_rgb.shape[:2]
    rows, columns = (max(_STRIDE, side // _STRIDE * _STRIDE) for side in (height, width))
    image = torch.from_numpy(np.ascontiguousarray(image_rgb)).permute(2, 0, 1)[None].float() / 255
    if (rows, columns) == (height, width):
        return image
    return F.interpolate(image, (rows, columns), mode="bilinear", align_corners=False)


def _inside(mask: np.ndarray, xs: np.ndarray, ys: np.ndarray, to_photo: np.ndarray) -> np.ndarray:
    """(N,) bool: the keypoints (indices in the resized image) that see only valid pixels of ``mask``."""
    kernel = np.ones((2 * _MASK_MARGIN + 1,) * 2, dtype=np.uint8)
    valid = cv2.erode(mask.astype(np.uint8), kernel).astype(bool)
    height, width = mask.shape
    columns = np.minimum(((xs + 0.5) * to_photo[0]).astype(np.int64), width - 1)
    rows = np.minimum(((ys + 0.5) * to_photo[1]).astype(np.int64), height - 1)
    return valid[rows, columns]


def _sample(maps: torch.Tensor, grid: torch.Tensor, mode: str) -> torch.Tensor:
    """(N, C): maps (1, C, h, w) read at grid (1, N, 1, 2)."""
    if mode == "bicubic" and maps.device.type not in _BICUBIC_ON:
        return _sample(maps.cpu(), grid.cpu(), mode).to(maps.device)
    return F.grid_sample(maps, grid, mode=mode, align_corners=False)[0, :, :, 0].T
