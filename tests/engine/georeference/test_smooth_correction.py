"""A smooth correction on top of a homography: used only where tie points prove it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.georeference.smooth_correction import find_correction
from astroloc_qgis.engine.photo.reading import Photo

SIZE = (1200, 800)
TRUTH = np.array([[30.0, 4.0, -2e4], [3.0, -31.0, 1.5e4], [1e-5, 2e-5, 1.0]])


def bent(xy: Array, kind: str) -> Array:
    """Where the photo shows what a perfect camera on flat ground would show at ``xy``."""
    at = (xy - np.array(SIZE) / 2) / (np.hypot(*SIZE) / 2)
    if kind == "lens":
        return xy + 12 * at * (at**2).sum(axis=1)[:, None]
    if kind == "mountains":
        return xy + 6 * np.stack([np.sin(4 * at[:, 0]) * np.cos(5 * at[:, 1]), np.sin(5 * at[:, 0] + 1)], axis=1)
    return xy


def tie_points(
    kind: str, count: int = 400, noise: float = 1.0, seed: int = 0, part: float = 1.0
) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    ideal = random.uniform((0, 0), np.array(SIZE) * part, (count, 2))
    return bent(ideal, kind) + random.normal(0, noise, (count, 2)), apply_homography(TRUTH, ideal)


@pytest.mark.parametrize(("kind", "model"), [("lens", {"lens"}), ("mountains", {"thin plate"})])
def test_what_is_bent_is_found_and_predicts_points_that_took_no_part(kind: str, model: set[str]) -> None:
    found = find_correction(TRUTH, *tie_points(kind), SIZE)
    assert found is not None
    assert found.model in model
    assert found.error_after_px < 0.8 * found.error_before_px
    photo_xy, plane_xy = tie_points(kind, noise=0.0, seed=9)
    ideal = apply_homography(np.linalg.inv(TRUTH), plane_xy)
    after = np.linalg.norm(found.to_photo(ideal) - photo_xy, axis=1)
    before = np.linalg.norm(ideal - photo_xy, axis=1)
    assert np.median(after) < 0.5 * np.median(before)


@pytest.mark.parametrize("seed", range(12))
def test_noise_alone_is_never_corrected(seed: int) -> None:
    assert find_correction(TRUTH, *tie_points("flat", seed=seed, noise=1.5), SIZE) is None


def test_too_few_points_or_points_in_one_part_are_not_enough() -> None:
    assert find_correction(TRUTH, *tie_points("lens", count=30), SIZE) is None
    assert find_correction(TRUTH, *tie_points("lens", part=0.4), SIZE) is None


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_rectified_photo_shows_everything_where_the_homography_says(depth: type) -> None:
    found = find_correction(TRUTH, *tie_points("lens", noise=0.1), SIZE)
    assert found is not None
    # A photo whose grey is the x (and y) that a perfect camera would have seen at that pixel.
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    seen = np.column_stack([x.ravel(), y.ravel()])
    ideal = seen.copy()
    for _ in range(20):  # the inverse of ``bent``
        ideal -= bent(ideal, "lens") - seen
    factor = np.iinfo(depth).max / 1300
    pixels = np.repeat((ideal[:, 0] * factor).reshape(SIZE[1], SIZE[0], 1), 3, axis=2).clip(0).astype(depth)
    photo = Photo(Path("p.png"), pixels, None, False, None, None, None)
    flat = found.rectified(photo)
    assert flat.pixels.dtype == depth
    assert flat.alpha is not None
    inside = (slice(60, -60), slice(60, -60))
    error = flat.pixels[..., 0].astype(float)[inside] / factor - x[inside]
    assert np.abs(np.median(error)) < 4 if depth == np.uint8 else np.abs(error).max() < 0.5
    assert flat.alpha[inside].min() == 255


def test_corners_are_carried_too() -> None:
    found = find_correction(TRUTH, *tie_points("lens", noise=0.2), SIZE)
    assert found is not None
    corners = photo_corners(*SIZE)
    np.testing.assert_allclose(found.to_photo(corners), bent(corners, "lens"), atol=1.0)
