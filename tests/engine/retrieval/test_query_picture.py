"""The picture of a photo that is described: without its surroundings, and no larger than needed."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroloc_qgis.cli.main import main
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval import query_rotation
from astroloc_qgis.engine.retrieval.query_picture import query_picture
from astroloc_qgis.engine.retrieval.query_rotation import describe_rotations
from astroloc_qgis.engine.retrieval.search import retrieve
from tests.engine.retrieval.photos import picture
from tests.engine.synthetic import landscape, write_image


class Sides(Descriptor):
    """Describes a picture by its mean colour, at two sizes, and remembers the sizes."""

    name, dimensions, image_size, model_sha256, settings = "sides", 3, 300, "0" * 64, {}
    photo_sizes = (100, 300)

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        self.shapes += [image.shape[:2] for image in images]
        return images.mean(axis=(1, 2), dtype=np.float32)


def framed(photo: np.ndarray, border: int) -> np.ndarray:
    """A photo in the black border of a film."""
    return np.pad(photo, ((border, border), (border, border), (0, 0)), constant_values=3)


def in_a_window(photo: np.ndarray, outside: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A photo whose content is round, and the mask of that."""
    height, width = photo.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (width // 2, height // 2), min(height, width) // 2 - 10, 255, -1)
    return np.where(mask[..., None] > 0, photo, np.array(outside, np.uint8)), mask


@pytest.mark.parametrize("shape", [(300, 450), (2000, 3000), (1400, 3583)])
def test_a_photo_without_surroundings_is_described_as_it_is(shape: tuple[int, int]) -> None:
    photo = cv2.resize(landscape(1024, seed=4)[:600, :900], shape[::-1])
    assert query_picture(photo, Sides()) is photo
    assert query_picture(photo, Sides(), np.full(shape, 255, np.uint8)) is photo


@pytest.mark.parametrize("shape", [(300, 450), (4000, 6016), (300, 30_000)])
def test_a_large_photo_is_made_small_before_it_is_rotated(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = np.random.default_rng(0).integers(60, 200, (*shape, 3), dtype=np.uint8)
    rotated: list[int] = []
    real = np.rot90
    monkeypatch.setattr(np, "rot90", lambda image, *turns: rotated.append(max(image.shape)) or real(image, *turns))
    descriptor = Sides()
    vectors = describe_rotations(query_picture(photo, descriptor), descriptor)
    assert max(rotated) <= 450
    assert {max(size) for size in descriptor.shapes} == {100, 300}
    np.testing.assert_allclose(vectors, np.repeat(vectors[:1], 4, axis=0), atol=1e-4)


def test_to_make_it_small_first_does_not_change_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = cv2.resize(landscape(1024, seed=4)[:680], (4016, 2667), interpolation=cv2.INTER_CUBIC)
    model = descriptors.create("astroloc-lite")
    first = describe_rotations(photo, model)
    monkeypatch.setattr(query_rotation, "LARGE", 1000)
    np.testing.assert_allclose(first, describe_rotations(photo, model), atol=1e-4)


def test_a_large_photo_within_a_border_is_averaged_down_by_its_content() -> None:
    photo = np.zeros((4000, 6000, 3), np.uint8)
    photo[1000:3000, 1500:4500] = cv2.resize(landscape(1024, seed=4)[:680], (3000, 2000))
    small = query_picture(photo, Sides())
    assert small.shape[0] == pytest.approx(2000, abs=50)
    assert small.shape[1] == pytest.approx(3000, abs=50)
    assert small[:3].mean() > 50


@pytest.mark.parametrize("outside", [(0, 0, 0), (255, 0, 255)], ids=["black", "anything"])
def test_what_is_transparent_takes_the_mean_colour_and_changes_nothing(outside: tuple[int, int, int]) -> None:
    photo = landscape(1024, seed=4)[:500, :700]
    shown, mask = in_a_window(photo, outside)
    given = shown.copy()
    described = query_picture(shown, Sides(), mask)
    np.testing.assert_array_equal(shown, given)
    assert described.shape == (481, 481, 3)
    inside = mask[10:491, 110:591] > 0
    np.testing.assert_array_equal(described[inside], photo[10:491, 110:591][inside])
    assert np.ptp(described[~inside], axis=0).tolist() == [0, 0, 0]
    np.testing.assert_allclose(described[0, 0], photo[mask > 0].mean(axis=0), atol=1)


def test_a_round_window_on_black_takes_the_mean_colour() -> None:
    shown, mask = in_a_window(landscape(1024, seed=4)[:500, :700], (9, 9, 9))
    described = query_picture(shown, Sides())
    assert max(described.shape[:2]) <= 481
    np.testing.assert_allclose(described[2, 2], shown[mask > 0].mean(axis=0), atol=3)


def test_a_border_does_not_change_what_a_photo_finds(toy: tuple[Index, Descriptor], imagery: Path) -> None:
    index, descriptor = toy
    photo = picture(imagery, index.block(7))
    plain, bordered = (retrieve(shown, index, descriptor, top=5) for shown in (photo, framed(photo, 60)))
    assert bordered[0].block == plain[0].block == index.block(7)
    assert bordered[0].score == pytest.approx(plain[0].score, abs=0.01)


def test_the_command_does_not_describe_what_is_transparent(
    toy: tuple[Index, Descriptor], imagery: Path, tmp_path: Path
) -> None:
    index, _ = toy
    photo = picture(imagery, index.block(7))
    shown, mask = in_a_window(photo, (255, 0, 255))
    scores = []
    for name, pixels in (("opaque", shown), ("masked", np.dstack([shown, mask]))):
        path = write_image(tmp_path / f"{name}.png", pixels)
        options = ["--index", str(index.folder), "--device", "cpu", "--json", str(tmp_path / f"{name}.json")]
        assert main(["retrieve", str(path), *options]) == 0
        (report,) = json.loads((tmp_path / f"{name}.json").read_text())
        places = {(entry["zoom"], entry["row"], entry["column"]): entry["score"] for entry in report["candidates"]}
        own = index.block(7)
        scores.append(places[own.zoom, own.row, own.column])
    assert scores[1] > scores[0] + 0.02
