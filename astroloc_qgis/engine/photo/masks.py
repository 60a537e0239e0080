"""What of a photo is content: not transparent, no black or white border of a scan, no black around a round window.

Surroundings are detected with care, because a dark sea, a night sky and the limb of the Earth are content. They must
reach the edge of the photo, be black or white and uniform, and end in a sharp step along a shape that nature does not
make: a rectangle that is nearly parallel to the edges, or an ellipse most of whose outline is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.projection import Array

Mask = NDArray[np.bool_]

OPAQUE = 127
"""Most alpha that counts as transparent."""
THUMBNAIL_PX = 400
"""Long side of the small copy on which surroundings are detected."""
ALPHA_PX = 2048
"""Most pixels on the long side of the opacity that the detected content is drawn as."""
MOST_LEVEL = 24
"""Most median distance from black (or white) of surroundings, levels."""
TOLERANCE = 14
"""Levels above their median up to which pixels belong to the surroundings."""
MOST_COLOUR = 10
"""Most difference between the channels of surroundings, levels, in the median."""
MOST_DEVIATION = 4.0
"""Most standard deviation of surroundings, levels."""
LEAST_STEP = 12
"""Least difference between content and surroundings across the outline, levels..."""
LEAST_SHARP = 0.8
"""... along at least this share of it."""
LEAST_FIT = 0.965
"""Least intersection over union of the content and the shape fitted to it."""
LEAST_CONTENT, LEAST_SURROUNDINGS = 0.15, 0.005
"""Least shares of the photo that content and surroundings have."""
MOST_TILT_DEG = 6.0
"""Most angle between a scanned frame and the edges of the photo."""
LEAST_ARC_DEG = 170
"""Least part of an ellipse's outline that is seen: of the limb of the Earth it is a small part."""
LEAST_ROUND = 0.75
"""Least ratio of an ellipse's axes."""
_STEP_AT = 3  # thumbnail pixels outside the outline at which the step is measured
_INSIDE = (3, 6, 9)  # thumbnail pixels inside it: bright content shines onto the surroundings
_FRAMES = 3  # frames in each other: paper, film, picture
_RECTANGLE_MARGIN, _ELLIPSE_MARGIN = 1.0, 4.0  # thumbnail pixels that the content loses at its outline


