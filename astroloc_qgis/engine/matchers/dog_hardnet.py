"""SIFT's keypoints (differences of Gaussians) with HardNet descriptors and LightGlue."""

from __future__ import annotations

from kornia.feature import BlobDoG, LAFDescriptor, LAFOrienter, LocalFeature, ScaleSpaceDetector
from kornia.geometry.subpix import ConvQuadInterp3d
from kornia.geometry.transform import ScalePyramid

from astroloc_qgis.engine.matchers.loading import load
from astroloc_qgis.engine.matchers.local_frames import LocalFrameMatcher


class DogHardNetLightGlue(LocalFrameMatcher):
    """DoG (Lowe 2004) with HardNet (Mishchuk et al., NeurIPS 2017)."""

    name = "dog-hardnet-lightglue"
    licence = "MIT (HardNet), Apache-2.0 (LightGlue)"

    def __init__(self, device: str = "cpu", max_keypoints: int = 2048) -> None:
        """Load the weights.

        Args:
            device: torch device.
            max_keypoints: the strongest kept of a picture.

        Raises:
            InputError: the weights are not on this machine.
        """
        detector = ScaleSpaceDetector(
            max_keypoints,
            resp_module=BlobDoG(),
            subpix_module=ConvQuadInterp3d(),
            scale_pyr_module=ScalePyramid(3, 1.6, 32, double_image=True),
            ori_module=LAFOrienter(19),
            scale_space_response=True,
            minima_are_also_good=True,
            mr_size=6.0,
        )
        # LightGlue learned from frames of twelve sigma: twice the detector's.
        frames = LocalFeature(detector, LAFDescriptor(load("hardnet"), patch_size=32), scaling_coef=2.0)
        super().__init__(device, frames, load("doghardnet-lightglue", device))
