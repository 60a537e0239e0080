"""Photos of the film era: square, grey or faded, grainy, scanned with what is around the frame and printed on it.

From Gemini to the Shuttle, cameras such as the Hasselblad took squares of 55 mm. Some had a glass plate whose crosses
(the reseau) are on every frame, and scans show the film's edge and captions.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.appearance import jpeg
from astroloc_qgis.engine.simulation.clouds import fractal

Field = NDArray[np.float32]
Rng = np.random.Generator
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_GREY, _FADED, _RESEAU, _BORDERED, _CAPTIONED, _DUSTY = 0.5, 0.6, 0.5, 0.7, 0.5, 0.6
"""Shares of photos that are grey, of colour photos that are faded, and of those with crosses, a border, captions (of
those with a border, there; else on the frame) and dust."""


def film(photo: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """Turn a photo into the scan of a film frame.

    Args:
        photo: (H, W, 3) uint8 RGB, square as a frame is.
        rng: generator of everything random.

    Returns:
        (h, w, 3) uint8 RGB; larger than the photo where a border is around it.
    """
    image = photo.astype(np.float32) / 255
    if rng.random() < _GREY:
        image = grey(image, rng)
    elif rng.random() < _FADED:
        image = faded(image, rng)
    image = grain(curve(image, rng), rng)
    if rng.random() < _DUSTY:
        image = dust(image, rng)
    if rng.random() < _RESEAU:
        image = reseau(image, rng)
    bordered = rng.random() < _BORDERED
    margins = (0, 0, 0, 0)
    if bordered:
        image, margins = framed(image, rng)
    if rng.random() < _CAPTIONED:
        image = captioned(image, margins, rng)
    return jpeg(np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8), rng)


def square_part(photo: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The middle square of a photo, and its (4, 2) corners in the photo's pixels, in the photo corner order."""
    height, width = photo.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    right, bottom = left + side, top + side
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)
    return np.ascontiguousarray(photo[top:bottom, left:right]), corners


def grey(image: Field, rng: Rng) -> Field:
    """Panchromatic film: one grey, sensitive to the colours in changing parts; rarely toned by age."""
    weights = _LUMA * np.exp(rng.normal(0, 0.35, 3)).astype(np.float32)
    luma = (image @ (weights / weights.sum()))[..., None]
    tone = np.ones(3, dtype=np.float32)
    if rng.random() < 0.25:
        tone = np.array([1.0, rng.uniform(0.9, 1.0), rng.uniform(0.75, 0.95)], dtype=np.float32)
    return np.asarray(luma * tone, dtype=np.float32)


def faded(image: Field, rng: Rng) -> Field:
    """Colour film whose dyes have faded: little saturation, one dye weaker than the others, lifted blacks."""
    luma = (image @ _LUMA)[..., None]
    image = luma + (image - luma) * np.float32(rng.uniform(0.1, 0.7))
    weaker = np.ones(3, dtype=np.float32)
    weaker[int(rng.integers(3))] = rng.uniform(0.65, 0.95)
    lift = np.float32(rng.uniform(0.02, 0.18))
    cast = np.array([rng.uniform(0.8, 1.2) for _ in range(3)], dtype=np.float32)
    return np.asarray(image * weaker * (1 - lift) + lift * cast, dtype=np.float32)


def curve(image: Field, rng: Rng) -> Field:
    """The contrast of film and scanner: an S, steep or flat, around some middle; and less light in the corners."""
    height, width = image.shape[:2]
    y, x = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in (height, width)), indexing="ij")
    image = np.clip(image * (1 - rng.uniform(0, 0.4) * (x**2 + y**2) / 2)[..., None], 0, 1)
    middle, steep = rng.uniform(0.35, 0.6), math.exp(rng.normal(0.2, 0.4))
    low, high = (1 / (1 + math.exp(-4 * steep * (end - middle))) for end in (0, 1))
    s = 1 / (1 + np.exp(-4 * steep * (image - middle)))
    return np.asarray((s - low) / (high - low), dtype=np.float32)


