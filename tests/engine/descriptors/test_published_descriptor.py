"""The published models as descriptors: squares, batches, half precision; and where their weights come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.published.descriptor import PublishedDescriptor, _squashed
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.weights.models import MATCHER, MODELS
from astroloc_qgis.engine.weights.store import FOLDER_VARIABLE, weights_folder
from tests.engine.descriptors.published_checkpoint import (
    normalised_images,
    tiny_astroloc_shapes,
    write_checkpoint,
)
from tests.engine.scene import Run
from tests.engine.synthetic import World, landscape


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of weights, which does not exist yet."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "tiny.pt", tiny_astroloc_shapes())


@pytest.fixture
def descriptor(checkpoint: Path) -> PublishedDescriptor:
    return PublishedDescriptor(name="astroloc", weights=checkpoint)


@pytest.fixture(scope="module")
def places() -> list[np.ndarray]:
    land = landscape(512, seed=4)
    return [np.ascontiguousarray(land[y : y + 128, x : x + 128]) for y in (0, 256) for x in (0, 128, 256, 384)]


def test_a_picture_is_normalised_and_described_as_its_network_does(descriptor: PublishedDescriptor) -> None:
    images = normalised_images(56)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    bytes_ = ((images * deviation[:, None, None] + mean[:, None, None]) * 255).round().to(torch.uint8)
    found = descriptor.describe_blocks([image.permute(1, 2, 0).numpy() for image in bytes_])
    with torch.inference_mode():
        expected = descriptor._network(images).numpy()
    np.testing.assert_allclose((found * expected).sum(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("shape", [(480, 640), (100, 30), (56, 56), (2000, 1500)])
def test_a_picture_is_squashed_to_a_square_as_pillow_does(shape: tuple[int, int]) -> None:
    picture = (np.random.default_rng(1).random((*shape, 3)) * 255).astype(np.uint8)
    expected = np.asarray(Image.fromarray(picture).resize((56, 56), Image.Resampling.BILINEAR))
    assert np.abs(_squashed(picture, 56).astype(int) - expected).max() <= 1
    turned = _squashed(np.rot90(picture), 56)
    assert np.abs(turned.astype(int) - np.rot90(expected)).max() <= 1


def test_photos_of_any_shape_are_described_alike_alone_and_together(
    descriptor: PublishedDescriptor, places: list[np.ndarray]
) -> None:
    photos = [*places, np.ascontiguousarray(places[0][:80]), np.rot90(places[1][:, :50]), places[2][:1, :1]]
    together = descriptor.describe_photos(photos)
    assert together.shape == (11, 64) == (11, descriptor.dimensions)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([descriptor.describe_photos([photo]) for photo in photos])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(descriptor.describe_blocks(places), together[:8], atol=1e-5)


def test_four_pictures_at_once_on_a_cpu(
    descriptor: PublishedDescriptor, places: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    network = descriptor._network

    def counting(batch: torch.Tensor) -> torch.Tensor:
        sizes.append(len(batch))
        return network(batch)

    monkeypatch.setattr(descriptor, "_network", counting)
    descriptor.describe_blocks([*places, places[0]])
    assert sizes == [4, 4, 1]


def test_half_precision_changes_little(descriptor: PublishedDescriptor) -> None:
    images = normalised_images(56)
    with torch.inference_mode():
        single = descriptor._network(images)
        with torch.autocast("cpu", torch.bfloat16):
            half = descriptor._network(images)
    assert half.dtype == torch.float32
    assert (single * half).sum(dim=1).min() > 0.999


def test_another_size_is_interpolated_and_a_wrong_one_refused(checkpoint: Path, places: list[np.ndarray]) -> None:
    larger = PublishedDescriptor(name="astroloc", weights=checkpoint, image_size=112)
    assert larger.image_size == larger.settings["image_px"] == 112
    assert np.isfinite(larger.describe_blocks(places)).all()
    with pytest.raises(InputError, match=r"describes pictures of 56 px, not 60.*a multiple of 14"):
        PublishedDescriptor(name="astroloc", weights=checkpoint, image_size=60)


# ---------------------------------------------------------------- weights


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("earthloc", r"by rsync alone.*models give earthloc FILE"),
        ("earthloc2", r"models fetch earthloc2.*models give earthloc2 FILE"),
        ("astroloc", r"have not published them.*models give astroloc FILE"),
    ],
)
def test_a_model_without_its_weights_says_how_to_get_them(
    name: str, words: str, tmp_path: Path, run: Run, world: World
) -> None:
    assert name in descriptors.names()
    assert name not in descriptors.offered()
    assert not descriptors.ready(name)
    for missing in (descriptors.create, descriptors.model_sha256):
        with pytest.raises(InputError, match=f"'{name}' .*are not on this machine: .*{words}"):
            missing(name)
    image = world.write(tmp_path / "map.tif", bounds=world.bounds_in("EPSG:3857", 0.6), pixels=64)
    out = tmp_path / "index"
    status, _, error = run("index", "build", "--imagery", image, "--zooms", "9", "--model", name, "--out", out)
    assert (status, error.count("\n")) == (2, 1)
    assert f"models give {name} FILE" in error
    assert not out.exists()


def test_a_given_checkpoint_builds_an_index_that_photos_are_looked_up_in(
    checkpoint: Path, tmp_path: Path, run: Run, world: World, folder: Path
) -> None:
    status, told, error = run("models", "give", "astroloc", checkpoint, "--licence", "CC0-1.0")
    assert status == 0, error
    assert "licence  CC0-1.0" in told
    assert "vector   64 numbers" in told
    assert "astroloc" in descriptors.offered()
    imagery = world.write(tmp_path / "map.tif", bounds=world.bounds_in("EPSG:3857", 0.6), pixels=300)
    index = tmp_path / "index"
    status, told, error = run(
        "index",
        "build",
        "--imagery",
        imagery,
        "--zooms",
        "12",
        "--model",
        "astroloc",
        "--out",
        index,
        "--device",
        "cpu",
    )
    assert status == 0, error
    assert "model        astroloc, 64 dimensions, Flat" in told
    block = Index.open(index)
    photo = tmp_path / "photo.png"
    Image.fromarray(landscape(200, seed=2)).save(photo)
    status, told, error = run("retrieve", photo, "--index", index, "--top", "3", "--device", "cpu")
    assert status == 0, error
    assert told.splitlines()[0].startswith("rank")
    assert len(told.splitlines()) == 1 + min(3, len(block))
    (folder / "astroloc.pt").unlink()
    status, _, error = run("retrieve", photo, "--index", index)
    assert status == 2
    assert "models give astroloc FILE" in error


def test_a_checkpoint_of_ones_own_is_a_model_of_its_own(checkpoint: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "run 7").mkdir()
    checkpoint.rename(tmp_path / "run 7" / "best.pth")
    status, told, error = run("models", "give", "mine", tmp_path / "run 7")
    assert status == 0, error
    assert "mine" in descriptors.names()
    assert "mine" not in matchers.names()
    made = descriptors.create("mine")
    assert (made.name, made.image_size, made.dimensions) == ("mine", 56, 64)
    assert made.model_sha256 == descriptors.model_sha256("mine")
    assert "your own, of astroloc" in run("models", "list")[1]
    (weights_folder() / "mine.pth").unlink()
    with pytest.raises(InputError, match="checkpoint of the model 'mine' is gone"):
        descriptors.model_sha256("mine")


def test_a_damaged_list_of_weights_hides_no_other_model(folder: Path) -> None:
    folder.mkdir()
    (folder / "weights.json").write_text("{")
    assert "astroloc-lite" in descriptors.offered()
    with pytest.raises(InputError, match="cannot be understood"):
        descriptors.create("earthloc")


# ---------------------------------------------------------------- the registry of models


def test_every_model_and_matcher_is_in_the_registry_with_its_files() -> None:
    listed = {name for name, model in MODELS.items() if model.kind == MATCHER}
    assert listed <= set(matchers.MATCHERS)
    for name in listed:
        assert MODELS[name].files == matchers.MATCHERS[name].weights
    assert set(MODELS) - listed <= set(descriptors.names())
    for name in set(descriptors.offered()) & set(MODELS):
        assert MODELS[name].dimensions == descriptors.create(name).dimensions
        assert MODELS[name].preprocessing
    assert all(model.good_for for model in MODELS.values())
