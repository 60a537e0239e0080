"""Photos under conditions that are not ordinary: near infrared, snow, low sun, thick air, windows, wide lenses."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from astroloc_qgis.engine.photo.masks import find_content
from astroloc_qgis.engine.simulation import air, clouds, light
from astroloc_qgis.engine.simulation.conditions import CONDITIONS, draw_conditions, photo_appearance
from astroloc_qgis.engine.simulation.formats import FORMATS, draw_format, photo_size, size_of_place
from astroloc_qgis.engine.simulation.mosaic import Level, Mosaic
from astroloc_qgis.engine.simulation.near_infrared import near_infrared, reflectance, vegetation
from astroloc_qgis.engine.simulation.photos import curvature
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera
from astroloc_qgis.engine.simulation.places import area_of, rectangle_place, wide_place
from astroloc_qgis.engine.simulation.snow import lakes, snow, snow_cover
from astroloc_qgis.engine.simulation.surroundings import as_described, round_window, struts, with_surroundings
from astroloc_qgis.engine.tiles import HALF_WORLD_M, lonlat_to_mercator, mercator_to_lonlat

FOREST, DESERT, SEA = (25, 45, 12), (190, 150, 110), (10, 40, 110)


def ground() -> np.ndarray:
    """(96, 144, 3) uint8 in Blue Marble's colours: forest, desert and sea side by side, with some relief."""
    colours = np.repeat(np.array([FOREST, DESERT, SEA], dtype=np.float32), 48, axis=0)[None].repeat(96, axis=0)
    relief = cv2.resize(np.random.default_rng(0).random((24, 36), dtype=np.float32), (144, 96))
    return np.clip(colours * (0.8 + 0.4 * relief[..., None]), 0, 255).astype(np.uint8)


def parts() -> tuple[np.ndarray, np.ndarray]:
    """The ground as float32, and where it is sea."""
    sea = np.zeros((96, 144), np.float32)
    sea[:, 96:] = 1
    return ground().astype(np.float32) / 255, sea


def columns(image: np.ndarray) -> tuple[float, float, float]:
    """Mean over the forest, the desert and the sea, away from their edges."""
    return tuple(float(image[:, left + 8 : left + 40].mean()) for left in (0, 48, 96))  # type: ignore[return-value]


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_gives_a_whole_photo_the_same_for_the_same_seed(name: str) -> None:
    one, same, other, plain = (
        photo_appearance(ground(), np.random.default_rng(seed), given)
        for seed, given in ((3, {name}), (3, {name}), (4, {name}), (3, set()))
    )
    assert one.shape == (96, 144, 3)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, same)
    assert np.abs(one.astype(int) - other).mean() > 2
    assert np.abs(one.astype(int) - plain).mean() > 1


def test_most_photos_are_ordinary_and_every_condition_is_drawn() -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_conditions(rng) for _ in range(3000)]
    assert 0.55 < np.mean([not names for names in drawn]) < 0.7
    for name, share in CONDITIONS.items():
        assert np.mean([name in names for names in drawn]) == pytest.approx(share, abs=0.02)


def test_plants_are_bright_in_near_infrared_and_water_is_black() -> None:
    image, sea = parts()
    green = columns(vegetation(image))
    assert green[0] > 0.9
    assert green[1] < 0.1
    for seed in range(10):
        forest, desert, water = columns(reflectance(image, sea, np.random.default_rng(seed)))
        before = columns(image.mean(axis=2))
        assert forest > 2 * before[0]
        assert forest / desert > 2 * before[0] / before[1]
        assert water < 0.08


def test_near_infrared_photos_are_grey_or_false_coloured() -> None:
    image, sea = parts()
    photos = [near_infrared(image, sea, np.random.default_rng(seed)) for seed in range(60)]
    grey = [bool((np.ptp(photo, axis=2) < 1e-6).all()) for photo in photos]
    assert 0.08 < np.mean(grey) < 0.4
    brightest = {
        int(photo[:, 8:40].mean(axis=(0, 1)).argmax()) for photo, plain in zip(photos, grey, strict=True) if not plain
    }
    assert brightest == {0, 1, 2}, "of a forest, in one order of the channels or another"


