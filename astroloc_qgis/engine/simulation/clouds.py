"""Fractal clouds: fields of noise with a hard threshold for cumulus and a soft one for veils, and their shadows."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def fractal(shape: tuple[int, int], rng: np.random.Generator, *, cells: float, persistence: float = 0.55) -> Field:
    """A field of noise, 0 to 1, about evenly distributed (its q-quantile is about q).

    Args:
        shape: rows, columns.
        rng: generator.
        cells: number of bumps along the long side at the coarsest octave.
        persistence: strength of an octave relative to the next coarser one.
    """
    rows, columns = shape
    field = np.zeros(shape, dtype=np.float32)
    strength, longest = 1.0, max(shape)
    stretch = math.exp(rng.normal(0, 0.25))
    while cells < longest:
        high, wide = (max(2, round(cells * side / longest * factor)) for side, factor in
                      ((rows, stretch), (columns, 1 / stretch)))  # fmt: skip
        octave = rng.random((min(high, rows) + 1, min(wide, columns) + 1), dtype=np.float32)
        field += strength * cv2.resize(octave, (columns, rows), interpolation=cv2.INTER_CUBIC)
        strength *= persistence
        cells *= 2
    return _even(field)


def _even(field: Field) -> Field:
    """A field of nearly Gaussian values as 0 to 1, about evenly distributed."""
    deviation, mean = field.std() + 1e-6, field.mean()
    # Sums of octaves are nearly Gaussian; this approximates the distribution function of a Gaussian to a per cent.
    return np.asarray(0.5 + 0.5 * np.tanh((0.8 / deviation) * (field - mean)), dtype=np.float32)


def cloud_cover(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Opacity of clouds, 0 to 1: cumulus, broken decks or thin veils, that cover nothing to two thirds."""
    kind = rng.random()
    if kind < 0.45:  # cumulus: small, hard, often gathered in parts of the photo
        field = fractal(shape, rng, cells=rng.uniform(9, 40), persistence=rng.uniform(0.4, 0.7))
        gathered = fractal(shape, rng, cells=rng.uniform(1.2, 3))
        share = rng.uniform(0.02, 0.4) * np.clip(gathered * rng.uniform(1, 2.2), 0, 1)
        edge = rng.uniform(0.01, 0.12)
    elif kind < 0.8:  # a broken deck
        field = fractal(shape, rng, cells=rng.uniform(1.5, 8), persistence=rng.uniform(0.45, 0.75))
        share = np.full(shape, rng.uniform(0.05, 0.5) ** 1.3, dtype=np.float32)
        edge = rng.uniform(0.02, 0.25)
    else:  # a veil, often in streaks
        field = fractal(shape, rng, cells=rng.uniform(1.5, 6), persistence=rng.uniform(0.5, 0.75))
        covered, edge = rng.uniform(0.3, 0.8), rng.uniform(0.4, 0.9)
        return np.asarray(np.clip((field - 1 + covered) / edge, 0, 1) * rng.uniform(0.25, 0.8), dtype=np.float32)
    return np.asarray(np.clip((field - 1 + share) / edge, 0, 1) * rng.uniform(0.8, 1.0), dtype=np.float32)


def cloud_rows(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Opacity of clouds in rows, 0 to 1: streets of cumulus, or waves, bent a little, in a part of the photo or all."""
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32) / max(shape)
    angle, spacing = rng.uniform(0, math.pi), rng.uniform(0.02, 0.09)
    bend = rng.uniform(0, 2.0) * fractal(shape, rng, cells=rng.uniform(1.2, 4))
    wave = np.sin(2 * math.pi * ((x * math.cos(angle) + y * math.sin(angle)) / spacing + bend))
    lumps = fractal(shape, rng, cells=rng.uniform(15, 50), persistence=rng.uniform(0.45, 0.7))
    field = _even(rng.uniform(0.25, 0.7) * wave + 2 * lumps)
    gathered = np.clip(fractal(shape, rng, cells=rng.uniform(1, 3)) * rng.uniform(1, 2.5), 0, 1)
    share = rng.uniform(0.15, 0.6) * gathered
    return np.asarray(np.clip((field - 1 + share) / rng.uniform(0.03, 0.25), 0, 1) * rng.uniform(0.7, 1.0), np.float32)


def cumulus_field(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Opacity of a field of broken cumulus, 0 to 1: small clouds of one size all over, with gaps."""
    cells = rng.uniform(16, 45)
    field = fractal(shape, rng, cells=cells, persistence=rng.uniform(0.35, 0.6))
    share = rng.uniform(0.15, 0.55) * (0.7 + 0.6 * (fractal(shape, rng, cells=rng.uniform(1, 4)) - 0.5))
    return np.asarray(np.clip((field - 1 + share) / rng.uniform(0.03, 0.2), 0, 1) * rng.uniform(0.8, 1.0), np.float32)


def with_broken_clouds(image: Field, rng: np.random.Generator) -> Field:
    """Lay rows of clouds or a field of cumulus over (H, W, 3), with their shadows."""
    kind = cloud_rows if rng.random() < 0.5 else cumulus_field
    return _lay(image, kind((image.shape[0], image.shape[1]), rng), rng)


def with_clouds(image: Field, rng: np.random.Generator) -> Field:
    """Lay clouds over (H, W, 3) and their shadows beside them."""
    return _lay(image, cloud_cover((image.shape[0], image.shape[1]), rng), rng)


def _lay(image: Field, opacity: Field, rng: np.random.Generator) -> Field:
    height, width = image.shape[:2]
    if rng.random() < 0.85:
        reach, direction = abs(rng.normal(0, 0.025)) * width + 1, rng.uniform(0, 2 * math.pi)
        move = np.array([[1, 0, reach * math.cos(direction)], [0, 1, reach * math.sin(direction)]], dtype=np.float32)
        shadow = cv2.warpAffine(opacity, move, (width, height), borderMode=cv2.BORDER_REFLECT)
        image = image * (1 - rng.uniform(0.2, 0.75) * shadow)[..., None]
    white = np.array([rng.uniform(0.82, 1.0)] * 3, dtype=np.float32) * rng.uniform(0.94, 1.04, 3).astype(np.float32)
    relief = 1 - rng.uniform(0, 0.3) * (1 - fractal((height, width), rng, cells=12))
    clouds = white * relief[..., None]
    return np.asarray(image + opacity[..., None] * (clouds - image), dtype=np.float32)
