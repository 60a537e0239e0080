"""What of a photo is content: borders and round windows are found, and dark nature is left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from astroloc_qgis.engine.photo.masks import ALPHA_PX, Content, content_alpha, find_content
from tests.engine.synthetic import landscape

Image = NDArray[np.uint8]

WIDTH, HEIGHT = 900, 600
LAND = landscape(1024, seed=4)[:HEIGHT, :WIDTH]


def grain(image: NDArray, deviation: float = 2.0, seed: int = 1) -> Image:
    """The grain of a film or the noise of a sensor."""
    noise = np.random.default_rng(seed).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def bordered(left: int, top: int, right: int, bottom: int, level: int = 4, image: Image = LAND) -> Image:
    """A picture whose outermost columns and rows are a border."""
    height, width = image.shape[:2]
    scan = np.full((height, width, 3), level, np.float32)
    part = (slice(top, height - bottom), slice(left, width - right))
    scan[part] = image[part]
    return grain(scan)


def within(content: Content | None, box: tuple[int, int, int, int], margin: float = 8) -> bool:
    """Whether a content's box lies in a box, and is smaller than that by no more than a margin."""
    assert content is not None
    left, top, right, bottom = (inner - outer for inner, outer in zip(content.box, box, strict=True))
    return 0 <= left <= margin and 0 <= top <= margin and -margin <= right <= 0 and -margin <= bottom <= 0


def window(centre: tuple[float, float], radii: tuple[float, float], image: Image = LAND, level: int = 10) -> Image:
    """A picture seen through a round window, whose rim is half lit."""
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]]
    distance = np.hypot((x + 0.5 - centre[0]) / radii[0], (y + 0.5 - centre[1]) / radii[1])
    inside = np.clip((1 - distance) * min(radii) / 4, 0, 1)[..., None]
    return grain(inside * image + (1 - inside) * level)


@pytest.mark.parametrize("level", [0, 4, 15, 251], ids=["black", "film", "grey film", "paper"])
@pytest.mark.parametrize(
    "border", [(40, 30, 50, 20), (0, 0, 60, 0), (0, 45, 0, 45), (20, 0, 0, 70)], ids=["all round", "1", "2", "corner"]
)
def test_a_straight_border_is_found(border: tuple[int, int, int, int], level: int) -> None:
    left, top, right, bottom = border
    content = find_content(bordered(*border, level=level))
    assert within(content, (left, top, WIDTH - right, HEIGHT - bottom))
    assert content is not None
    assert content.mask((90, 60)) is None


def test_a_border_within_a_border_is_found() -> None:
    film = bordered(60, 60, 60, 60)
    scan = film.copy()
    for edge in (np.s_[:25], np.s_[-25:], np.s_[:, :25], np.s_[:, -25:]):
        scan[edge] = 252
    assert within(find_content(scan), (60, 60, WIDTH - 60, HEIGHT - 60), margin=12)


@pytest.mark.parametrize("angle", [-3.0, 1.5, 4.0])
def test_a_scan_that_is_a_little_tilted_is_masked(angle: float) -> None:
    move = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), angle, 1.0)
    scan = cv2.warpAffine(bordered(80, 80, 80, 80), move, (WIDTH, HEIGHT), borderValue=(4, 4, 4))
    right = cv2.warpAffine(np.pad(np.full((440, 740), 255, np.uint8), 80), move, (WIDTH, HEIGHT)) > 127
    content = find_content(grain(scan))
    assert content is not None
    left, top, end, bottom = content.box
    shown = np.zeros((HEIGHT, WIDTH), bool)
    mask = content.mask((end - left, bottom - top))
    shown[top:bottom, left:end] = True if mask is None else mask
    assert (shown & ~right).sum() < 0.03 * right.sum()
    assert (shown & right).sum() > 0.95 * right.sum()


@pytest.mark.parametrize(
    ("centre", "radii"),
    [((450, 300), (260, 260)), ((430, 310), (380, 380)), ((500, 280), (270, 240)), ((330, 330), (350, 345))],
    ids=["whole", "cut off above and below", "oblique", "off the middle"],
)
def test_a_round_window_on_black_is_found(centre: tuple[float, float], radii: tuple[float, float]) -> None:
    content = find_content(window(centre, radii))
    assert content is not None
    left, top, right, bottom = content.box
    mask = content.mask((right - left, bottom - top))
    assert mask is not None
    y, x = np.mgrid[top:bottom, left:right]
    inside = np.hypot((x + 0.5 - centre[0]) / radii[0], (y + 0.5 - centre[1]) / radii[1]) < 1
    assert not (mask & ~inside).any()
    assert (mask & inside).sum() > 0.93 * inside.sum()


def test_the_mask_of_a_smaller_copy_is_the_mask_made_smaller() -> None:
    content = find_content(window((450, 300), (260, 260)))
    assert content is not None
    left, top, right, bottom = content.box
    whole, small = content.mask((right - left, bottom - top)), content.mask((100, 100))
    assert whole is not None
    assert small is not None
    shrunk = cv2.resize(whole.astype(np.uint8) * 255, (100, 100), interpolation=cv2.INTER_AREA) > 127
    assert (shrunk != small).mean() < 0.02


