"""The appearance of a photo from orbit: effects of season, water, air, window, lens and camera on the ground's colours.

Each step maps (H, W, 3) float32, about 0 to 1, to the same shape, and draws its strength from the generator;
``appearance`` applies them in order, from the ground to the file. Real photos differ from a cloud-free mosaic in haze
first of all, then in clouds, in the colour of water, in exposure and white balance.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.simulation.clouds import fractal, with_clouds
from astroloc_qgis.engine.simulation.places import water

Field = NDArray[np.float32]
Rng = np.random.Generator
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)

_WAVELENGTH = np.array([650, 550, 450], dtype=np.float32) / 550
"""Wavelength of red, green and blue, relative to green."""

STEPS: tuple[tuple[str, float, Callable[[Field, Rng], Field]], ...]
"""Name, probability and function of each step after the water's, in order; filled at the end of this module."""


def appearance(ground: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """Give a view of the mosaic the appearance of a photo.

    Args:
        ground: (H, W, 3) uint8 RGB.
        rng: generator of everything random; the same seed gives the same photo.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    sea = water(ground.astype(np.int16)).astype(np.float32)
    image = ground.astype(np.float32) / 255
    if rng.random() < 0.45:
        image = season(image, rng)
    image = sea_colour(image, sea, rng)
    for _, probability, step in STEPS:
        if rng.random() < probability:
            image = step(image, rng)
    photo = np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
    return jpeg(photo, rng) if rng.random() < 0.8 else photo


def season(image: Field, rng: Rng) -> Field:
    """Vegetation becomes browner or greener, in patches; in a few photos bright or high ground is under snow."""
    green = np.clip((image[..., 1] - image[..., 0]) * 12 + 0.5, 0, 1)
    patches = fractal(_shape(image), rng, cells=rng.uniform(1, 6))
    tint = np.array([rng.uniform(0.7, 1.7), rng.uniform(0.75, 1.3), rng.uniform(0.6, 1.4)], dtype=np.float32)
    weight = (green * patches * rng.uniform(0.3, 1.2)).clip(0, 1)[..., None]
    image = image * (1 - weight) + image * tint * weight
    if rng.random() < 0.12:
        bright = np.clip(image.mean(axis=2) * 2 + patches - rng.uniform(0.9, 1.5), 0, 1)
        image = image + (bright * rng.uniform(0.4, 1.0))[..., None] * (0.93 - image)
    return np.asarray(image, dtype=np.float32)


def sea_colour(image: Field, sea: Field, rng: Rng) -> Field:
    """Water as a camera sees it: of one colour (no bathymetry), turbid in places, and with sun glint."""
    if not sea.any():
        return image
    soft = cv2.GaussianBlur(sea, (0, 0), 0.7)[..., None]
    if rng.random() < 0.6:
        tone = np.array([rng.uniform(0.0, 0.2), rng.uniform(0.03, 0.32), rng.uniform(0.08, 0.45)], dtype=np.float32)
        keep = np.float32(rng.uniform(0, 0.7) if rng.random() < 0.5 else 0.0)
        image = image + soft * (1 - keep) * (tone - image)
        if rng.random() < 0.3:
            turbid = np.array([rng.uniform(0.2, 0.5), rng.uniform(0.25, 0.5), rng.uniform(0.2, 0.4)], dtype=np.float32)
            field = fractal(_shape(image), rng, cells=rng.uniform(2, 8))
            image = image + soft * (np.clip(field * 2 - 1, 0, 1) * rng.uniform(0.2, 0.9))[..., None] * (turbid - image)
    if rng.random() < 0.25:
        height, width = image.shape[:2]
        y, x = np.mgrid[:height, :width].astype(np.float32)
        cx, cy = rng.uniform(-0.2, 1.2) * width, rng.uniform(-0.2, 1.2) * height
        spread = rng.uniform(0.15, 1.5) * width
        spot = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * spread**2))
        glint = np.array([0.95, 0.92, 0.85], dtype=np.float32) * np.float32(rng.uniform(0.3, 1.1))
        texture = 1 - rng.uniform(0, 0.5) * fractal((height, width), rng, cells=30)
        image = image + soft * (spot * texture)[..., None] * (glint - image)
    return np.asarray(image, dtype=np.float32)


def _shape(image: Field) -> tuple[int, int]:
    return image.shape[0], image.shape[1]


def relief_contrast(image: Field, rng: Rng) -> Field:
    """Another position of the sun: local contrast (shading and albedo) weaker or stronger than in the mosaic."""
    mean = cv2.GaussianBlur(image, (0, 0), rng.uniform(2, 12))
    return np.asarray(mean + (image - mean) * np.float32(math.exp(rng.normal(0, 0.35))), dtype=np.float32)


def finer_detail(image: Field, rng: Rng) -> Field:
    """Detail that the mosaic does not resolve: texture of one to six pixels, of a strength that varies in patches."""
    shape = _shape(image)
    texture = fractal(shape, rng, cells=max(shape) / rng.uniform(3, 12), persistence=rng.uniform(0.5, 1.0)) - 0.5
    where = fractal(shape, rng, cells=rng.uniform(2, 12))
    return np.asarray(image * (1 + (rng.uniform(0, 0.5) * where * texture)[..., None]), dtype=np.float32)


def colours(image: Field, rng: Rng) -> Field:
    """White balance, saturation and a little crosstalk between the channels."""
    luma = (image @ _LUMA)[..., None]
    saturation = np.float32(rng.uniform(0.0, 1.0) if rng.random() < 0.35 else math.exp(rng.normal(0.1, 0.35)))
    image = luma + (image - luma) * saturation
    if rng.random() < 0.3:
        image = image @ (np.eye(3) + rng.normal(0, 0.07, (3, 3))).astype(np.float32)
    return np.asarray(image * np.exp(rng.normal(0, 0.12, 3)).astype(np.float32), dtype=np.float32)


def haze(image: Field, rng: Rng) -> Field:
    """Path radiance: contrast lost to bluish white, more towards one side (the horizon) and in patches.

    Optical depth is proportional to a power of the wavelength, from 0 (cloud, dust) to -4 (Rayleigh), so blue is
    lost first.
    """
    height, width = image.shape[:2]
    depth = np.float32(rng.beta(1.2, 2.5) * 0.88)
    direction = rng.uniform(0, 2 * math.pi)
    y, x = np.meshgrid(*(np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in (height, width)), indexing="ij")
    slope = rng.uniform(0, 0.7) * (x * math.cos(direction) + y * math.sin(direction))
    patches = rng.uniform(0, 0.5) * (fractal((height, width), rng, cells=rng.uniform(1, 3)) - 0.5)
    share = np.clip(depth * (1 + slope + patches), 0, 0.93)[..., None]
    share = 1 - (1 - share) ** (_WAVELENGTH ** -np.float32(rng.uniform(0, 3.5)))
    warm = rng.random() < 0.15  # dust and smoke
    air = np.array([rng.uniform(0.35, 0.75), rng.uniform(0.45, 0.75), rng.uniform(0.5, 0.9)], dtype=np.float32)
    return np.asarray(image + share * ((air[::-1] if warm else air) - image), dtype=np.float32)


def window(image: Field, rng: Rng) -> Field:
    """Reflections in the station's window: soft bright patches or a bar across the photo."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.uniform(0, math.pi)
    across = (x - rng.uniform(0, width)) * math.cos(angle) + (y - rng.uniform(0, height)) * math.sin(angle)
    along = -(x - width / 2) * math.sin(angle) + (y - height / 2) * math.cos(angle)
    length = rng.uniform(0.2, 2) * width
    patch = np.exp(-((across / (rng.uniform(0.03, 0.25) * width)) ** 2) - (along / length) ** 2)
    colour = rng.uniform(0.6, 1.0, 3).astype(np.float32) * np.float32(rng.uniform(0.1, 0.5))
    return np.asarray(image + patch[..., None] * colour, dtype=np.float32)


def vignette(image: Field, rng: Rng) -> Field:
    """Darker corners, or one darker side."""
    height, width = image.shape[:2]
    y, x = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in (height, width)), indexing="ij")
    radius = (x - rng.normal(0, 0.3)) ** 2 + (y - rng.normal(0, 0.3)) ** 2
    return np.asarray(image * (1 - np.clip(rng.uniform(0, 0.35) * radius, 0, 0.95))[..., None], dtype=np.float32)


