"""What is in front of the ground: the dark around a round window, borders, struts and the edge of a hatch.

Localization looks for surroundings and describes the content alone (``photo.masks``, ``retrieval.query_picture``).
``as_described`` does the same to a simulated photo, so that training shows what is left after that; what the masks
do not find stays in the picture, as it does in a search.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.index.database_descriptors import fill_in
from astroloc_qgis.engine.photo.masks import find_content

Field = NDArray[np.float32]
Rng = np.random.Generator
_LEAST_BOX = 0.85
"""Least share of the photo's sides that its content has where it is cut out: the rest is of another format."""


def with_surroundings(image: Field, rng: Rng) -> Field:
    """Put a round window, a border, or a strut or edge in front of (H, W, 3), 0 to 1."""
    kind = rng.random()
    if kind < 0.5:
        return round_window(image, rng)
    return struts(image, rng) if kind < 0.85 else border(image, rng)


def round_window(image: Field, rng: Rng) -> Field:
    """The dark about a round window; on a photo that is not nearly square, its long sides cut the window, or not."""
    height, width = image.shape[:2]
    short, long = min(height, width), max(height, width)
    cut = long > 1.2 * short and rng.random() < 0.5
    radius = rng.uniform(0.42, 0.52) * (long if cut else short)
    x, y = rng.uniform(0.48, 0.52) * width, rng.uniform(0.48, 0.52) * height
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + 0.5
    apart = np.hypot(columns - x, rows - y) / radius
    inside = np.clip((1 - apart) * radius / rng.uniform(1.0, 3.0) + 0.5, 0, 1)
    dark = np.float32(rng.uniform(0, 0.05))
    if rng.random() < 0.4:  # light of the rim
        rim = np.exp(-np.abs(apart - rng.uniform(1.0, 1.04)) * rng.uniform(20, 60))[..., None]
        colour = np.array([1.0, rng.uniform(0.7, 1.0), rng.uniform(0.3, 1.0)], np.float32)
        outside = dark + rim * colour * np.float32(rng.uniform(0.1, 0.9))
    else:
        outside = np.full((height, width, 1), dark, np.float32)
    ground = image * (1 - rng.uniform(0, 0.6) * np.clip(apart, 0, 1) ** 4)[..., None]
    return np.asarray(np.clip(outside + inside[..., None] * (ground - outside), 0, 1), dtype=np.float32)


def border(image: Field, rng: Rng) -> Field:
    """A black or white border along one to four sides."""
    height, width = image.shape[:2]
    result = image.copy()
    level = np.float32(rng.uniform(0, 0.04) if rng.random() < 0.75 else rng.uniform(0.93, 1.0))
    sides = rng.permutation(4)[: int(rng.integers(1, 5))]
    for side in sides:
        wide = max(2, round(rng.uniform(0.01, 0.1) * (height if side < 2 else width)))
        part = ((slice(0, wide),), (slice(height - wide, None),), (slice(None), slice(0, wide)),
                (slice(None), slice(width - wide, None)))[side]  # fmt: skip
        result[part] = level
    return result


def struts(image: Field, rng: Rng) -> Field:
    """Out of focus in front of the window: a bar across, the edge of a hatch over a corner, or a strap."""
    height, width = image.shape[:2]
    long, kind = max(height, width), rng.random()
    mask = np.zeros((height, width), np.float32)
    if kind < 0.4:
        angle = rng.uniform(0, math.pi)
        middle = np.array([rng.uniform(0, width), rng.uniform(0, height)])
        reach = 2 * long * np.array([math.cos(angle), math.sin(angle)])
        ends = np.round(np.stack([middle - reach, middle + reach])).astype(int)
        cv2.line(mask, ends[0].tolist(), ends[1].tolist(), 1.0, max(2, round(rng.uniform(0.015, 0.1) * long)))
    elif kind < 0.7:
        angle = rng.uniform(0, 2 * math.pi)
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        along = (columns - width / 2) * math.cos(angle) + (rows - height / 2) * math.sin(angle)
        mask[along > np.quantile(along, rng.uniform(0.7, 0.96))] = 1.0
    else:
        start = np.array([0.0, rng.uniform(0, height)])
        bend = np.array([rng.uniform(0.02, 0.25) * width, start[1] + rng.uniform(-0.3, 0.3) * height])
        end = np.array([0.0, start[1] + rng.uniform(-0.6, 0.6) * height])
        t = np.linspace(0, 1, 24)[:, None]
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
        thickness = max(2, round(rng.uniform(0.008, 0.03) * long))
        cv2.polylines(mask, [np.round(curve).astype(np.int32)], False, 1.0, thickness)
        if rng.random() < 0.5:
            mask = np.ascontiguousarray(mask[:, ::-1])
    opacity = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 5.0) * long / 288)[..., None]
    colour = np.float32(rng.uniform(0.02, 0.3)) * rng.uniform(0.7, 1.0, 3).astype(np.float32)
    return np.asarray(image + opacity * (colour - image), dtype=np.float32)


def as_described(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A photo (H, W, 3) as ``retrieval.query_picture`` leaves it, in its own size; unchanged without surroundings.

    A content of another format than the photo stays where it is: elsewhere, such a content is a photo of its own.
    """
    content = find_content(photo)
    height, width = photo.shape[:2]
    if content is None:
        return photo
    left, top, right, bottom = content.box
    if right - left < _LEAST_BOX * width or bottom - top < _LEAST_BOX * height:
        return photo
    picture = content.crop(photo).copy()
    mask = content.mask((picture.shape[1], picture.shape[0]))
    if mask is not None:
        picture = fill_in(picture, mask)
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
