"""Places of simulated photos: at real footprints, of the same sizes anywhere on land, or seen by a camera in orbit.

Some are those of a wide lens that looks nearly straight down, as fixed cameras do: up to 900 km across.

A place is a quadrilateral in EPSG:3857, corners in the photo's order, of a photo rotated so that its top is within 45
degrees of north: retrieval describes a photo in four rotations, and only the best of them has to match.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.simulation.formats import draw_format
from astroloc_qgis.engine.simulation.mosaic import Mosaic
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera
from astroloc_qgis.engine.tiles import EARTH_RADIUS_M, HALF_WORLD_M, lonlat_to_mercator, mercator_to_lonlat

Array = NDArray[np.float64]

ROTATION_DEG = 50.0
"""Largest rotation of a simulated photo from north: 45 degrees and a margin."""
LARGEST_KM2 = 160_000.0
WIDE_KM = (380.0, 900.0)
"""Least and largest diagonal of a wide place, as if it looked straight down."""
_FARTHEST_KM = 600.0
"""Largest distance of a wide place's corners from its centre."""
_WIDE_TILT_DEG = 8.0
_IMAGERY_LATITUDES = (-60.5, 62.5)
_ATTEMPTS = 20_000
LEAST_LAND = 0.12
"""Least share of a place that is land."""


@dataclass(frozen=True)
class Footprints:
    """Real footprints: centres (N, 2), longitude and latitude in degrees, and areas (N,)."""

    lonlat: Array
    area_km2: Array

    def subset(self, chosen: NDArray[np.bool_]) -> Footprints:
        """The footprints chosen by an (N,) mask."""
        return Footprints(self.lonlat[chosen], self.area_km2[chosen])


def read_footprints(path: Path, split: str) -> Footprints:
    """Read a CSV of ``lat1,lon1 .. lat4,lon4,area_km2,split``; only the rows of one split.

    Raises:
        InputError: the file is missing, no such table, or without rows of that split.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row["split"] == split]
        corners = np.array(
            [[(float(row[f"lon{number}"]), float(row[f"lat{number}"])) for number in range(1, 5)] for row in rows]
        ).reshape(-1, 4, 2)
        area = np.array([float(row["area_km2"]) for row in rows])
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is not a table of footprints (lat1,lon1,…,area_km2,split).", repr(error)) from error
    if len(rows) == 0:
        raise InputError(f"{path} has no footprints of the split '{split}'.")
    corners[..., 0] = np.unwrap(corners[..., 0], axis=1, period=360)
    centres = corners.mean(axis=1)
    centres[:, 0] = (centres[:, 0] + 180) % 360 - 180
    return Footprints(centres, area)


def unit_vectors(lonlat: Array) -> Array:
    """(N, 2) degrees -> (N, 3) unit vectors of the sphere."""
    lon, lat = np.radians(np.asarray(lonlat, dtype=np.float64)).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


@dataclass(frozen=True)
class Zone:
    """Discs on the globe.

    Attributes:
        lonlat: (N, 2) centres, degrees.
        radius_km: (N,) radii.
    """

    lonlat: Array
    radius_km: Array

    def touches(self, lonlat: Array, radius_km: Array | float) -> NDArray[np.bool_]:
        """(M,) whether discs about (M, 2) places touch any of the zone's."""
        if len(self.lonlat) == 0:
            return np.zeros(len(lonlat), dtype=bool)
        cosines = np.clip(unit_vectors(lonlat) @ unit_vectors(self.lonlat).T, -1, 1)
        gaps = np.arccos(cosines) * EARTH_RADIUS_M / 1000 - self.radius_km
        return np.asarray(gaps.min(axis=1) < np.broadcast_to(radius_km, len(lonlat)), dtype=bool)


