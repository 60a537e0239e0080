"""What the tests of the matchers share: an empty folder of weights, and weights for a matcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Image, Matcher
from astroloc_qgis.engine.weights.store import FOLDER_VARIABLE
from tests.engine.random_weights import needed_by, write_checkpoint
from tests.engine.scene import Run
from tests.engine.synthetic import World


@pytest.fixture
def own_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for the user's weights; matchers are loaded anew."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "weights"))
    matchers.create.cache_clear()
    yield tmp_path / "weights"
    matchers.create.cache_clear()


@pytest.fixture
def give_weights(run: Run, tmp_path: Path, own_weights: Path) -> Callable[[str], None]:
    """Adds random weights for a matcher."""

    def give(matcher: str) -> None:
        for name in needed_by(matcher):
            wrapped = name in ("keynet", "hardnet", "loftr-outdoor")  # as their authors publish them
            checkpoint = write_checkpoint(name, tmp_path / f"{name}.pth", wrapped=wrapped)
            status, _, complaint = run("matchers", "add", name, checkpoint)
            assert (status, complaint) == (0, "")

    return give


@pytest.fixture(scope="module")
def small_picture(world: World) -> Image:
    """Generated land, 256 x 256 pixels."""
    return np.ascontiguousarray(world.pixels[200:456, 300:556])


def mirror_shift(matcher: Matcher, picture: Image) -> float:
    """Mean shift in x, pixels, between the keypoints of a picture and those of its mirror image, mirrored back."""
    first = matcher.extract(picture).keypoints
    second = matcher.extract(np.ascontiguousarray(picture[:, ::-1])).keypoints
    back = np.column_stack((picture.shape[1] - second[:, 0], second[:, 1]))
    nearest = np.array([back[np.linalg.norm(back - point, axis=1).argmin()] for point in first])
    near = np.linalg.norm(nearest - first, axis=1) < 1.6
    assert near.sum() > 50
    return float(np.mean((nearest - first)[near, 0]))