def tone(image: Field, rng: Rng) -> Field:
    """Exposure, black point, gamma and contrast; clipped as a sensor clips."""
    high = float(np.percentile(image[::4, ::4], 97)) + 0.02
    aim = rng.uniform(0.35, 1.25)  # above 1 the brightest parts burn out
    image = image * np.float32(aim / high) if rng.random() < 0.7 else image * np.float32(math.exp(rng.normal(0.1, 0.4)))
    image = np.clip(image, 0, 1.0) ** np.float32(math.exp(rng.normal(0, 0.3)))
    if rng.random() < 0.6:
        middle = np.float32(rng.uniform(0.3, 0.6))
        image = (image - middle) * np.float32(math.exp(rng.normal(0.15, 0.35))) + middle
    return np.asarray(np.clip(image, 0, 1), dtype=np.float32)


def blur(image: Field, rng: Rng) -> Field:
    """Defocus, motion blur, or sharpening with halos."""
    kind, pixel = rng.random(), max(_shape(image)) / 192
    if kind < 0.55:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.5) * pixel), dtype=np.float32)
    if kind < 0.75:
        length, angle = rng.uniform(2, 7), rng.uniform(0, math.pi)
        kernel = np.zeros((9, 9), dtype=np.float32)
        for step in np.linspace(-length / 2, length / 2, 15):
            kernel[round(4 + step * math.sin(angle)), round(4 + step * math.cos(angle))] += 1
        return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), dtype=np.float32)
    soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2) * pixel)
    return np.asarray(np.clip(image + np.float32(rng.uniform(0.3, 1.5)) * (image - soft), 0, 1), dtype=np.float32)


def noise(image: Field, rng: Rng) -> Field:
    """Sensor noise: grey and coloured, fine or as clumps of shrunk noise."""
    height, width = image.shape[:2]
    grey = rng.normal(0, 1, (height, width, 1)).astype(np.float32) * np.float32(rng.exponential(0.012))
    coloured = rng.normal(0, 1, (height, width, 3)).astype(np.float32) * np.float32(rng.exponential(0.007))
    return np.asarray(np.clip(image + grey + coloured, 0, 1), dtype=np.float32)


def jpeg(photo: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """JPEG compression, of a random quality."""
    _, data = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(25, 97))])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], dtype=np.uint8)


STEPS = (
    ("relief contrast", 0.5, relief_contrast),
    ("finer detail", 0.5, finer_detail),
    ("colours", 0.85, colours),
    ("clouds", 0.62, with_clouds),
    ("haze", 0.75, haze),
    ("window", 0.06, window),
    ("vignette", 0.5, vignette),
    ("tone", 0.95, tone),
    ("blur", 0.4, blur),
    ("noise", 0.6, noise),
)