@dataclass(frozen=True)
class PlaceSampler:
    """Draws places.

    Attributes:
        footprints: real footprints, for places and sizes.
        mosaic: tells land from sea.
        forbidden: zone that no place touches.
        only: zone that the centres of places lie in; None for the whole world.
        real_share: share of places at real footprints, moved by up to half their size.
        camera_share: share of places that a tilted camera in orbit sees; the rest are anywhere on land.
        wide_share: share of all places that are a wide lens's instead.
    """

    footprints: Footprints
    mosaic: Mosaic
    forbidden: Zone
    only: Zone | None = None
    real_share: float = 0.55
    camera_share: float = 0.2
    wide_share: float = 0.0

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """(count, 4, 2) EPSG:3857 corners.

        Raises:
            InputError: there is no land to draw from.
        """
        return np.stack([self._place(rng) for _ in range(count)])

    def _place(self, rng: np.random.Generator) -> Array:
        # Drawn once: places anywhere are refused more often (the sea) than real ones, and their share must stay.
        kind = rng.random()
        wide = rng.random() < self.wide_share
        for _ in range(_ATTEMPTS):
            place = self._attempt(kind, rng, wide=wide)
            if place is not None and self._allowed(place):
                return place
        raise InputError(
            "Hardly any land is left to simulate photos of: avoid less of the world, or give more imagery."
        )

    def _attempt(self, kind: float, rng: np.random.Generator, *, wide: bool) -> Array | None:
        chosen = int(rng.integers(len(self.footprints.area_km2)))
        area = float(self.footprints.area_km2[chosen]) * math.exp(rng.normal(0, 0.15))
        if kind < self.real_share:
            side_km = math.sqrt(area)
            lon, lat = self.footprints.lonlat[chosen]
            lat += rng.uniform(-0.5, 0.5) * side_km / 111.2
            lon += rng.uniform(-0.5, 0.5) * side_km / 111.2 / max(0.2, math.cos(math.radians(lat)))
        else:
            lon, lat = self._anywhere(rng)
        if self.only is not None and not self.only.touches(np.array([[lon, lat]]), 0.0)[0]:
            return None
        if wide:
            return wide_place(lon, lat, rng)
        if kind > 1 - self.camera_share:
            return camera_place(lon, lat, area, rng)
        return rectangle_place(lon, lat, area, rng)

    def _anywhere(self, rng: np.random.Generator) -> tuple[float, float]:
        """A point of the globe between 60 S and 60 N, uniform by area, or of the discs that places are limited to."""
        if self.only is not None:
            disc = int(rng.integers(len(self.only.lonlat)))
            lon, lat = self.only.lonlat[disc]
            reach = float(self.only.radius_km[disc]) / 111.2
            lat += rng.uniform(-reach, reach)
            return float(lon + rng.uniform(-reach, reach) / math.cos(math.radians(lat))), float(lat)
        top = math.sin(math.radians(60))
        return float(rng.uniform(-180, 180)), math.degrees(math.asin(rng.uniform(-top, top)))

    def _allowed(self, place: Array) -> bool:
        lonlat, radius_km = centre_and_radius(place)
        if abs(lonlat[1]) > 61 or self.forbidden.touches(lonlat[None], radius_km)[0]:
            return False
        return land_share(self.mosaic, place) >= LEAST_LAND


def centre_and_radius(place: Array) -> tuple[Array, float]:
    """The centre (lon, lat in degrees) of (4, 2) EPSG:3857 corners, and the km to its farthest corner."""
    centre = mercator_to_lonlat(place.mean(axis=0)[None])[0]
    centre[0] = (centre[0] + 180) % 360 - 180
    reach = np.linalg.norm(place - place.mean(axis=0), axis=1).max()
    return centre, float(reach * math.cos(math.radians(centre[1])) / 1000)


def rectangle_place(lon: float, lat: float, area_km2: float, rng: np.random.Generator) -> Array:
    """A photo's rectangle (of any format, nearly), rotated, each corner moved by up to a tenth of its side."""
    aspect = draw_format(rng) * math.exp(rng.normal(0, 0.05))
    long_m = math.sqrt(area_km2 * aspect) * 1000
    sides = np.array([long_m, long_m / aspect])
    if rng.random() < 0.5:
        sides = sides[::-1]
    corners = np.array([[-0.5, 0.5], [0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]])
    corners = (corners + rng.uniform(-1, 1, (4, 2)) * rng.uniform(0, 0.1)) * sides
    angle = math.radians(rng.uniform(-ROTATION_DEG, ROTATION_DEG))
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre = lonlat_to_mercator([(lon, lat)])[0]
    return np.asarray(centre + corners @ rotation.T / math.cos(math.radians(lat)), dtype=np.float64)


def camera_place(lon: float, lat: float, area_km2: float, rng: np.random.Generator) -> Array | None:
    """The place that a tilted camera in orbit sees about a point, of a focal length for about ``area_km2``.

    Returns:
        (4, 2) corners; None where the camera sees the sky, or more than 160,000 km2.
    """
    tilt = math.degrees(math.acos(rng.uniform(math.cos(math.radians(52)), 1)))
    azimuth, altitude = rng.uniform(0, 360), rng.uniform(400e3, 430e3)
    # The ground distance to where the axis meets the sphere: the sine rule in the triangle of Earth's centre.
    ground = math.asin(min(0.999, (1 + altitude / EARTH_RADIUS_M) * math.sin(math.radians(tilt)))) - math.radians(tilt)
    away = math.degrees(ground)
    nadir_lat = lat - away * math.cos(math.radians(azimuth))
    nadir_lon = lon - away * math.sin(math.radians(azimuth)) / max(0.2, math.cos(math.radians(lat)))
    if abs(nadir_lat) > 70:
        return None
    slant = math.sqrt(altitude**2 + (ground * EARTH_RADIUS_M) ** 2)
    ahead = max(0.25, math.cos(math.radians(tilt) + ground))
    width_m = math.sqrt(area_km2 * 1.5 * ahead) * 1000
    camera = PinholeCamera(
        nadir_lon, nadir_lat, altitude_m=altitude, focal_mm=36.0 * slant / width_m, tilt_deg=tilt, azimuth_deg=azimuth,
        roll_deg=rng.uniform(0, 360),
    )  # fmt: skip
    lonlat = camera.corners_lonlat
    if not np.isfinite(lonlat).all():
        return None
    lonlat[:, 0] = np.unwrap(lonlat[:, 0], period=360)
    place = lonlat_to_mercator(lonlat)
    if area_of(place) * math.cos(math.radians(lat)) ** 2 / 1e6 > LARGEST_KM2:
        return None
    return upright(place)


