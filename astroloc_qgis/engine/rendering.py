"""The reference as a camera would see it: rendered into any frame of a working plane."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry import (
    Array,
    WorkingPlane,
    apply_homography,
    in_front,
    photo_corners,
    warp_image,
)
from astroloc_qgis.engine.imagery import Reference, Window

MIN_SHOWN = 0.05
"""A picture of which the reference fills less than this part has nothing to match."""

MAX_WINDOW_PX = 4096
"""Longest side of what is read from the reference for one frame."""


@dataclass(frozen=True)
class Frame:
    """A picture of a working plane, given by where its pixels lie.

    Attributes:
        plane: the working plane.
        to_plane: (3, 3) frame pixels (corner convention) -> metres of the plane.
        size: width and height in pixels.
    """

    plane: WorkingPlane
    to_plane: Array
    size: tuple[int, int]

    @property
    def centre(self) -> tuple[float, float]:
        """The pixel in the middle."""
        return self.size[0] / 2, self.size[1] / 2

    def gsd_m(self) -> float:
        """Metres of the plane that a pixel in the middle spans (geometric mean of both directions)."""
        return math.sqrt(abs(np.linalg.det(jacobian(self.to_plane, self.centre))))


def jacobian(homography: Array, xy: tuple[float, float]) -> Array:
    """The (2, 2) derivative of a homography at a point."""
    x, y, w = homography @ np.array([xy[0], xy[1], 1.0])
    top = homography[:2, :2] * w - np.outer((x, y), homography[2, :2])
    return np.asarray(top / w**2)


def render(reference: Reference, frame: Frame) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw the reference into a frame.

    It is read once as a north-up window of the plane, no finer than the frame needs and no coarser than it can use,
    and warped from there.

    Args:
        reference: imagery.
        frame: what to draw.

    Returns:
        (H, W, 3) RGB and the (H, W) mask of the pixels that show the reference.
    """
    width, height = frame.size
    bounds = _visible_bounds(frame)
    if bounds is None:
        return np.zeros((height, width, 3), np.uint8), np.zeros((height, width), bool)
    span_x, span_y = bounds[2] - bounds[0], bounds[3] - bounds[1]
    gsd = max(_finest_gsd(frame), max(span_x, span_y) / MAX_WINDOW_PX)
    window = Window(frame.plane.proj, bounds, max(2, math.ceil(span_x / gsd)), max(2, math.ceil(span_y / gsd)))
    rendering = reference.read(window)
    to_frame = np.linalg.inv(frame.to_plane) @ window.to_crs
    pixels = warp_image(rendering.pixels, to_frame, frame.size)
    shown = warp_image(rendering.mask.astype(np.uint8), to_frame, frame.size, interpolation=cv2.INTER_NEAREST)
    return pixels.astype(np.uint8), shown.astype(bool) & _sees_ground(frame)


def _visible_bounds(frame: Frame) -> tuple[float, float, float, float] | None:
    """Bounding box in the plane of the part of the frame on this side of its vanishing line."""
    width, height = frame.size
    steps = np.linspace(0.0, 1.0, 17)
    grid = np.stack(np.meshgrid(steps * width, steps * height), axis=-1).reshape(-1, 2)
    depth = in_front(frame.to_plane, grid, frame.centre)
    # Right at the vanishing line the plane is infinitely far: stop where a pixel covers 400 times the ground of one
    # in the middle (depth enters the area with its third power, and never less than this sees anything useful).
    middle = in_front(frame.to_plane, np.array([frame.centre]), frame.centre)[0]
    kept = apply_homography(frame.to_plane, grid[depth > middle / 8])
    kept = kept[np.isfinite(kept).all(axis=1)]
    if len(kept) < 3:
        return None
    (left, bottom), (right, top) = kept.min(axis=0), kept.max(axis=0)
    return float(left), float(bottom), float(right), float(top)


def _sees_ground(frame: Frame) -> NDArray[np.bool_]:
    width, height = frame.size
    if (in_front(frame.to_plane, photo_corners(width, height), frame.centre) > 0).all():
        return np.ones((height, width), dtype=bool)
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    depth = in_front(frame.to_plane, np.stack([columns.ravel(), rows.ravel()], axis=1), frame.centre)
    return np.asarray((depth > 0).reshape(height, width))


def _finest_gsd(frame: Frame) -> float:
    """Metres a pixel at which the window must be read so that the sharpest part of the frame loses little."""
    width, height = frame.size
    places = [
        frame.centre,
        *(tuple(corner) for corner in photo_corners(width, height) * 0.5 + np.array(frame.size) / 4),
    ]
    scales = [np.linalg.svd(jacobian(frame.to_plane, place), compute_uv=False).min() for place in places]
    return float(max(min(scales), 1e-6))
