"""The mosaic: the whole world in memory-mapped arrays, to render blocks and photos thousands of times a minute.

A mosaic is a folder: ``mosaic.json``, ``level-Z.npy`` (rows, 256 * 2**Z, 3) uint8 of web-map zooms Z, and
``present.npy``, one bool a tile of the finest zoom. Where the imagery has no data (the open ocean of Blue Marble),
its own coarse overview fills the arrays, and ``present`` is False.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.engine.tiles import HALF_WORLD_M, Block, lonlat_to_mercator

TILE_PX = 256
_INFO = "mosaic.json"
_STRIP_TILES = 8
"""Side of the squares that are read at a time, tiles."""
_COARSE = 8
"""Factor by which the overview that fills holes is coarser."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Level:
    """One zoom of a mosaic.

    Attributes:
        zoom: web-map zoom.
        first_row: pixel row of the world that row 0 of ``pixels`` is.
        pixels: (rows, 256 * 2**zoom, 3) uint8, memory-mapped.
    """

    zoom: int
    first_row: int
    pixels: Pixels

    @property
    def gsd(self) -> float:
        """Metres of EPSG:3857 a pixel."""
        return 2 * HALF_WORLD_M / (TILE_PX * 2.0**self.zoom)

    def crop(self, column: int, row: int, width: int, height: int) -> Pixels:
        """Read (height, width, 3) at a pixel of the world; columns wrap around it, rows beyond the mosaic repeat."""
        total = self.pixels.shape[1]
        top = row - self.first_row
        column %= total
        if top >= 0 and top + height <= len(self.pixels) and column + width <= total:
            return np.asarray(self.pixels[top : top + height, column : column + width])
        rows = np.clip(np.arange(top, top + height), 0, len(self.pixels) - 1)
        low, high = int(rows[0]), int(rows[-1]) + 1
        parts = []
        while width > 0:
            wide = min(width, total - column)
            parts.append(self.pixels[low:high, column : column + wide])
            column, width = 0, width - wide
        return np.concatenate(parts, axis=1)[rows - low]