def night() -> Image:
    """Lights of cities on black ground."""
    rng = np.random.default_rng(3)
    image = np.full((HEIGHT, WIDTH, 3), 5.0, np.float32)
    for _ in range(60):
        x, y, size = rng.integers(0, WIDTH), rng.integers(0, HEIGHT), int(rng.integers(1, 12))
        cv2.circle(image, (int(x), int(y)), size, (255, 210, 150), -1)
    return grain(cv2.GaussianBlur(image, (0, 0), 3))


def limb(middle: tuple[int, int], radius: int) -> Image:
    """The Earth's limb under black space, with the glow of the air."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    depth = radius - np.hypot(x - middle[0], y - middle[1])
    light = np.clip(depth / 12 + 0.5, 0, 1)[..., None]
    return grain(light * LAND + (1 - light) * 3)


def dark_sea(colour: tuple[int, int, int]) -> Image:
    """A coast of dark sea, whose water reaches three edges."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    coast = 400 + 60 * np.sin(y / 35) + 40 * np.sin(y / 90 + 1)
    return grain(np.where((x < coast)[..., None], LAND, np.array(colour)))


def island(colour: tuple[int, int, int]) -> Image:
    """An island that the dark sea surrounds."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    turn = np.arctan2(y - 300, x - 450)
    shore = 200 + 25 * np.sin(3 * turn) + 18 * np.sin(7 * turn + 1)
    return grain(np.where((np.hypot(x - 450, y - 300) < shore)[..., None], LAND, np.array(colour)))


def hazy_dusk() -> Image:
    """Light that falls off towards one side, as on a photo of the terminator."""
    fall = np.clip(np.linspace(1.2, -0.2, WIDTH), 0, 1)[:, None]
    return grain(LAND * fall)


DARK = {
    "land": lambda: LAND,
    "night": night,
    "all black with noise": lambda: grain(np.full((HEIGHT, WIDTH, 3), 3.0)),
    "limb": lambda: limb((450, 1400), 1150),
    "limb of a wide lens": lambda: limb((300, 900), 700),
    "tilted limb": lambda: limb((1500, 1500), 1500),
    "sea": lambda: dark_sea((10, 14, 18)),
    "blue sea": lambda: dark_sea((8, 22, 40)),
    "island": lambda: island((12, 14, 16)),
    "dusk": hazy_dusk,
    "cloud": lambda: grain(np.clip(LAND.astype(np.float32) + 120, 0, 255)),
    "snow": lambda: island((255, 255, 255)),
    "dark land": lambda: grain(LAND * 0.12),
}


@pytest.mark.parametrize("kind", DARK)
def test_a_dark_or_bright_photo_loses_nothing(kind: str) -> None:
    assert find_content(DARK[kind]()) is None


@pytest.mark.parametrize("size", [(32, 32), (40, 3000), (3000, 40)])
def test_small_and_long_photos_are_taken_as_they_are(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    assert find_content(image) is None


def test_alpha_decides_where_there_is_some() -> None:
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(alpha, (450, 300), 200, 255, -1)
    content = find_content(LAND, alpha)
    assert within(content, (250, 100, 651, 501), margin=1)
    assert content is not None
    mask = content.mask((401, 401))
    assert mask is not None
    np.testing.assert_array_equal(mask, content.crop(alpha) > 127)
    assert find_content(LAND, np.full_like(alpha, 255)) is None


@pytest.mark.real
def test_the_windows_of_real_photos_are_found_and_nights_and_limbs_kept(shared) -> None:
    import csv

    folder = shared / "real-photos"
    with (folder / "photos.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        image = cv2.cvtColor(cv2.imread(str(folder / row["file"])), cv2.COLOR_BGR2RGB)
        content = find_content(image)
        if "coscoding-nir" in row["file"]:
            assert content is not None, row["file"]
            assert content.polygon is not None, row["file"]
        elif "rpf-2019-nir" not in row["file"]:
            assert content is None, row["file"]


def test_the_content_as_an_opacity_has_holes_where_the_surroundings_are() -> None:
    opacity = content_alpha(window((450, 300), (260, 260)))
    assert opacity is not None
    assert opacity.shape == (HEIGHT, WIDTH)
    assert opacity[300, 450] == 255
    assert opacity[10, 10] == opacity[300, 100] == 0
    assert (opacity > 0).mean() == pytest.approx(np.pi * 260**2 / (WIDTH * HEIGHT), rel=0.1)
    assert content_alpha(LAND) is None
    given = np.full((HEIGHT, WIDTH), 255, np.uint8)
    given[:, :300] = 0
    assert content_alpha(LAND, given) is given


def test_the_opacity_of_a_large_photo_is_small() -> None:
    opacity = content_alpha(bordered(400, 300, 400, 300, image=cv2.resize(LAND, (6000, 4000))))
    assert opacity is not None
    assert max(opacity.shape) == ALPHA_PX
