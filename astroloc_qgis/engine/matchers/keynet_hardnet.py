"""Key.Net keypoints, AffNet shapes and HardNet descriptors with LightGlue."""

from __future__ import annotations

from kornia.feature import KeyNetDetector, LAFDescriptor, LAFOrienter, LocalFeature

from astroloc_qgis.engine.matchers.loading import load
from astroloc_qgis.engine.matchers.local_frames import LocalFrameMatcher


class KeyNetHardNetLightGlue(LocalFrameMatcher):
    """Key.Net (Barroso-Laguna et al., ICCV 2019), AffNet (Mishkin et al., ECCV 2018), HardNet (2017)."""

    name = "keynet-hardnet-lightglue"
    licence = "MIT (AffNet, OriNet, HardNet), not stated (Key.Net, LightGlue for it)"

    def __init__(self, device: str = "cpu", max_keypoints: int = 2048) -> None:
        """Load the weights.

        Args:
            device: torch device.
            max_keypoints: the strongest kept of a picture.

        Raises:
            InputError: the weights are not on this machine.
        """
        detector = KeyNetDetector(
            pretrained=False,
            num_features=max_keypoints,
            ori_module=LAFOrienter(angle_detector=load("orinet")),
            aff_module=load("affnet"),
        )
        detector.model = load("keynet")
        frames = LocalFeature(detector, LAFDescriptor(load("hardnet"), patch_size=32))
        super().__init__(device, frames, load("keynet-lightglue", device))
