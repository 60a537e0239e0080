"""A pinhole camera above the ellipsoid, by exact ray casting.

The geometry is measured against it: it shares nothing with the working planes. Photo pixels are GDAL's (corner
convention), places are longitude, latitude (geodetic) in degrees on the WGS84 ellipsoid, at height 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.window import Window
from astroloc_qgis.engine.tiles import lonlat_to_mercator

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY2 = FLATTENING * (2 - FLATTENING)
RADII = np.array([SEMI_MAJOR_M, SEMI_MAJOR_M, SEMI_MAJOR_M * (1 - FLATTENING)])
"""Half axes of the WGS84 ellipsoid along x, y and z of the geocentric frame, metres."""

MAX_TEXTURE_PX = 4096
"""Longest side of the texture that is read for one photo."""


def geocentric(lonlat: Array, height_m: float = 0.0) -> Array:
    """(N, 2) longitude, latitude at one height above the ellipsoid -> (N, 3) geocentric x, y, z, metres."""
    lon, lat = np.radians(np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)).T
    normal = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY2 * np.sin(lat) ** 2)
    across = (normal + height_m) * np.cos(lat)
    return np.column_stack(
        [across * np.cos(lon), across * np.sin(lon), (normal * (1 - ECCENTRICITY2) + height_m) * np.sin(lat)]
    )


def geodetic(xyz: Array) -> Array:
    """(N, 3) geocentric points of the ellipsoid's surface -> (N, 2) longitude, latitude (exact there, only there)."""
    x, y, z = np.asarray(xyz, dtype=np.float64).reshape(-1, 3).T
    return np.degrees(np.column_stack([np.arctan2(y, x), np.arctan2(z, (1 - ECCENTRICITY2) * np.hypot(x, y))]))


@dataclass(frozen=True)
class PinholeCamera:
    """A camera without distortion, with its position and attitude.

    Attributes:
        lon: longitude of the nadir, degrees.
        lat: geodetic latitude of the nadir, degrees.
        altitude_m: height above the ellipsoid, metres.
        focal_mm: focal length.
        tilt_deg: angle between the optical axis and the vertical; 0 is straight down.
        azimuth_deg: direction of the tilt, clockwise from north; without roll, the photo's top points that way.
        roll_deg: rotation of the camera about its axis, clockwise.
        size: width and height of the photo, pixels.
        sensor_mm: width and height of the sensor.
    """

    lon: float
    lat: float
    altitude_m: float = ISS_ALTITUDE_M
    focal_mm: float = 50.0
    tilt_deg: float = 0.0
    azimuth_deg: float = 0.0
    roll_deg: float = 0.0
    size: tuple[int, int] = (3000, 2000)
    sensor_mm: tuple[float, float] = (36.0, 24.0)

    @cached_property
    def position(self) -> Array:
        """(3,) geocentric, metres."""
        return geocentric(np.array([[self.lon, self.lat]]), self.altitude_m)[0]

    @cached_property
    def axes(self) -> Array:
        """(3, 3) rows: the photo's right, its bottom and the optical axis, geocentric unit vectors."""
        lon, lat = math.radians(self.lon), math.radians(self.lat)
        east = np.array([-math.sin(lon), math.cos(lon), 0.0])
        up = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
        north = np.cross(up, east)
        azimuth, tilt, roll = (math.radians(angle) for angle in (self.azimuth_deg, self.tilt_deg, self.roll_deg))
        ahead = math.sin(azimuth) * east + math.cos(azimuth) * north
        axis = math.sin(tilt) * ahead - math.cos(tilt) * up
        top = math.cos(tilt) * ahead + math.sin(tilt) * up
        right = np.cross(axis, top)
        rolled_top = math.cos(roll) * top + math.sin(roll) * right
        return np.stack([np.cross(axis, rolled_top), -rolled_top, axis])

    @cached_property
    def _intrinsics(self) -> Array:
        """(3, 3) camera axes -> homogeneous photo pixels."""
        (width, height), (sensor_x, sensor_y) = self.size, self.sensor_mm
        return np.array(
            [
                [self.focal_mm * width / sensor_x, 0.0, width / 2],
                [0.0, self.focal_mm * height / sensor_y, height / 2],
                [0.0, 0.0, 1.0],
            ]
        )

    def to_lonlat(self, photo_xy: Array) -> Array:
        """(N, 2) photo pixels -> (N, 2) longitude, latitude of the ground they see; NaN for the sky."""
        photo_xy = np.asarray(photo_xy, dtype=np.float64).reshape(-1, 2)
        homogeneous = np.column_stack([photo_xy, np.ones(len(photo_xy))])
        rays = homogeneous @ np.linalg.inv(self._intrinsics).T @ self.axes
        # In units of the half axes the ellipsoid is the unit sphere: |origin + s direction| = 1, the nearer solution.
        origin, direction = self.position / RADII, rays / RADII
        a, b, c = (direction**2).sum(axis=1), direction @ origin, origin @ origin - 1
        with np.errstate(invalid="ignore"):
            # c / (-b + root) is (-b - root) / a without its cancellation.
            distance = c / (-b + np.sqrt(b**2 - a * c))
        distance[~(distance > 0)] = np.nan
        return geodetic(self.position + distance[:, None] * rays)

    def from_lonlat(self, lonlat: Array) -> Array:
        """(N, 2) places -> (N, 2) photo pixels, inside the photo or not; NaN beyond the horizon."""
        ground = geocentric(lonlat)
        with np.errstate(invalid="ignore", divide="ignore"):
            x, y, depth = (self._intrinsics @ self.axes @ (ground - self.position).T).reshape(3, -1)
            pixels = np.column_stack([x / depth, y / depth])
            pixels[~((depth > 0) & (self.elevation_deg(lonlat) > 0))] = np.nan
        return pixels

    def elevation_deg(self, lonlat: Array) -> Array:
        """(N,) elevation of the camera above the horizon of (N, 2) places, degrees; NaN for no place."""
        lon, lat = np.radians(np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)).T
        up = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        towards = self.position - geocentric(lonlat)
        sine = (up * towards).sum(axis=1) / np.linalg.norm(towards, axis=1)
        return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))

    @property
    def corners_lonlat(self) -> Array:
        """(4, 2) longitude, latitude of the corners, in the photo's corner order; NaN for the sky."""
        return self.to_lonlat(photo_corners(*self.size))

    def grid(self, columns: int, rows: int) -> Array:
        """(columns * rows, 2) photo pixels evenly over the photo, its edges included."""
        x, y = np.meshgrid(np.linspace(0, self.size[0], columns), np.linspace(0, self.size[1], rows))
        return np.column_stack([x.ravel(), y.ravel()])