def test_snow_lies_on_bare_land_and_hardly_on_forests_or_the_sea() -> None:
    image, sea = parts()
    covers = [snow_cover(image, sea, np.random.default_rng(seed)) for seed in range(40)]
    assert all(cover.min() >= 0 and cover.max() <= 1 for cover in covers)
    forest, desert, water = np.mean([columns(cover) for cover in covers], axis=0)
    assert desert > 3 * forest
    assert water == 0
    assert desert > 0.3
    white = [snow(image, sea, np.random.default_rng(seed)) for seed in range(40)]
    assert np.mean([columns(photo)[0] for photo in white]) < 0.6


def test_lakes_freeze_and_the_sea_does_not() -> None:
    sea = np.zeros((60, 90), np.float32)
    sea[10:18, 20:30] = 1
    sea[:, 80:] = 1
    found = lakes(sea)
    assert found[10:18, 20:30].all()
    assert found.sum() == 80


def test_a_low_sun_brings_out_the_relief() -> None:
    image, _ = parts()
    for seed in range(12):
        lit = light.low_sun(image, np.random.default_rng(seed))
        before, after = (np.diff(part[:, 56:90].mean(axis=2)).std() / part[:, 56:90].mean() for part in (image, lit))
        assert np.isfinite(lit).all()
        assert after > before


def test_a_dim_photo_is_dark_and_nearly_grey() -> None:
    image, _ = parts()
    for seed in range(12):
        dark = light.dim(image, np.random.default_rng(seed))
        assert np.percentile(dark, 97) < 0.55
        saturation = [np.ptp(part[:, 56:88], axis=2).mean() / part[:, 56:88].mean() for part in (image, dark)]
        assert saturation[1] < saturation[0] + 0.1


def test_smoke_is_brown_to_white_and_thick_in_places() -> None:
    dark = np.full((96, 144, 3), 0.1, np.float32)
    for seed in range(12):
        smoky = air.smoke(dark, np.random.default_rng(seed))
        assert smoky.max() > 0.2
        assert (smoky[..., 0] >= smoky[..., 2] - 1e-5).all(), "never bluer than it is red"
        assert smoky.std() > 0.01, "and not alike everywhere"


def test_a_veil_lies_over_all_of_a_photo() -> None:
    image, _ = parts()
    for seed in range(12):
        hazy = air.veil(image, np.random.default_rng(seed))
        assert np.abs(np.diff(hazy, axis=0)).mean() < 0.65 * np.abs(np.diff(image, axis=0)).mean()


def test_rows_of_clouds_have_a_direction_and_a_field_of_cumulus_has_none() -> None:
    def direction(kind) -> list[float]:  # type: ignore[no-untyped-def]
        """By the structure tensor: 0 where no direction is preferred, 1 where all gradients are parallel."""
        found = []
        for seed in range(14):
            down, right = np.gradient(cv2.GaussianBlur(kind((160, 240), np.random.default_rng(seed)), (0, 0), 1))
            a, b, c = (right**2).sum(), (right * down).sum(), (down**2).sum()
            found.append(float(math.hypot(a - c, 2 * b) / max(a + c, 1e-9)))
        return found

    assert np.median(direction(clouds.cloud_rows)) > np.median(direction(clouds.cumulus_field)) + 0.1


def test_a_field_of_cumulus_has_clouds_and_gaps_all_over() -> None:
    for seed in range(12):
        cover = clouds.cumulus_field((160, 240), np.random.default_rng(seed))
        quarters = [cover[top : top + 80, left : left + 120].mean() for top in (0, 80) for left in (0, 120)]
        assert min(quarters) > 0
        assert max(quarters) < 0.85