class Mosaic:
    """A mosaic, open for reading; safe to use from several processes."""

    def __init__(self, levels: list[Level], present: NDArray[np.bool_], imagery: str) -> None:
        self.levels = sorted(levels, key=lambda level: -level.zoom)
        self.present = present
        self.imagery = imagery

    @classmethod
    def open(cls, folder: Path) -> Mosaic:
        """Open the result of ``build_mosaic``.

        Raises:
            InputError: the folder has no mosaic, or one that is not complete.
        """
        try:
            info = json.loads((folder / _INFO).read_text(encoding="utf-8"))
            levels = [
                Level(int(zoom), int(row), np.load(folder / f"level-{zoom}.npy", mmap_mode="r", allow_pickle=False))
                for zoom, row in info["first_rows"].items()
            ]
            present = np.load(folder / "present.npy", allow_pickle=False)
            return cls(levels, present, str(info["imagery"]))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"There is no whole mosaic in {folder}: delete it and make it again.", str(error)
            ) from error

    @property
    def finest(self) -> Level:
        """The level of the highest zoom."""
        return self.levels[0]

    def block_presence(self, block: Block) -> float:
        """Share of a block where the imagery has data, 0 to 1."""
        return float(self._presence(block).mean())

    def _presence(self, block: Block) -> NDArray[np.bool_]:
        zoom = self.finest.zoom
        scale = 2.0 ** (zoom - block.zoom)
        side = max(1, round(block.size * scale))
        rows = math.floor(block.row * scale) + np.arange(side) - self.finest.first_row // TILE_PX
        columns = (math.floor(block.column * scale) + np.arange(side)) % (2**zoom)
        inside = (rows >= 0) & (rows < len(self.present))
        found = np.zeros((side, side), dtype=bool)
        found[inside] = self.present[rows[inside]][:, columns]
        return found

    def read_block(self, block: Block, pixels: int) -> Pixels:
        """Render a block as the index builder does: absent parts get the mean colour of the present ones.

        Returns:
            (pixels, pixels, 3) uint8 RGB.
        """
        wanted = block.size * block.tile_m / pixels
        level = self._level_for(wanted)
        scale = TILE_PX * 2.0 ** (level.zoom - block.zoom)
        side = round(block.size * scale)
        image = level.crop(round(block.column * scale), round(block.row * scale), side, side)
        presence = self._presence(block)
        if not presence.all() and presence.any():
            mask = cv2.resize(presence.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST) > 0
            image = image.copy()
            image[~mask] = image[mask].mean(axis=0)
        return resized(image, pixels, pixels)

    def view(self, corners_xy: NDArray[np.float64], width: int, height: int, *, radial: float = 0.0) -> Pixels:
        """Render the ground of a photo of known corners.

        Args:
            corners_xy: (4, 2) EPSG:3857 of the photo's corners TL, TR, BR, BL; x may lie beyond the world.
            width: photo pixels.
            height: photo pixels.
            radial: what is seen at r from the centre (1 at the corners) lies at r (1 + radial (r^2 - 1)): positive for
                Earth's curvature or a barrel distortion. The corners stay.

        Returns:
            (height, width, 3) uint8 RGB, anti-aliased.
        """
        fine_w, fine_h = 2 * width, 2 * height
        sides = np.linalg.norm(np.roll(corners_xy, -1, axis=0) - corners_xy, axis=1)
        level = self._level_for(float(np.median(sides / np.array([fine_w, fine_h, fine_w, fine_h]))))
        at = np.column_stack([(corners_xy[:, 0] + HALF_WORLD_M), HALF_WORLD_M - corners_xy[:, 1]]) / level.gsd
        margin = 2 + math.ceil(max(0.0, -radial) * float(np.ptp(at, axis=0).max()))
        low = np.floor(at.min(axis=0)).astype(int) - margin
        size = np.ceil(at.max(axis=0)).astype(int) + margin - low
        image = level.crop(int(low[0]), int(low[1]), int(size[0]), int(size[1]))
        source = np.array([[0, 0], [fine_w, 0], [fine_w, fine_h], [0, fine_h]], dtype=np.float32)
        homography = cv2.getPerspectiveTransform(source, (at - low).astype(np.float32))
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # cv2 counts from pixel centres
        homography = np.linalg.inv(half) @ homography @ half
        if radial:
            maps = cv2.perspectiveTransform(_bent(fine_w, fine_h, radial), homography)
            warped = cv2.remap(image, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        else:
            warped = cv2.warpPerspective(
                image, homography, (fine_w, fine_h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
        return np.asarray(cv2.resize(warped, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _level_for(self, gsd: float) -> Level:
        """The coarsest level of at most 1.1 times ``gsd``, else the finest."""
        fitting = [level for level in self.levels if level.gsd <= 1.1 * gsd]
        return fitting[-1] if fitting else self.finest


def _bent(width: int, height: int, radial: float) -> NDArray[np.float32]:
    """(height, width, 2) pixel centres, x and y, moved radially as ``Mosaic.view`` says."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    middle = np.array([(width - 1) / 2, (height - 1) / 2], dtype=np.float32)
    away = np.stack([x, y], axis=-1) - middle
    share = (away**2).sum(axis=-1, keepdims=True) * np.float32(4 / (width**2 + height**2))
    return np.asarray(middle + away * (1 + np.float32(radial) * (share - 1)), dtype=np.float32)


def resized(image: Pixels, width: int, height: int) -> Pixels:
    """Resize (h, w, 3), by averages where it shrinks and by interpolation where it enlarges."""
    if image.shape[:2] == (height, width):
        return np.ascontiguousarray(image)
    shrinks = image.shape[0] > height
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), dtype=np.uint8)


def build_mosaic(
    imagery: str | Path, out: Path, *, zooms: tuple[int, ...] = (8, 7, 6), south: float = -61.0, north: float = 63.0,
    progress: Progress | None = None,
) -> Mosaic:  # fmt: skip
    """Read imagery into a mosaic, or open an existing one.

    Args:
        imagery: anything that ``Reference.open`` takes.
        out: folder to write; it is complete when it has ``mosaic.json``.
        zooms: consecutive web-map zooms, the finest first; the finest should be near the imagery's own.
        south: southern edge, degrees.
        north: northern edge, degrees.
        progress: called with the stage "read".

    Raises:
        InputError: the imagery cannot be read.
    """
    if (out / _INFO).is_file():
        return Mosaic.open(out)
    out.mkdir(parents=True, exist_ok=True)
    reference = Reference.open(imagery)
    zoom = zooms[0]
    tile_m = 2 * HALF_WORLD_M / 2**zoom
    ys = lonlat_to_mercator([(0.0, north), (0.0, south)])[:, 1]
    first = math.floor((HALF_WORLD_M - ys[0]) / tile_m / _STRIP_TILES) * _STRIP_TILES
    last = math.ceil((HALF_WORLD_M - ys[1]) / tile_m / _STRIP_TILES) * _STRIP_TILES
    first, last = max(0, first), min(2**zoom, last)
    shape = ((last - first) * TILE_PX, TILE_PX * 2**zoom, 3)
    pixels = _new_array(out / f"level-{zoom}.npy", shape)
    present = np.zeros((last - first, 2**zoom), dtype=bool)
    squares = [(r, c) for r in range(first, last, _STRIP_TILES) for c in range(0, 2**zoom, _STRIP_TILES)]
    step = min(_STRIP_TILES, 2**zoom)
    for number, (row, column) in enumerate(squares):
        if progress is not None:
            progress("read", number / len(squares))
        square, mask = _read_square(reference, row, column, step, tile_m)
        at_row, at_column = (row - first) * TILE_PX, column * TILE_PX
        pixels[at_row : at_row + step * TILE_PX, at_column : at_column + step * TILE_PX] = square
        shares = mask.reshape(step, TILE_PX, step, TILE_PX).mean(axis=(1, 3))
        present[row - first : row - first + step, column : column + step] = shares > 0.5
    first_rows = {zoom: first * TILE_PX}
    for coarser in zooms[1:]:
        pixels = _halved(pixels, out / f"level-{coarser}.npy")
        first_rows[coarser] = first_rows[coarser + 1] // 2
    np.save(out / "present.npy", present, allow_pickle=False)
    info: dict[str, Any] = {"imagery": str(imagery), "first_rows": first_rows, "south": south, "north": north}
    (out / _INFO).write_text(json.dumps(info, indent=2), encoding="utf-8")
    return Mosaic.open(out)


def _read_square(
    reference: Reference, row: int, column: int, step: int, tile_m: float
) -> tuple[Pixels, NDArray[np.bool_]]:
    xmin, ymax = column * tile_m - HALF_WORLD_M, HALF_WORLD_M - row * tile_m
    bounds = (xmin, ymax - step * tile_m, xmin + step * tile_m, ymax)
    side = step * TILE_PX
    rendering = reference.read(Window("EPSG:3857", bounds, side, side))
    if rendering.mask.all():
        return rendering.pixels, rendering.mask
    coarse = reference.read(Window("EPSG:3857", bounds, side // _COARSE, side // _COARSE)).pixels
    filled = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
    filled[rendering.mask] = rendering.pixels[rendering.mask]
    return np.asarray(filled, dtype=np.uint8), rendering.mask


def _new_array(path: Path, shape: tuple[int, ...]) -> Any:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def _halved(pixels: Any, path: Path) -> Any:
    rows, columns = pixels.shape[0] // 2, pixels.shape[1] // 2
    small = _new_array(path, (rows, columns, 3))
    for row in range(0, rows, TILE_PX):
        small[row : row + TILE_PX] = cv2.resize(
            np.asarray(pixels[2 * row : 2 * (row + TILE_PX)]), (columns, min(TILE_PX, rows - row)),
            interpolation=cv2.INTER_AREA,
        )  # fmt: skip
    small.flush()
    return small
