"""Warping a photo into an output grid, block by block, by the inverse map.

Every output pixel is looked up in the photo: grid -> working plane by PROJ, plane -> photo by the inverse homography.
The first is done at the nodes of a coarse mesh and linearly between them, as GDAL's approximating transformer does;
here the error is measured and the mesh refined until it is far below a pixel. The second is exact at every pixel: what
is interpolated are homogeneous coordinates, of which the homography is a linear map. No map as large as the output, and
no copy of the photo, is ever in memory.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.grid import OutputGrid
from astroloc_qgis.engine.exports.visible_region import VisibleRegion
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.warping import remap
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

log = logging.getLogger(__name__)

RESAMPLING = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}
"""Ways to interpolate between the photo's pixels."""

TOLERANCE_PX = 0.02
"""The mesh is refined until it is nowhere farther off than this, photo pixels."""

_COARSEST = 64  # pixels between two nodes
_NOWHERE = np.array([-1e5, -1e5, 1.0])
_MARGIN = 5  # pixels that the widest kernel (Lanczos, 8 x 8) needs around a block of the photo


def resampling_flag(name: str) -> int:
    """OpenCV's flag of a resampling.

    Raises:
        InputError: there is none of that name.
    """
    if name not in RESAMPLING:
        raise InputError(f'There is no resampling "{name}": choose one of {", ".join(RESAMPLING)}.')
    return RESAMPLING[name]


@dataclass(frozen=True)
class InverseMap:
    """Output pixels -> photo pixels.

    Attributes:
        step: output pixels between two nodes of the mesh.
        mesh: (rows, columns, 3) homogeneous photo points of the nodes: x w, y w, w, with w > 0 in front of the camera.
    """

    step: int
    mesh: Array

    def block(self, column: int, row: int, width: int, height: int) -> MapBlock:
        """The map for the centres of a block of output pixels."""
        columns, weights_x = self._weights(column + 0.5 + np.arange(width), self.mesh.shape[1])
        rows, weights_y = self._weights(row + 0.5 + np.arange(height), self.mesh.shape[0])
        return MapBlock(self.mesh[rows, columns], weights_x, weights_y)

    def _weights(self, pixels: Array, count: int) -> tuple[slice, Array]:
        """The nodes that a run of pixels needs, and the weight of each node for each pixel (linear interpolation)."""
        at = pixels / self.step
        first, last = int(at[0]), min(int(at[-1]) + 2, count)
        return slice(first, last), np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(first, last)))


