"""Descriptors: unit vectors by name, from images of any size, the same every time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.base import Descriptor, fit_long_side
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers.xfeat_net import XFeatNet, detect_and_describe
from astroloc_qgis.engine.weights.array_files import astroloc_lite_sha256
from astroloc_qgis.engine.weights.packaged import WEIGHTS
from astroloc_qgis.engine.weights.published import DESCRIPTORS
from tests.engine.synthetic import landscape

BUILT_IN = [name for name in descriptors.names() if name in descriptors._MODELS and name not in DESCRIPTORS]
"""Those whose weights come with the plugin or its engine."""


@pytest.fixture(scope="module")
def places() -> list[np.ndarray]:
    """Eight different squares of land."""
    land = landscape(1024, seed=4)
    return [land[y : y + 256, x : x + 256] for y in (0, 512) for x in (0, 256, 512, 768)]


@pytest.fixture(scope="module", params=BUILT_IN)
def descriptor(request: pytest.FixtureRequest, places: list[np.ndarray]) -> Descriptor:
    made = descriptors.create(request.param)
    if made.needs_vocabulary:
        made.fit(places)
    return made


def test_vectors_are_unit_length_and_as_long_as_promised(descriptor: Descriptor, places: list[np.ndarray]) -> None:
    vectors = descriptor.describe_blocks(places)
    assert vectors.shape == (8, descriptor.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_images_of_different_sizes_keep_their_order(descriptor: Descriptor, places: list[np.ndarray]) -> None:
    wide = np.ascontiguousarray(places[1][:160])
    mixed = [places[0], wide, places[2], np.rot90(wide)]
    together = descriptor.describe_blocks(mixed)
    alone = np.concatenate([descriptor.describe_blocks([image]) for image in mixed])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_how_many_are_described_at_once_does_not_matter(
    descriptor: Descriptor, places: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    described = []
    for batch in (1, 3, 32):
        monkeypatch.setattr(descriptor, "batch", batch)
        described.append(descriptor.describe_blocks(places))
    np.testing.assert_allclose(described[0], described[2], atol=1e-4)
    np.testing.assert_allclose(described[1], described[2], atol=1e-4)


def test_a_darker_hazier_picture_of_a_place_is_nearest_to_that_place(
    descriptor: Descriptor, places: list[np.ndarray]
) -> None:
    hazy = [(image * 0.6 + 40).astype(np.uint8) for image in places]
    similarity = descriptor.describe_blocks(hazy) @ descriptor.describe_blocks(places).T
    assert similarity.argmax(axis=1).tolist() == list(range(8))


def test_one_flat_colour_gives_finite_vectors(descriptor: Descriptor) -> None:
    flat = np.full((64, 64, 3), 90, np.uint8)
    assert np.isfinite(descriptor.describe_blocks([flat, flat * 0])).all()


def test_the_hash_of_the_weights_is_known_without_loading_them(descriptor: Descriptor) -> None:
    assert descriptors.model_sha256(descriptor.name) == descriptor.model_sha256
    of_nothing = hashlib.sha256(b"").hexdigest()  # what models without weights have
    assert descriptor.model_sha256 in {
        of_nothing,
        astroloc_lite_sha256(),
        *(known.sha256 for known in WEIGHTS.values()),
    }


def test_an_unknown_model_is_refused_with_the_names_of_the_known() -> None:
    with pytest.raises(InputError, match=r"'earthlock'.*efficientnet-lite0-gem, xfeat-vlad"):
        descriptors.create("earthlock")


def test_listing_the_models_loads_no_torch() -> None:
    code = (
        "import sys; from astroloc_qgis.engine.descriptors import registry as descriptors; "
        "assert descriptors.names() and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_the_vocabulary_survives_its_file_and_is_the_same_each_time(tmp_path: Path, places: list[np.ndarray]) -> None:
    first, second = descriptors.create("xfeat-vlad"), descriptors.create("xfeat-vlad")
    first.fit(places)
    second.fit(places)
    first.save_vocabulary(tmp_path / "a.npz")
    second.save_vocabulary(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    loaded = descriptors.create("xfeat-vlad", vocabulary=tmp_path / "a.npz")
    np.testing.assert_array_equal(loaded.describe_blocks(places), first.describe_blocks(places))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"text"])
def test_a_damaged_vocabulary_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vocabulary.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"vocabulary .* cannot be read"):
        descriptors.create("xfeat-vlad", vocabulary=tmp_path / "vocabulary.npz")


def test_a_model_without_its_vocabulary_says_so(places: list[np.ndarray]) -> None:
    with pytest.raises(InputError, match="has no vocabulary"):
        descriptors.create("xfeat-vlad").describe_blocks(places[:1])


@pytest.mark.parametrize("shape", [(100, 300), (300, 100), (17, 18), (1000, 999)])
def test_resizing_keeps_the_aspect(shape: tuple[int, int]) -> None:
    height, width = fit_long_side(np.zeros((*shape, 3), np.uint8), 224).shape[:2]
    assert max(height, width) == 224
    assert abs(height / width - shape[0] / shape[1]) < 0.5 / min(height, width) * max(1, shape[0] / shape[1])


def test_xfeat_keypoints_follow_the_image_when_it_moves(places: list[np.ndarray]) -> None:
    net = XFeatNet()
    land = landscape(1024, seed=4)
    whole, _, _ = detect_and_describe(net, land[:512, :512], top_k=500)
    moved, _, _ = detect_and_describe(net, land[64:576, 32:544], top_k=500)
    distance = np.abs(whole[:, None] - (moved + np.float32([32, 64]))[None]).max(axis=2).min(axis=1)
    shared = ((whole > (48, 80)) & (whole < 496)).all(axis=1)
    assert (distance[shared] < 0.01).mean() > 0.6


def test_xfeat_finds_nothing_where_the_mask_is_off() -> None:
    net = XFeatNet()
    image = landscape(1024, seed=4)[:200, :330]
    mask = np.ones(image.shape[:2], bool)
    mask[:, :150] = False
    keypoints, vectors, scores = detect_and_describe(net, image, top_k=1000, mask=mask)
    assert len(keypoints) == len(vectors) == len(scores) > 50
    assert keypoints[:, 0].min() > 150
    assert (np.diff(scores) <= 0).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert len(detect_and_describe(net, image, mask=np.zeros_like(mask))[0]) == 0