def scene(width: int, height: int) -> np.ndarray:
    """(height, width, 3) float32 of bright, varied ground."""
    noise = np.random.default_rng(2).random((height // 8, width // 8, 3), dtype=np.float32)
    return cv2.resize(noise, (width, height)) * 0.4 + 0.4


def test_round_windows_are_found_by_the_masks_of_localization_and_filled() -> None:
    found = 0
    for seed in range(16):
        photo = np.clip(round_window(scene(288, 288), np.random.default_rng(seed)) * 255, 0, 255).astype(np.uint8)
        content = find_content(photo)
        if content is None:
            continue
        found += 1
        described = as_described(photo)
        assert described.shape == photo.shape
        left, _, right, _ = content.box
        if right - left > 0.86 * 288:
            assert described[:12, :12].mean() > 60 > photo[:12, :12].mean()
    assert found >= 8


def test_a_photo_without_surroundings_is_described_as_it_is() -> None:
    photo = (scene(288, 192) * 255).astype(np.uint8)
    np.testing.assert_array_equal(as_described(photo), photo)


def test_struts_and_hatches_hide_a_part_of_the_photo_alone() -> None:
    image = scene(288, 192)
    for seed in range(25):
        changed = np.abs(struts(image, np.random.default_rng(seed)) - image).max(axis=2)
        assert 0.002 < (changed > 0.05).mean() < 0.45
    kinds = [with_surroundings(image, np.random.default_rng(seed)) for seed in range(25)]
    assert all(kind.shape == image.shape and np.isfinite(kind).all() for kind in kinds)


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(600, 400, (288, 192)), (400, 300, (288, 216)), (100, 100, (288, 288)), (300, 900, (128, 288))],
)
def test_a_place_is_rendered_in_the_nearest_format(width: int, height: int, size: tuple[int, int]) -> None:
    assert photo_size(width, height, 288) == size


def test_places_have_every_format_and_most_are_three_to_two() -> None:
    rng = np.random.default_rng(3)
    ratios = [draw_format(rng) for _ in range(2000)]
    for ratio, share in FORMATS:
        assert np.mean([drawn == ratio for drawn in ratios]) == pytest.approx(share, abs=0.03)
    sizes = [size_of_place(rectangle_place(10, 20, 9000, rng), 288) for _ in range(200)]
    assert {max(size) / min(size) for size in sizes} == {288 / 192, 288 / 216, 1.0, 288 / 128}


def test_a_wide_lens_sees_up_to_nine_hundred_kilometres() -> None:
    rng = np.random.default_rng(5)
    places = [place for place in (wide_place(20.0, 10.0, rng) for _ in range(80)) if place is not None]
    across = [np.linalg.norm(place[2] - place[0]) * math.cos(math.radians(10)) / 1000 for place in places]
    assert len(places) > 60
    assert min(across) > 330
    assert 750 < max(across) < 1200, "tilted, the far corner is farther"
    assert 60_000 < np.median([area_of(place) for place in places]) / 1e6 < 400_000
    assert wide_place(20.0, 62.0, np.random.default_rng(0)) is None, "no imagery there"


def longitudes() -> Mosaic:
    """A mosaic whose red and green say how far east and south a pixel is, from 0 to 20 degrees about (0, 0)."""
    side = 2048
    gsd = 2 * HALF_WORLD_M / side
    metres = (np.arange(side) + 0.5) * gsd - HALF_WORLD_M
    span = float(lonlat_to_mercator([(10.0, 0.0)])[0, 0])
    ramp = np.clip((metres / span + 1) / 2 * 255, 0, 255)
    pixels = np.stack([np.tile(ramp, (side, 1)), np.tile(ramp[:, None], (1, side)), np.zeros((side, side))], axis=-1)
    return Mosaic([Level(3, 0, pixels.astype(np.uint8))], np.ones((8, 8), bool), "ramp")


def test_a_view_of_a_wide_lens_is_bent_as_a_cameras_by_the_curvature_of_the_earth() -> None:
    camera = PinholeCamera(0.0, 0.0, focal_mm=17.0, size=(288, 192))
    corners = lonlat_to_mercator(camera.corners_lonlat)
    corner_km = float(np.linalg.norm(corners[0])) / 1000
    assert 540 < corner_km < 600
    pixels = np.array([[144.0 + away, 96.0] for away in (-110, -70, 70, 110)])
    truth = camera.to_lonlat(pixels)[:, 0]

    def seen(radial: float) -> np.ndarray:
        red = longitudes().view(corners, 288, 192, radial=radial)[92:100, :, 0].astype(float).mean(axis=0)
        return np.array([np.interp(x - 0.5, np.arange(288), red) for x in pixels[:, 0]]) / 255 * 20 - 10

    bent, flat = (np.abs(seen(radial) - truth).max() for radial in (curvature(corner_km), 0.0))
    assert flat > 2 * bent
    assert bent < 0.08, "degrees: the mosaic has 256 steps over 20"
    assert mercator_to_lonlat(corners)[:, 1].max() > 2