@dataclass(frozen=True)
class MapBlock:
    """The inverse map of one block of the output.

    Attributes:
        nodes: (n, m, 3) homogeneous photo points of the nodes about the block.
        weights_x: (width, m) weight of each node column for each pixel column.
        weights_y: (height, n) weight of each node row for each pixel row.
    """

    nodes: Array
    weights_x: Array
    weights_y: Array

    @property
    def ahead(self) -> bool:
        """Whether all of it lies in front of the camera."""
        return bool((self.nodes[..., 2] > 0).all())

    def bounds(self, size: Array) -> tuple[Array, Array]:
        """The least and greatest photo x and y that it may look up (anything, where some of it lies behind)."""
        if not self.ahead:
            return np.full(2, -1.0), size + 1.0
        xy = self.nodes[..., :2] / self.nodes[..., 2:]
        return xy.min(axis=(0, 1)), xy.max(axis=(0, 1))

    def photo_xy(self, origin: tuple[float, float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Photo x and y, (height, width) each, relative to an origin in the photo (which keeps float32 exact)."""
        weights_x, weights_y = self.weights_x.T.astype(np.float32), self.weights_y.astype(np.float32)
        nodes = self.nodes.copy()
        nodes[..., :2] -= nodes[..., 2:] * origin
        x, y, w = (weights_y @ nodes[..., axis].astype(np.float32) @ weights_x for axis in range(3))
        if not self.ahead:
            behind = w <= 0
            x[behind], y[behind], w[behind] = _NOWHERE
        x /= w
        y /= w
        return x, y


def inverse_map(grid: OutputGrid, homography: Array, plane: WorkingPlane, visible: VisibleRegion) -> InverseMap:
    """Make the map, with a mesh fine enough for ``TOLERANCE_PX``."""
    # H^-1 (H p) = p for the photo point p = (x, y, 1): the third coordinate of H^-1 (X, Y, 1) is 1 / depth(p), so its
    # sign tells which side of the horizon a plane point was imaged on. The photo's centre is on the right one, with 1.
    inverse = np.linalg.inv(homography) * (homography[2] @ [visible.width / 2, visible.height / 2, 1.0])
    step, error = _COARSEST, np.inf
    while step > 1 and step > max(grid.width, grid.height) / 8:
        step //= 2
    while True:
        columns = np.arange(-(-grid.width // step) + 1.0) * step
        rows = np.arange(-(-grid.height // step) + 1.0) * step
        mesh = _look_up(grid, plane, inverse, columns, rows)
        middles = _photo_points(_look_up(grid, plane, inverse, columns[:-1] + step / 2, rows[:-1] + step / 2))
        linear = _photo_points((mesh[:-1, :-1] + mesh[1:, :-1] + mesh[:-1, 1:] + mesh[1:, 1:]) / 4)
        off = np.hypot(*np.moveaxis(linear - middles, -1, 0))  # largest at the middles, as the map is smooth
        error = float(np.max(off, where=visible.seen(middles), initial=0.0))
        if error <= TOLERANCE_PX or step == 1:
            break
        step //= 2
    log.info("Output %d x %d pixels, mesh step %d, off by at most %.4f photo px.", grid.width, grid.height, step, error)
    return InverseMap(step, mesh)


def _look_up(grid: OutputGrid, plane: WorkingPlane, inverse: Array, columns: Array, rows: Array) -> Array:
    """The exact homogeneous photo points (rows, columns, 3) of output points; far outside where there are none."""
    x, y = np.meshgrid(columns, rows)
    on_plane = grid.to_plane(np.column_stack([x.ravel(), y.ravel()]), plane)
    points = on_plane @ inverse[:, :2].T + inverse[:, 2]
    points[~np.isfinite(points).all(axis=1)] = _NOWHERE
    return points.reshape(len(rows), len(columns), 3)


def _photo_points(homogeneous: Array) -> Array:
    """(..., 3) -> (..., 2) photo points, far outside where they are behind the camera."""
    ahead = np.where(homogeneous[..., 2:] > 0, homogeneous, _NOWHERE)
    return np.asarray(ahead[..., :2] / ahead[..., 2:])


def warp_block(
    layers: NDArray, alpha: NDArray[np.uint8] | None, block: MapBlock, visible: VisibleRegion, flag: int
) -> NDArray:
    """One block of the output.

    Args:
        layers: (H, W) or (H, W, 3) photo, uint8 or uint16.
        alpha: (H, W) of the photo, 255 opaque, or None where all of it is.
        block: the map of its pixels.
        visible: the part of the photo that is drawn.
        flag: OpenCV's interpolation.

    Returns:
        (h, w, 2) or (h, w, 4) of the photo's type: colours, then alpha (0 to the type's maximum).
    """
    opaque = int(np.iinfo(layers.dtype).max)
    bands = 1 if layers.ndim == 2 else layers.shape[2]
    out = np.zeros((len(block.weights_y), len(block.weights_x), bands + 1), layers.dtype)
    # Only the part of the photo that the block shows, in which float32 is exact.
    size = np.array([visible.width, visible.height])
    low, high = block.bounds(size)
    x0, y0 = np.clip(np.floor(low) - _MARGIN, 0, size).astype(int)
    x1, y1 = np.clip(np.ceil(high) + _MARGIN, 0, size).astype(int)
    if (high < 0).any() or (low > size).any():
        return out
    x, y = block.photo_xy((x0 + 0.5, y0 + 0.5))  # OpenCV counts from pixel centres
    everywhere = visible.whole and (low >= 0).all() and (high <= size).all()
    seen = None if everywhere else visible.seen(np.stack([x + (x0 + 0.5), y + (y0 + 0.5)], axis=-1))
    window = (slice(y0, y1), slice(x0, x1))
    colours = remap(layers[window], x, y, flag, border_mode=cv2.BORDER_REPLICATE)
    out[..., :bands] = colours.reshape(*out.shape[:2], bands)
    if alpha is None:
        out[..., bands] = opaque
    else:
        kept = remap(alpha[window], x, y, min(flag, cv2.INTER_LINEAR), border_mode=cv2.BORDER_REPLICATE)
        out[..., bands] = (kept.astype(np.uint32) * opaque // 255).astype(layers.dtype)
    if seen is not None:
        out[~seen] = 0
    return out