@dataclass(frozen=True)
class Content:
    """The part of a photo that shows something.

    Attributes:
        box: left, top, right, bottom of its bounding box, whole photo pixels.
        polygon: (N, 2) its outline, photo pixels; None where it fills the box, or an alpha bounds it.
        alpha: (H, W) opacity of the photo; None where all of the box is opaque.
    """

    box: tuple[int, int, int, int]
    polygon: Array | None = None
    alpha: NDArray[np.uint8] | None = None

    def crop(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part of an image (H, W[, C]) that lies in the box, not copied."""
        left, top, right, bottom = self.box
        return image[top:bottom, left:right]

    def mask(self, size: tuple[int, int]) -> Mask | None:
        """The content as a mask of the box, drawn at ``size`` (width, height); None where it fills the box."""
        if self.alpha is not None:
            return np.asarray(cv2.resize(self.crop(self.alpha), size, interpolation=cv2.INTER_AREA) > OPAQUE)
        if self.polygon is None:
            return None
        left, top, right, bottom = self.box
        scale = np.array([size[0] / (right - left), size[1] / (bottom - top)])
        return _drawn((self.polygon - [left, top]) * scale, (size[1], size[0]))


def find_content(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> Content | None:
    """Find the content of a photo.

    Args:
        pixels: (H, W, 3) RGB.
        alpha: (H, W) opacity; where some of it is transparent, it alone decides.

    Returns:
        None where all of the photo is content.
    """
    if alpha is not None and (alpha <= OPAQUE).any():
        return _opaque(alpha)
    found: Content | None = None
    for _ in range(_FRAMES):
        left, top = (0, 0) if found is None else found.box[:2]
        inner = _find_frame(pixels if found is None else found.crop(pixels))
        if inner is None:
            return found
        box = (inner.box[0] + left, inner.box[1] + top, inner.box[2] + left, inner.box[3] + top)
        found = Content(box, None if inner.polygon is None else inner.polygon + np.array([left, top]))
        if found.polygon is not None:
            break
    return found


def content_alpha(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> NDArray[np.uint8] | None:
    """The content of a photo as an opacity, in which surroundings are transparent.

    Args:
        pixels: (H, W, 3) RGB.
        alpha: (H, W) opacity; where some of it is transparent, it alone decides.

    Returns:
        (h, w) 0 or 255, at most ``ALPHA_PX`` on the long side; the alpha itself where it decides; None where all of the
        photo is content.
    """
    found = find_content(pixels, alpha)
    if found is None:
        return None
    if found.alpha is not None:
        return found.alpha
    height, width = pixels.shape[:2]
    scale = min(1.0, ALPHA_PX / max(height, width))
    left, top, right, bottom = found.box
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)
    outline = corners if found.polygon is None else found.polygon
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return np.asarray(_drawn(outline * [size[1] / width, size[0] / height], size) * np.uint8(255))


def _opaque(alpha: NDArray[np.uint8]) -> Content | None:
    """The content by the alpha (H, W); None where nothing is opaque."""
    opaque = alpha > OPAQUE
    rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    if not len(rows):
        return None
    return Content((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1), alpha=alpha)


def _find_frame(pixels: NDArray[np.uint8]) -> Content | None:
    """The content within one black or white frame; None without a frame."""
    height, width = pixels.shape[:2]
    scale = min(1.0, THUMBNAIL_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if min(size) < 8 * _STEP_AT:
        return None
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    colour = small.max(axis=2).astype(np.int16) - small.min(axis=2)
    back = np.array([width / size[0], height / size[1]])
    for level in (small.max(axis=2), 255 - small.min(axis=2)):
        outline = _outline(level, colour)
        if outline is not None:
            return _content(outline * back, (width, height), float(back.max()))
    return None


def _outline(level: NDArray[np.uint8], colour: NDArray[np.int16]) -> Array | None:
    """The outline (N, 2) of the content of a picture with black surroundings; None where there are none.

    Args:
        level: (h, w) brightest channel; for white surroundings what the darkest one lacks.
        colour: (h, w) difference between the brightest channel and the darkest.
    """
    edge = np.concatenate([level[0], level[-1], level[:, 0], level[:, -1]])
    dark = edge[edge <= MOST_LEVEL]
    if len(dark) < 0.05 * len(edge):
        return None
    limit = float(np.median(dark)) + TOLERANCE
    around = _reaching_the_edge(level <= limit)
    if not around.any():
        return None
    content = _largest(cv2.morphologyEx((~around).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    if content.mean() < LEAST_CONTENT or (~content).mean() < LEAST_SURROUNDINGS:
        return None
    near = cv2.dilate(content.astype(np.uint8), np.ones((2 * _STEP_AT + 1,) * 2, np.uint8)) > 0
    sure = around & ~near if (around & ~near).any() else around
    if np.median(colour[sure]) > MOST_COLOUR or level[sure].std() > MOST_DEVIATION:
        return None
    for shape in (_rectangle(content), _ellipse(content)):
        if shape is not None and _fits(shape, content) and _is_sharp(shape, level):
            return shape
    return None


def _reaching_the_edge(mask: Mask) -> Mask:
    """The parts of a mask that reach the edge of the picture."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    at_edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return np.asarray(np.isin(labels, at_edge[at_edge > 0]))


def _largest(mask: NDArray[np.uint8]) -> Mask:
    """The largest part of a mask; all False where it has none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2:
        return np.zeros(mask.shape, bool)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def _rectangle(content: Mask) -> Array | None:
    """The corners (4, 2) of the rectangle around the content; None where it is too tilted."""
    rows, columns = np.nonzero(content)
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    upright = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)
    if _overlap(upright, content) >= LEAST_FIT:
        return upright
    hull = cv2.convexHull(np.column_stack([columns, rows]).astype(np.float32))
    corners = cv2.boxPoints(cv2.minAreaRect(hull)).astype(np.float64) + 0.5
    side = corners[1] - corners[0]
    tilt = abs((np.degrees(np.arctan2(side[1], side[0])) + 45) % 90 - 45)
    return corners if tilt <= MOST_TILT_DEG else None


def _ellipse(content: Mask) -> Array | None:
    """The outline (360, 2) of the ellipse around the content; None where too little of it is seen."""
    height, width = content.shape
    contours, _ = cv2.findContours(content.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = cv2.convexHull(np.concatenate(contours))[:, 0].astype(np.float32) + 0.5
    free = ((points > 2) & (points < np.array([width, height]) - 2)).all(axis=1)
    if free.sum() < 12:
        return None
    centre, axes, angle = cv2.fitEllipseDirect(points[free])
    if not np.isfinite([*centre, *axes, angle]).all() or min(axes) < LEAST_ROUND * max(axes):
        return None
    turn = np.radians(np.arange(360.0))
    along = np.column_stack([np.cos(turn) * axes[0] / 2, np.sin(turn) * axes[1] / 2])
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    outline = along @ np.array([[cos, sin], [-sin, cos]]) + centre
    seen = ((outline >= 0) & (outline <= [width, height])).all(axis=1)
    return outline if seen.sum() >= LEAST_ARC_DEG else None


def _fits(shape: Array, content: Mask) -> bool:
    return _overlap(shape, content) >= LEAST_FIT


def _overlap(shape: Array, content: Mask) -> float:
    """Intersection over union of a polygon, as far as it lies in the picture, and a mask."""
    drawn = _drawn(shape, content.shape)
    return float((drawn & content).sum() / max(1, (drawn | content).sum()))


def _is_sharp(shape: Array, level: NDArray[np.uint8]) -> bool:
    """Whether the level rises across the outline where that lies within the picture."""
    closed = np.vstack([shape, shape[:1]])
    pieces = [
        np.linspace(start, end, max(2, int(np.hypot(*(end - start)))), endpoint=False)
        for start, end in pairwise(closed)
    ]
    along = np.concatenate(pieces)
    outwards = along - np.roll(along, 1, axis=0)
    outwards = np.column_stack([outwards[:, 1], -outwards[:, 0]])
    outwards /= np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), 1e-9)
    if np.vdot(outwards, along - along.mean(axis=0)) < 0:
        outwards = -outwards
    size = np.array([level.shape[1], level.shape[0]])
    seen = ((along > 1) & (along < size - 1)).all(axis=1)
    if not seen.any():
        return False

    def levels(offset: int) -> NDArray[np.int16]:
        columns, rows = np.clip((along + offset * outwards)[seen].astype(int), 0, size - 1).T
        return level[rows, columns].astype(np.int16)

    inner = np.max([levels(-offset) for offset in _INSIDE], axis=0)
    return bool((inner - levels(_STEP_AT) >= LEAST_STEP).mean() >= LEAST_SHARP)


def _content(outline: Array, size: tuple[int, int], pixel: float) -> Content | None:
    """The content within an outline (N, 2), photo pixels, without a margin, where it is mixed with the surroundings.

    Args:
        outline: of ``_outline``.
        size: width and height of the photo.
        pixel: photo pixels in one of the thumbnail.
    """
    limits = np.array(size)
    low, high = outline.min(axis=0), outline.max(axis=0)
    upright = len(outline) == 4 and np.isin(outline, [low, high]).all()
    margin = pixel * (_RECTANGLE_MARGIN if len(outline) == 4 else _ELLIPSE_MARGIN)
    polygon = None
    if upright:
        low, high = np.where(low > 0, low + margin, 0), np.where(high < limits, high - margin, limits)
    else:
        middle = (low + high) / 2
        polygon = middle + (outline - middle) * (1 - 2 * margin / (high - low).min())
        low, high = polygon.min(axis=0), polygon.max(axis=0)
    left, top = (int(edge) for edge in np.ceil(np.clip(low, 0, limits)))
    right, bottom = (int(edge) for edge in np.floor(np.clip(high, 0, limits)))
    if right - left < 2 or bottom - top < 2:
        return None
    return Content((left, top, right, bottom), polygon)


def _drawn(polygon: Array, shape: tuple[int, ...]) -> Mask:
    """A mask (h, w) of a polygon (N, 2, corner convention), whose points are rounded to sixteenths of a pixel."""
    canvas = np.zeros(shape, np.uint8)
    cv2.fillPoly(canvas, [np.round((polygon - 0.5) * 16).astype(np.int32)], 1, shift=4)
    return canvas > 0
