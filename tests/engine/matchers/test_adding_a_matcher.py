"""A new matcher is one file in ``matchers`` and one entry in its registry: nothing else has to change."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from astroloc_qgis.cli.matchers import table
from astroloc_qgis.engine import matchers as package
from astroloc_qgis.engine import pipeline
from astroloc_qgis.engine.matchers import registry
from astroloc_qgis.engine.matchers.registry import KnownMatcher
from tests.engine.scene import make_scene

TOY = '''
import cv2
import numpy as np

from astroloc_qgis.engine.matchers.base import Features, Matcher, inside_mask, pair_up


class Toy(Matcher):
    """OpenCV's AKAZE, paired by mutual nearest neighbours."""

    name = "toy"
    licence = "CC0-1.0"
    rotation_invariant = True

    def __init__(self, device="cpu"):
        self._device = device

    def extract(self, image, mask=None, most=None):
        points, described = cv2.AKAZE_create(threshold=1e-4).detectAndCompute(image, None)
        keypoints = np.array([point.pt for point in points], np.float32).reshape(-1, 2) + np.float32(0.5)
        kept = np.flatnonzero(inside_mask(keypoints, mask))[:most]
        described = np.zeros((0, 61), np.uint8) if described is None else described[kept]
        return Features(keypoints[kept], (image.shape[1], image.shape[0]), {"descriptors": described})

    def match(self, a, b):
        found = []
        if len(a.keypoints) and len(b.keypoints):
            found = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(a.data["descriptors"], b.data["descriptors"])
        pairs = np.array([(match.queryIdx, match.trainIdx) for match in found], np.int64).reshape(-1, 2)
        return pair_up(a, b, pairs, np.array([-match.distance for match in found], np.float32))
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one file, in a folder that the package is told to look in, and the one entry."""
    (tmp_path / "toy.py").write_text(TOY)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    monkeypatch.setitem(registry.MATCHERS, "toy", KnownMatcher("toy", "Toy", "CC0-1.0", any_rotation=True))
    registry.create.cache_clear()
    yield
    registry.create.cache_clear()


@pytest.mark.usefixtures("toy")
def test_a_toy_matcher_georeferences_a_photo(tmp_path: Path) -> None:
    scene = make_scene()
    result = pipeline.refine(
        scene.photo, str(scene.imagery), tmp_path / "out", block=scene.block, matcher="toy", device="cpu"
    )
    report = result.report()
    assert report["status"] == "localized"
    assert report["matcher"] == "toy"
    assert scene.error_px(report["footprint"]) < 3.0


@pytest.mark.usefixtures("toy")
def test_a_toy_matcher_is_listed_with_its_cost_and_licence_and_offered_in_the_window() -> None:
    assert registry.names()[len(registry.MATCHERS) - 1] == "toy"
    assert registry.ready("toy")
    assert registry.offered() == [
        "xfeat-lighterglue",
        "aliked-lightglue",
        "disk-lightglue",
        "sift",
        "orientation",
        "toy",
    ]
    line = next(line for line in table().splitlines() if line.startswith("toy "))
    assert line.split() == ["toy", "any", "1.0", "none", "0.99", "none", "needed", "CC0-1.0"]
