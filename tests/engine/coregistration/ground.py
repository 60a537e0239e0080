"""Generated ground with its reference, and photos of it whose homography is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.coregistration.iterative_coregistration import coregister
from astroloc_qgis.engine.coregistration.photo_pyramid import PhotoPyramid
from astroloc_qgis.engine.coregistration.search_area import (
    SearchArea,
    area_about_footprint,
)
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.matchers.base import Image
from astroloc_qgis.engine.registration import Registration
from astroloc_qgis.engine.tiles import Block, block_around
from tests.engine.synthetic import World, shot

WIDE, SQUARE = (480, 320), (400, 400)
GSD = 100.0
LIMIT_PX = 1.5
"""Greatest error of a corner, photo pixels; SIFT, whose keypoints are finer than a pixel, is off by 0.3 at most."""
XFEAT_LIMIT_PX = 2.5
"""The same with XFeat, whose keypoints are whole pixels."""


@dataclass
class Scene:
    """A world with its reference."""

    world: World
    reference: Reference

    def block(self, zoom: int = 12, *, off: tuple[float, float] = (0.0, 0.0)) -> Block:
        """The block nearest to a point so many block sides east and north of the world's middle."""
        middle = block_around(*self.world.center_lonlat, zoom)
        metres = np.array([off]) * middle.side_m
        return block_around(*self.world.plane.to_lonlat(metres)[0], zoom)

    def find(self, photo: Image, area: SearchArea, matcher: str = "sift") -> Registration:
        return coregister(PhotoPyramid(photo), self.reference, area, matchers.create(matcher))


def corner_error(found: Registration, truth: Array, plane: WorkingPlane, size: tuple[int, int]) -> float:
    """Distance, photo pixels, between where the corners are and where they were found: the worst one."""
    assert found.homography is not None, found.reason
    corners = photo_corners(*size)
    ground = found.plane.to_lonlat(apply_homography(found.homography, corners))
    seen = apply_homography(np.linalg.inv(truth), plane.from_lonlat(ground))
    return float(np.linalg.norm(seen - corners, axis=1).max())


def from_orbit(plane: WorkingPlane, size: tuple[int, int], focal_px: float, tilt: float, azimuth: float) -> Array:
    """Photo pixels -> the near-sided plane of the camera that takes it, ``tilt`` degrees off the nadir."""
    t, a = math.radians(tilt), math.radians(azimuth)
    ahead = np.array([math.sin(a), math.cos(a), 0.0])  # east, north, up
    down = np.array([0.0, 0.0, -1.0])
    axis = math.sin(t) * ahead + math.cos(t) * down
    top = math.cos(t) * ahead - math.sin(t) * down
    right = np.cross(axis, top)
    to_ray = np.stack([right, -top, axis], axis=1) @ np.array(
        [[1 / focal_px, 0, -size[0] / 2 / focal_px], [0, 1 / focal_px, -size[1] / 2 / focal_px], [0, 0, 1.0]]
    )
    return np.diag([ISS_ALTITUDE_M, ISS_ALTITUDE_M, -1.0]) @ to_ray


def start_off(scene: Scene, *, shift: float = 0.0, scale: float = 1.0, turn: float = 0.0) -> tuple[Array, SearchArea]:
    """The true homography of a photo, and the area about a footprint that is off (shift in sides of the photo)."""
    truth = shot(scene.world, WIDE, gsd=GSD, turn_deg=25, tilt=0.15)
    offset = (shift * WIDE[0] * GSD, shift * WIDE[1] * GSD)
    rough = shot(scene.world, WIDE, gsd=GSD * scale, turn_deg=25 + turn, offset_m=offset)
    return truth, area_about_footprint(rough, scene.world.plane, WIDE)