def grain(image: Field, rng: Rng) -> Field:
    """Silver or dye grain of one to three pixels, strongest in the mid-tones, and a softer lens than today's."""
    height, width = image.shape[:2]
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2) * max(height, width) / 512)
    size = rng.uniform(0.5, 1.3)
    noise = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), size)
    noise = noise / (noise.std() + 1e-6) * np.float32(rng.uniform(0.02, 0.1))
    middle = 4 * image.mean(axis=2) * (1 - image.mean(axis=2)) * 0.8 + 0.2
    return np.asarray(np.clip(image + (noise * middle)[..., None], 0, 1), dtype=np.float32)


def dust(image: Field, rng: Rng) -> Field:
    """Specks, hairs and scratches on the film, bright or dark."""
    image = image.copy()
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(5, 60))):
        at = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(image, at, int(rng.integers(1, 3)), [float(rng.choice([0.05, 0.95]))] * 3, -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 4))):
        x, tilt = rng.uniform(0, width), rng.uniform(-0.03, 0.03) * width
        ends = (int(x), 0), (int(x + tilt), height)
        cv2.line(image, *ends, [float(rng.uniform(0.75, 1.0))] * 3, 1, cv2.LINE_AA)
    stain = np.clip(fractal((height, width), rng, cells=rng.uniform(1, 3)) - 0.75, 0, 1) * rng.uniform(0, 0.6)
    return np.asarray(np.clip(image + stain[..., None], 0, 1), dtype=np.float32)


def reseau(image: Field, rng: Rng) -> Field:
    """A grid of small crosses, the one in the middle larger, as on the frames of cameras with a reseau plate."""
    image = image.copy()
    side = min(image.shape[:2])
    count = int(rng.choice([3, 5]))
    level = [float(rng.choice([0.03, 0.03, 0.95]))] * 3
    arm, thick = side * rng.uniform(0.008, 0.018), max(1, round(side / 500))
    step = side / (count + rng.uniform(0.0, 0.6))
    for row in range(count):
        for column in range(count):
            x, y = (side / 2 + (number - (count - 1) / 2) * step for number in (column, row))
            length = arm * (2 if row == column == (count - 1) // 2 else 1)
            for across, down in ((length, 0), (0, length)):
                ends = (round(x - across), round(y - down)), (round(x + across), round(y + down))
                cv2.line(image, *ends, level, thick, cv2.LINE_AA)
    return image


def framed(image: Field, rng: Rng) -> tuple[Field, tuple[int, int, int, int]]:
    """The scan of the whole film: a dark or white edge around the frame, of different widths on its sides.

    Returns:
        The scan, and the widths of the edge: top, bottom, left, right, px.
    """
    side = image.shape[0]
    top, bottom, left, right = (round(side * rng.uniform(0.01, 0.12)) for _ in range(4))
    level = float(rng.uniform(0.0, 0.06) if rng.random() < 0.7 else rng.uniform(0.93, 1.0))
    scan = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=[level] * 3)
    noise = rng.normal(0, 0.008, scan.shape[:2]).astype(np.float32)[..., None]
    return np.asarray(np.clip(scan + noise, 0, 1), dtype=np.float32), (top, bottom, left, right)


def captioned(image: Field, margins: tuple[int, int, int, int], rng: Rng) -> Field:
    """A number such as NASA's, on the edge of the scan where that has room, else on the frame."""
    image = image.copy()
    height, width = image.shape[:2]
    text = f"{rng.choice(['S', 'AS', 'SL', 'STS'])}{rng.integers(2, 99)}-{rng.integers(1, 199)}-{rng.integers(1, 999)}"
    top, bottom = margins[0], margins[1]
    below = bottom >= top
    room = max(top, bottom) or round(0.06 * height)
    scale = room * 0.6 / 22  # a letter of this font is 22 px high
    baseline = height - round(0.25 * room) if below else round(0.8 * room)
    under = image[baseline - 1, width // 2].mean()
    colour = [0.95] * 3 if under < 0.5 else [0.05] * 3
    place = (round(width * rng.uniform(0.05, 0.5)), baseline)
    cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, max(1, round(scale * 2)), cv2.LINE_AA)
    return image
