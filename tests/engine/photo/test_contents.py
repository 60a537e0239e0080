"""What a photo shows: black frames, nights, lit windows and bare surfaces are hopeless, and land never is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from astroloc_qgis.engine.photo.contents import POOR_ATTEMPTS, Contents, find_contents
from astroloc_qgis.engine.simulation.clouds import fractal
from tests.engine.synthetic import landscape

Image = NDArray[np.uint8]

WIDTH, HEIGHT = 900, 600
LAND = landscape(1024, seed=4)[:HEIGHT, :WIDTH].astype(np.float32)


def grain(image: NDArray, deviation: float, seed: int = 1) -> Image:
    noise = np.random.default_rng(seed).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def flat(level: float) -> NDArray[np.float32]:
    return np.full((HEIGHT, WIDTH, 3), level, np.float32)


def contrast(image: NDArray, low: float, high: float) -> NDArray[np.float32]:
    """The picture between two levels."""
    return np.asarray(low + (high - low) * (image - image.min()) / (image.max() - image.min()), dtype=np.float32)


def night_lights() -> NDArray[np.float32]:
    """Black ground with a few hundred lamps, most of them in towns."""
    random = np.random.default_rng(2)
    towns = random.uniform([80, 80], [WIDTH - 80, HEIGHT - 80], (8, 2))
    lamps = np.concatenate([random.normal(town, 18, (40, 2)) for town in towns])
    picture = flat(6)
    for x, y in lamps:
        cv2.circle(picture, (int(x), int(y)), 1, (240, 190, 110), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0))


def radius(centre: tuple[float, float] = (0.5, 0.5)) -> NDArray[np.float32]:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return np.asarray(np.hypot(x - centre[0] * WIDTH, y - centre[1] * HEIGHT))


def lit_window() -> NDArray[np.float32]:
    """Grey glass within bright rings of its frame."""
    distance = radius((0.49, 0.52))
    level = 100 + 60 * np.sign(np.sin(distance / 9)) * (distance > 120)
    return np.asarray(np.repeat(level[..., None], 3, axis=2), dtype=np.float32)


def limb(share: float) -> NDArray[np.float32]:
    """Land below a black sky that fills a share of the photo, bounded by an arc."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    sky = y < share * HEIGHT + 60 * ((x - WIDTH / 2) / (WIDTH / 2)) ** 2 - 20
    return np.where(sky[..., None], 3, LAND)


def dark_sea() -> NDArray[np.float32]:
    """Land beside a black sea with a ragged coast, as large as the sky would be."""
    field = fractal((HEIGHT, WIDTH), np.random.default_rng(5), cells=4)
    return np.where((field < 0.4)[..., None], 3, LAND)


def snow() -> NDArray[np.float32]:
    return np.repeat(contrast(LAND.mean(axis=2), 190, 250)[..., None], 3, axis=2)


def desert() -> NDArray[np.float32]:
    return contrast(LAND.mean(axis=2), 200, 212)[..., None] * np.array([1.0, 0.92, 0.8], np.float32)


def near_infrared() -> NDArray[np.float32]:
    return np.repeat(contrast(LAND[..., 1], 60, 160)[..., None], 3, axis=2)


def cloudy(share: float) -> NDArray[np.float32]:
    field = fractal((HEIGHT, WIDTH), np.random.default_rng(3), cells=6)
    opacity = np.clip((field - 1 + share) / 0.1, 0, 1)[..., None]
    return np.asarray(LAND * (1 - opacity) + 235 * opacity, dtype=np.float32)


def island() -> NDArray[np.float32]:
    """A blue sea with an island on a hundredth of the photo."""
    sea = flat(1) * np.array([30, 60, 140], np.float32)
    return np.where((radius((0.3, 0.4)) < 45)[..., None], LAND, sea)


@pytest.mark.parametrize("deviation", [0.7, 3.0, 12.0], ids=["quiet", "noisy", "very noisy"])
def test_a_black_frame_is_hopeless_however_noisy(deviation: float) -> None:
    contents = find_contents(grain(flat(4), deviation))
    assert contents.worth == "hopeless"
    assert contents.effort == 0
    assert contents.reason in ("the photo is black", "night: 100% of the photo is dark")


@pytest.mark.parametrize("deviation", [1.0, 6.0], ids=["quiet", "noisy"])
def test_a_night_with_its_towns_is_hopeless(deviation: float) -> None:
    contents = find_contents(grain(night_lights(), deviation))
    assert contents.worth == "hopeless"
    assert contents.reason.startswith("night: ")
    assert contents.shares["dark"] > 0.9
    assert contents.shares["lights"] > 0.03


def test_a_lit_window_is_hopeless() -> None:
    contents = find_contents(grain(lit_window(), 3))
    assert contents.worth == "hopeless"
    assert "window" in contents.reason


@pytest.mark.parametrize("level", [70, 150, 235], ids=["dim", "grey", "overcast"])
def test_a_surface_without_detail_is_hopeless(level: int) -> None:
    contents = find_contents(grain(flat(level), 1))
    assert contents.worth == "hopeless"
    assert "without any detail" in contents.reason


LANDS = {
    "land": LAND,
    "underexposed land": contrast(LAND, 2, 40),
    "hazy land": contrast(LAND, 150, 190),
    "snow": snow(),
    "desert": desert(),
    "near infrared": near_infrared(),
    "half under cloud": cloudy(0.5),
    "mostly under cloud": cloudy(0.8),
    "black sea beside it": dark_sea(),
    "an island": island(),
    "with a narrow sky": limb(0.12),
}


@pytest.mark.parametrize("name", LANDS)
@pytest.mark.parametrize("deviation", [0.5, 4.0], ids=["quiet", "noisy"])
def test_land_has_the_whole_search(name: str, deviation: float) -> None:
    contents = find_contents(grain(LANDS[name], deviation))
    assert (contents.worth, contents.effort) == ("usable", None)


def test_the_horizon_is_told_from_a_black_sea() -> None:
    sky, sea = find_contents(grain(limb(0.5), 1)), find_contents(grain(dark_sea(), 1))
    assert (sky.worth, sky.effort) == ("poor", POOR_ATTEMPTS)
    assert "horizon" in sky.reason
    assert sky.shares["sky"] == pytest.approx(0.5, abs=0.03)
    assert sea.shares["sky"] == 0


def test_cloud_and_sea_are_named_as_what_hinders() -> None:
    assert "cloud, snow or other white ground" in find_contents(grain(cloudy(0.8), 1)).reason
    assert "open sea or haze" in find_contents(grain(island(), 1)).reason
    assert find_contents(grain(LAND, 1)).reason == ""


def test_what_is_masked_does_not_count() -> None:
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[100:500, 150:700] = 255
    framed = np.where(alpha[..., None] > 0, LAND, 0)
    assert find_contents(grain(framed, 1), alpha).shares["dark"] < 0.1
    round_window = np.where((radius() < 280)[..., None], LAND, 5)
    contents = find_contents(grain(round_window, 1))
    assert contents.worth == "usable"
    assert contents.shares["dark"] < 0.1


def test_a_photo_too_small_to_judge_is_usable() -> None:
    assert find_contents(grain(flat(3), 1)[:40, :40]) == Contents()


def test_the_summary_is_what_the_report_holds() -> None:
    summary = find_contents(grain(night_lights(), 1)).summary()
    assert set(summary) == {"worth", "dark", "lights", "white", "even", "sky", "rings", "detail"}
    assert summary["worth"] == "hopeless"
    assert all(0 <= share <= 1 for name, share in summary.items() if name != "worth")
