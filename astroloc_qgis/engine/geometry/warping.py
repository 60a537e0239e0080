"""Warping an image by a homography or a map; the only module of this package that needs OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.homography import translation
from astroloc_qgis.engine.geometry.projection import Array

MOST_SIDE = 32_766
"""Most pixels of a side of an image that OpenCV remaps."""
_PIECE = 4096  # pixels of a side of the pieces in which larger images are remapped
_KERNEL = 8  # pixels around a place that the widest kernel (Lanczos, 8 x 8) needs, and more

Maps = NDArray[np.float32]


def warp_image(
    image: NDArray[np.generic],
    homography: Array,
    size: tuple[int, int],
    *,
    interpolation: int = cv2.INTER_LINEAR,
    border: int | tuple[int, ...] = 0,
) -> NDArray[np.generic]:
    """Warp an image by a homography of the corner convention.

    Args:
        image: (H, W) or (H, W, C).
        homography: (3, 3), source pixels -> target pixels.
        size: width and height of the target.
        interpolation: OpenCV's flag.
        border: value outside the source.

    Returns:
        The (height, width[, C]) target.
    """
    centres = translation(-0.5, -0.5) @ homography @ translation(0.5, 0.5)
    value = border if isinstance(border, tuple) else (border,) * 4
    if max(image.shape[:2]) > MOST_SIDE:
        x, y = _maps(np.linalg.inv(centres), size)
        return remap(image, x, y, interpolation, border_mode=cv2.BORDER_CONSTANT, border=value)
    warped: NDArray[np.generic] = cv2.warpPerspective(
        image, centres, size, flags=interpolation, borderMode=cv2.BORDER_CONSTANT, borderValue=value
    )
    return warped


def remap(
    image: NDArray[np.generic],
    x: Maps,
    y: Maps,
    interpolation: int,
    *,
    border_mode: int,
    border: tuple[int, ...] = (0, 0, 0, 0),
) -> NDArray[np.generic]:
    """OpenCV's ``remap`` for images of any size: large ones are remapped piece by piece.

    Args:
        image: (H, W) or (H, W, C).
        x: (h, w) the column to look up for each pixel; 0 is the centre of the first.
        y: (h, w) the row.
        interpolation: OpenCV's flag.
        border_mode: OpenCV's constant or replicated border.
        border: value outside the image, where it is constant.

    Returns:
        (h, w[, C]).
    """
    if max(*image.shape[:2], *x.shape) <= MOST_SIDE:
        return np.asarray(cv2.remap(image, x, y, interpolation, borderMode=border_mode, borderValue=border))
    height, width = x.shape
    out = np.empty((height, width, *image.shape[2:]), image.dtype)
    limits = [np.clip(places, -_KERNEL, side + _KERNEL) for places, side in ((x, image.shape[1]), (y, image.shape[0]))]
    pieces = [
        (slice(row, row + _PIECE), slice(column, column + _PIECE))
        for row in range(0, height, _PIECE)
        for column in range(0, width, _PIECE)
    ]
    while pieces:
        piece = pieces.pop()
        bounds = [_bounds(places[piece], side) for places, side in zip(limits, image.shape[1::-1], strict=True)]
        (left, right), (top, bottom) = bounds
        rows, columns = limits[0][piece].shape
        if max(right - left, bottom - top) > MOST_SIDE:
            pieces += _halves(piece, rows, columns)
            continue
        part = [(places[piece] - first).astype(np.float32) for places, first in zip(limits, (left, top), strict=True)]
        out[piece] = cv2.remap(
            image[top:bottom, left:right], *part, interpolation, borderMode=border_mode, borderValue=border
        ).reshape(out[piece].shape)
    return out


def _bounds(places: Maps, side: int) -> tuple[int, int]:
    """The first and last pixel, plus one, of a side that places need; the first is even: halves are rounded to even."""
    first = min(max(0, int(np.floor(places.min())) - _KERNEL), side - 1) // 2 * 2
    return first, max(first + 1, min(side, int(np.ceil(places.max())) + _KERNEL + 1))


def _halves(piece: tuple[slice, slice], rows: int, columns: int) -> list[tuple[slice, slice]]:
    down, along = piece
    if rows >= columns:
        middle = down.start + rows // 2
        return [(slice(down.start, middle), along), (slice(middle, down.start + rows), along)]
    middle = along.start + columns // 2
    return [(down, slice(along.start, middle)), (down, slice(middle, along.start + columns))]


def _maps(to_source: Array, size: tuple[int, int]) -> tuple[Maps, Maps]:
    """The maps (h, w) of a homography, target pixels -> source pixels, both from the centres of pixels."""
    columns, rows = np.arange(size[0]), np.arange(size[1])[:, None]
    x, y, w = (line[0] * columns + line[1] * rows + line[2] for line in to_source)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = [np.nan_to_num(value / w, nan=-1e5, posinf=1e5, neginf=-1e5) for value in (x, y)]
    return places[0].astype(np.float32), places[1].astype(np.float32)
