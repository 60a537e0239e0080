"""Key.Net keypoints, AffNet shapes and HardNet descriptors with LightGlue."""

from __future__ import annotations

from kornia.feature import (
    KeyNet,
    KeyNetDetector,
    LAFAffNetShapeEstimator,
    LAFDescriptor,
    LAFOrienter,
    LocalFeature,
    OriNet,
)

from astroloc_qgis.engine.matchers.lightglue import lightglue
from astroloc_qgis.engine.matchers.loading import Architecture, load
from astroloc_qgis.engine.matchers.local_frames import HARDNET, LocalFrameMatcher

ARCHITECTURES = {
    "keynet": Architecture(lambda: KeyNet(pretrained=False)),
    "affnet": Architecture(lambda: LAFAffNetShapeEstimator(False, preserve_orientation=False), may_have_more=True),
    "orinet": Architecture(lambda: OriNet(pretrained=False), may_have_more=True),
    "hardnet": HARDNET,
    "keynet-lightglue": lightglue(input_dim=128, width_confidence=-1, depth_confidence=-1, add_laf=True),
}


class KeyNetHardNetLightGlue(LocalFrameMatcher):
    """Key.Net (Barroso-Laguna et al., ICCV 2019), AffNet (Mishkin et al., ECCV 2018), HardNet (2017)."""

    name = "keynet-hardnet-lightglue"
    licence = "MIT (AffNet, OriNet, HardNet), not stated (Key.Net, LightGlue for it)"
    lightglue = "keynet-lightglue"

    def local_features(self) -> LocalFeature:
        """See ``LocalFrameMatcher.local_features``."""
        detector = KeyNetDetector(
            pretrained=False,
            num_features=self._max_keypoints,
            ori_module=LAFOrienter(angle_detector=load("orinet")),
            aff_module=load("affnet"),
        )
        detector.model = load("keynet")
        return LocalFeature(detector, LAFDescriptor(load("hardnet"), patch_size=32))