def render_photo(
    camera: PinholeCamera, reference: Reference, *, supersampling: int = 2, least_elevation_deg: float = 3.0
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Take a photo of an ellipsoid that is covered with a reference.

    Every ray is cast exactly; the texture is interpolated bilinearly where the ray meets the ellipsoid.

    Args:
        camera: the camera.
        reference: the texture.
        supersampling: rays a pixel along each side, averaged, so that fine texture does not alias.
        least_elevation_deg: ground seen at a flatter angle than this is left out.

    Returns:
        (H, W, 3) RGB, and the (H, W) mask of the pixels that lie completely on the reference.

    Raises:
        InputError: the reference cannot be read.
    """
    width, height = camera.size
    fine = (width * supersampling, height * supersampling)
    x, y = np.meshgrid(*((np.arange(side) + 0.5) / supersampling for side in fine))
    ground = camera.to_lonlat(np.column_stack([x.ravel(), y.ravel()]))
    seen = np.isfinite(ground).all(axis=1)
    seen[seen] = camera.elevation_deg(ground[seen]) >= least_elevation_deg
    if not seen.any():
        return np.zeros((height, width, 3), np.uint8), np.zeros((height, width), dtype=bool)
    # Longitudes next to the first one seen: contiguous, beyond 180 degrees where the photo crosses the antimeridian.
    first = ground[seen][0, 0]
    ground[:, 0] = (ground[:, 0] - first + 180.0) % 360.0 - 180.0 + first
    spots = np.full((len(ground), 2), np.nan)
    spots[seen] = lonlat_to_mercator(ground[seen])
    window = _texture_window(spots.reshape(fine[1], fine[0], 2))
    texture = reference.read(window)
    to_pixel = window.to_pixel
    at = spots @ to_pixel[:2, :2].T + to_pixel[:2, 2] - 0.5
    maps = np.nan_to_num(at, nan=-9.0).astype(np.float32).reshape(fine[1], fine[0], 2)
    pixels = cv2.remap(texture.pixels, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shown = cv2.remap(texture.mask.astype(np.uint8) * 255, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    pixels[shown < 255] = 0
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    whole = cv2.resize(shown, (width, height), interpolation=cv2.INTER_AREA) >= 255
    return small.astype(np.uint8) * whole[..., None], whole


def _texture_window(spots: Array) -> Window:
    """The window of EPSG:3857 that holds (H, W, 2) spots, as fine as the photo's own pixels in its middle."""
    (xmin, ymin), (xmax, ymax) = np.nanmin(spots, axis=(0, 1)), np.nanmax(spots, axis=(0, 1))
    steps = [np.linalg.norm(np.diff(spots, axis=axis), axis=-1) for axis in (0, 1)]
    gsd = max(
        min(float(np.nanmedian(step)) for step in steps), (xmax - xmin) / MAX_TEXTURE_PX, (ymax - ymin) / MAX_TEXTURE_PX
    )
    margin = 3 * gsd
    width, height = (math.ceil((span + 2 * margin) / gsd) for span in (xmax - xmin, ymax - ymin))
    return Window(
        "EPSG:3857",
        (xmin - margin, ymin - margin, xmin - margin + width * gsd, ymin - margin + height * gsd),
        width,
        height,
    )
