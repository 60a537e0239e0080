"""The reference as a camera would see it: rendered into any frame of a working plane."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography, in_front
from astroloc_qgis.engine.geometry.projection import Array, transform_points
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window

MIN_SHOWN = 0.05
"""A picture of which the reference fills less than this part has nothing to match."""

MAX_WINDOW_PX = 4096
"""Longest side of what is read from the reference for one frame."""

MOST_READ = 3.0
"""Most pixels that are read for one pixel of the frame."""

ALWAYS_READ = 1_000_000
"""A window of fewer pixels is never read more coarsely."""

CELL_PX = 24
"""About how many pixels of a frame lie between the nodes at which projections are computed."""

MAX_BEND_PX = 0.1
"""Largest error of the interpolation between them, pixels of the frame."""

_NOWHERE = -1e7
"""Position of a point that does not project: outside any picture."""
_NO_DEPTH = np.float32(1e-6)


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

    The reference is read once, in its own projection and at its own pixels (or those of an overview), no finer than
    the frame needs; from there every pixel of the frame is looked up. Only where that projection cannot serve (a pole,
    a seam) is it read in the frame's own plane, which costs several times as much.

    Args:
        reference: imagery.
        frame: what to draw.

    Returns:
        (H, W, 3) RGB and the (H, W) mask of the pixels that show the reference.
    """
    width, height = frame.size
    mesh = Mesh.over(frame)
    if not mesh.usable.any():
        return np.zeros((height, width, 3), np.uint8), np.zeros((height, width), bool)
    window, nodes = _in_own_projection(reference, frame, mesh) or _in_the_plane(frame, mesh)
    rendering = reference.read(window)
    x, y = mesh.at_every_pixel(apply_homography(window.to_pixel, nodes))
    pixels = cv2.remap(rendering.pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    shown = cv2.remap(rendering.mask.astype(np.uint8), x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
    return pixels.astype(np.uint8), shown.astype(bool) & _sees_ground(frame)


@dataclass(frozen=True)
class Mesh:
    """Nodes over a frame at which projections are computed; between them they are interpolated.

    What is interpolated are homogeneous coordinates, position times depth: of a homography they are linear, so that
    what remains to be interpolated is the curvature of the Earth alone.

    Attributes:
        frame: the frame that the mesh covers.
        columns: (C,) frame pixels of the nodes.
        rows: (R,) frame pixels of the nodes.
        plane_xy: (R * C, 2) metres of the plane.
        depth: (R * C,) depth of the nodes, 1 in the middle of the frame.
    """

    frame: Frame
    columns: Array
    rows: Array
    plane_xy: Array
    depth: Array

    @classmethod
    def over(cls, frame: Frame) -> Mesh:
        """Make the mesh of a frame."""
        columns, rows = (np.linspace(0.0, side, _cells(side) + 1) for side in frame.size)
        return cls(frame, columns, rows, *cls._places(frame, columns, rows))

    @staticmethod
    def _places(frame: Frame, columns: Array, rows: Array) -> tuple[Array, Array]:
        places = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        middle = in_front(frame.to_plane, np.array([frame.centre]), frame.centre)[0]
        return apply_homography(frame.to_plane, places), in_front(frame.to_plane, places, frame.centre) / middle

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(R * C,) nodes that see ground worth reading.

        At the vanishing line the plane is infinitely far. Nodes count down to an eighth of the depth of the middle: the
        ground that a pixel covers grows with the third power of the inverse depth.
        """
        return np.asarray(np.isfinite(self.plane_xy).all(axis=1) & (self.depth > 1 / 8))

    def at_every_pixel(self, nodes: Array) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Positions at the nodes, (R * C, 2) pixels of a picture, to (H, W) OpenCV coordinates at every pixel."""
        width, height = self.frame.size
        deep = self._between(nodes, np.arange(height) + 0.5, np.arange(width) + 0.5)
        return deep[..., 0] - np.float32(0.5), deep[..., 1] - np.float32(0.5)

    def _between(self, nodes: Array, rows: Array, columns: Array) -> NDArray[np.float32]:
        """Positions at the nodes, (R * C, 2), to (rows, columns, 2) at other places of the frame."""
        width, height = self.frame.size
        down, along = _weights(rows / height, len(self.rows)), _weights(columns / width, len(self.columns))
        deep = nodes * self.depth[:, None]
        deep[~np.isfinite(deep).all(axis=1)] = _NOWHERE
        shape = len(self.rows), len(self.columns)
        depth = down @ self.depth.reshape(shape).astype(np.float32) @ along.T
        depth[np.abs(depth) < _NO_DEPTH] = _NO_DEPTH
        flat = [down @ deep[:, axis].reshape(shape).astype(np.float32) @ along.T / depth for axis in (0, 1)]
        return np.stack(flat, axis=-1)

    def bends(self, project: Callable[[Array], Array], nodes: Array) -> Array:
        """(cells,) how far interpolation misses the middles of the usable cells, in pixels of the frame.

        Args:
            project: metres of the plane, (N, 2), to where ``nodes`` are.
            nodes: (R * C, 2) ``project`` at the nodes.
        """
        shape = len(self.rows), len(self.columns)
        columns, rows = (self.columns[1:] + self.columns[:-1]) / 2, (self.rows[1:] + self.rows[:-1]) / 2
        origin = np.nanmean(nodes, axis=0)  # float32 is exact enough only near it
        middles = self._between(nodes - origin, rows, columns).reshape(-1, 2) + origin
        miss = np.linalg.norm(project(self._places(self.frame, columns, rows)[0]) - middles, axis=1)
        corner = nodes.reshape(*shape, 2)
        along, down = corner[1:, 1:] - corner[1:, :-1], corner[1:, 1:] - corner[:-1, 1:]
        area = np.abs(along[..., 0] * down[..., 1] - along[..., 1] * down[..., 0]).ravel()
        cell = (self.columns[1] - self.columns[0]) * (self.rows[1] - self.rows[0])
        usable = (self.usable & np.isfinite(nodes).all(axis=1)).reshape(shape)
        whole = usable[1:, 1:] & usable[1:, :-1] & usable[:-1, 1:] & usable[:-1, :-1]
        return np.asarray((miss / np.sqrt(np.maximum(area / cell, 1e-12)))[whole.ravel()])


def _cells(side: int) -> int:
    return int(np.clip(math.ceil(side / CELL_PX), 6, 64))


def _weights(places: Array, nodes: int) -> NDArray[np.float32]:
    """(places, nodes) cubic interpolation at places from 0 to 1 between evenly spaced nodes (Lagrange's, of four)."""
    place = places * (nodes - 1)
    first = np.clip(np.floor(place).astype(int) - 1, 0, nodes - 4)
    weights = np.zeros((len(places), nodes))
    for one in range(4):
        others = [other for other in range(4) if other != one]
        share = np.prod([(place - first - other) / (one - other) for other in others], axis=0)
        weights[np.arange(len(places)), first + one] = share
    return weights.astype(np.float32)


def _in_own_projection(reference: Reference, frame: Frame, mesh: Mesh) -> tuple[Window, Array] | None:
    """The window of the reference's own projection that a frame sees, and (R * C, 2) the mesh's nodes in it.

    Returns:
        None where that projection bends or jumps within the frame; a strip at the limb of the Earth may.
    """

    def project(plane_xy: Array) -> Array:
        return reference.near(transform_points(plane_xy, frame.plane.proj, reference.crs_wkt), middle[0])

    middle = transform_points(
        apply_homography(frame.to_plane, np.array([frame.centre])), frame.plane.proj, reference.crs_wkt
    )
    nodes = project(mesh.plane_xy)
    seen = mesh.usable & np.isfinite(nodes).all(axis=1)
    if not np.isfinite(middle).all() or seen.sum() < 3:
        return None
    bends = mesh.bends(project, nodes)
    if not (bends < MAX_BEND_PX).sum() > 0.9 * len(bends):
        return None
    pixels = reference.to_pixels(nodes[seen])
    step = max(1.0, _source_step(reference, project, frame))
    step *= _relief(np.ptp(pixels, axis=0) / step, frame)
    window = reference.window_over(nodes[seen], step, MAX_WINDOW_PX)
    return None if window is None else (window, nodes)


def _source_step(reference: Reference, project: Callable[[Array], Array], frame: Frame) -> float:
    """Source pixels that a pixel of the frame spans where and in which direction it is sharpest."""
    places = _sample_places(frame)
    around = np.concatenate([places, places + np.array([1.0, 0.0]), places + np.array([0.0, 1.0])])
    pixels = reference.to_pixels(project(apply_homography(frame.to_plane, around))).reshape(3, -1, 2)
    slopes = np.stack([pixels[1] - pixels[0], pixels[2] - pixels[0]], axis=-1)
    slopes = slopes[np.isfinite(slopes).all(axis=(1, 2))]
    return float(np.linalg.svd(slopes, compute_uv=False).min()) if len(slopes) else 1.0


def _in_the_plane(frame: Frame, mesh: Mesh) -> tuple[Window, Array]:
    """The window of the frame's own plane that it sees, and (R * C, 2) the mesh's nodes in it."""
    seen = mesh.plane_xy[mesh.usable]
    (left, bottom), (right, top) = seen.min(axis=0), seen.max(axis=0)
    span, gsd = np.array([right - left, top - bottom]), _finest_gsd(frame)
    gsd = max(gsd * _relief(span / gsd, frame), float(span.max()) / MAX_WINDOW_PX)
    size = max(2, math.ceil((right - left) / gsd)), max(2, math.ceil((top - bottom) / gsd))
    window = Window(frame.plane.proj, (float(left), float(bottom), float(right), float(top)), *size)
    return window, mesh.plane_xy


def _sees_ground(frame: Frame) -> NDArray[np.bool_]:
    width, height = frame.size
    if (in_front(frame.to_plane, photo_corners(width, height), frame.centre) > 0).all():
        return np.ones((height, width), dtype=bool)
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    depth = in_front(frame.to_plane, np.stack([columns.ravel(), rows.ravel()], axis=1), frame.centre)
    return np.asarray((depth > 0).reshape(height, width))


def _finest_gsd(frame: Frame) -> float:
    """Metres a pixel at which the window must be read so that the sharpest part of the frame loses little."""
    scales = [np.linalg.svd(jacobian(frame.to_plane, (x, y)), compute_uv=False).min() for x, y in _sample_places(frame)]
    return float(max(min(scales), 1e-6))


def _relief(size: Array, frame: Frame) -> float:
    """How much coarser a window of ``size`` pixels is read so that it is not far larger than the frame it is for.

    An oblique frame would need the resolution of its near side over all the ground to the horizon.
    """
    most = max(MOST_READ * frame.size[0] * frame.size[1], ALWAYS_READ)
    return max(1.0, math.sqrt(float(np.prod(size)) / most))


def _sample_places(frame: Frame) -> Array:
    """(5, 2) pixels: the middle, and half-way to the corners."""
    return np.vstack([frame.centre, photo_corners(*frame.size) * 0.5 + np.array(frame.size) / 4])
