"""SIFT's keypoints (differences of Gaussians) with HardNet descriptors and LightGlue."""

from __future__ import annotations

from kornia.feature import BlobDoG, LAFDescriptor, LAFOrienter, LocalFeature, ScaleSpaceDetector
from kornia.geometry.subpix import ConvQuadInterp3d
from kornia.geometry.transform import ScalePyramid

from astroloc_qgis.engine.matchers.lightglue import lightglue
from astroloc_qgis.engine.matchers.loading import load
from astroloc_qgis.engine.matchers.local_frames import HARDNET, LocalFrameMatcher

ARCHITECTURES = {
    "hardnet": HARDNET,
    "doghardnet-lightglue": lightglue(
        input_dim=128, width_confidence=-1, depth_confidence=-1, add_scale_ori=True, scale_coef=1 / 6
    ),  # kornia's configuration; the scale is OpenCV's, a sixth of the frame's
}


class DogHardNetLightGlue(LocalFrameMatcher):
    """DoG (Lowe 2004) with HardNet (Mishchuk et al., NeurIPS 2017)."""

    name = "dog-hardnet-lightglue"
    licence = "MIT (HardNet), Apache-2.0 (LightGlue)"
    lightglue = "doghardnet-lightglue"

    def local_features(self) -> LocalFeature:
        """See ``LocalFrameMatcher.local_features``."""
        detector = ScaleSpaceDetector(
            self._max_keypoints,
            resp_module=BlobDoG(),
            subpix_module=ConvQuadInterp3d(),
            scale_pyr_module=ScalePyramid(3, 1.6, 32, double_image=True),
            ori_module=LAFOrienter(19),
            scale_space_response=True,
            minima_are_also_good=True,
            mr_size=6.0,
        )
        # LightGlue learned from frames of twelve sigma: twice the detector's.
        return LocalFeature(detector, LAFDescriptor(load("hardnet"), patch_size=32), scaling_coef=2.0)