def wide_place(lon: float, lat: float, rng: np.random.Generator) -> Array | None:
    """The place that a fixed camera with a wide lens sees, which looks nearly straight down at about a point.

    Returns:
        (4, 2) corners, 380 to 900 km across, more where it is tilted; None where the imagery ends.
    """
    across = math.exp(rng.uniform(*np.log(WIDE_KM))) * 1000
    aspect = float(rng.choice([4 / 3, 1.5, 1.0], p=[0.5, 0.3, 0.2]))
    tilt, azimuth = min(20.0, abs(rng.normal(0, _WIDE_TILT_DEG))), rng.uniform(0, 360)
    altitude = rng.uniform(400e3, 430e3)
    away = math.degrees(altitude * math.tan(math.radians(tilt)) / EARTH_RADIUS_M)
    nadir_lat = lat - away * math.cos(math.radians(azimuth))
    nadir_lon = lon - away * math.sin(math.radians(azimuth)) / max(0.2, math.cos(math.radians(lat)))
    angle = across / 2 / EARTH_RADIUS_M
    tangent = math.sin(angle) / (altitude / EARTH_RADIUS_M + 1 - math.cos(angle))
    sensor = np.array([aspect, 1.0]) * 24.0
    camera = PinholeCamera(
        nadir_lon, nadir_lat, altitude_m=altitude, focal_mm=float(np.linalg.norm(sensor)) / 2 / tangent, tilt_deg=tilt,
        azimuth_deg=azimuth, roll_deg=rng.uniform(0, 360), size=(round(2000 * aspect), 2000),
        sensor_mm=(float(sensor[0]), float(sensor[1])),
    )  # fmt: skip
    lonlat = camera.corners_lonlat
    south, north = _IMAGERY_LATITUDES
    if not np.isfinite(lonlat).all() or lonlat[:, 1].min() < south or lonlat[:, 1].max() > north:
        return None
    lonlat[:, 0] = np.unwrap(lonlat[:, 0], period=360)
    place = lonlat_to_mercator(lonlat)
    return upright(place) if centre_and_radius(place)[1] <= _FARTHEST_KM else None


def upright(place: Array) -> Array:
    """Renumber (4, 2) corners by the quarter turns that bring the photo's top nearest to north."""
    return np.roll(place, upright_rotation(place), axis=0)


def upright_rotation(place: Array) -> int:
    """How many quarter turns clockwise bring the top of a photo with (4, 2) corners nearest to north."""
    down = place[[3, 2]].mean(axis=0) - place[[0, 1]].mean(axis=0)
    angle = math.atan2(down[0], -down[1])  # of the downward direction, from south, towards east
    return -round(angle / (math.pi / 2)) % 4


def jittered(place: Array, rng: np.random.Generator) -> Array:
    """The place with a small random change: moved, scaled, rotated, corners moved."""
    centre = place.mean(axis=0)
    size = math.sqrt(area_of(place))
    angle = math.radians(rng.normal(0, 12))
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    moved = (place - centre) @ rotation.T * math.exp(rng.normal(0, 0.12)) + centre
    return np.asarray(moved + rng.uniform(-0.15, 0.15, 2) * size + rng.uniform(-0.03, 0.03, (4, 2)) * size)


def area_of(polygon: Array) -> float:
    """Area of a simple polygon (N, 2), in its own units squared."""
    x, y = (polygon - polygon[0]).T
    return float(abs(np.dot(x[:-1], y[1:]) - np.dot(y[:-1], x[1:])) / 2)  # the last side ends at the origin


def land_share(mosaic: Mosaic, place: Array) -> float:
    """Share of a place that is not water, estimated from the colours of the coarsest level."""
    level = mosaic.levels[-1]
    low, high = place.min(axis=0), place.max(axis=0)
    column, row = int((low[0] + HALF_WORLD_M) / level.gsd), int((HALF_WORLD_M - high[1]) / level.gsd)
    width, height = (max(4, int(span / level.gsd)) for span in high - low)
    steps = max(1, min(width, height) // 24)
    pixels = level.crop(column, row, width, height)[::steps, ::steps].astype(np.int16)
    return 1.0 - float(water(pixels).mean())


def water(pixels: NDArray[np.int16]) -> NDArray[np.bool_]:
    """(H, W, 3) colours of Blue Marble -> (H, W) water: pixels clearly bluer than red."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return np.asarray((blue > red + 12) & (blue > green - 4), dtype=bool)
